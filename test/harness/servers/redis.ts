import { execFile } from 'node:child_process';
import { readdir, stat, truncate } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programOf } from '../packages.ts';
import { freePort } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';

const run = promisify(execFile);

/** PEM files; Redis then listens with TLS alone. */
export interface RedisTlsFiles {
  caFile: string;
  certFile: string;
  keyFile: string;
}

export interface RedisOptions {
  maxmemoryPolicy?: string;
  /** Of the default user. */
  password?: string;
  tls?: RedisTlsFiles;
  /** Taken instead of a free one. */
  port?: number;
  /** Further arguments of the server, such as `--cluster-enabled yes`. */
  args?: readonly string[];
  /** Further arguments of redis-cli, such as a certificate of the client. */
  cli?: readonly string[];
}

export interface RedisServer {
  /** Without the password. */
  url: string;
  port: number;
  /** `127.0.0.1:port`. */
  address: string;
  /** The data folder; it outlives `kill` and `stop`, and goes with `close`. */
  directory: string;
  /** The newest one, after `start`. */
  readonly process: RunningProcess;
  /** Runs one command by redis-cli; its answer as text. Throws what the server refuses. */
  command(...words: string[]): Promise<string>;
  flushAll(): Promise<void>;
  /** Power off: nothing more is written. */
  kill(): Promise<void>;
  /** An orderly shutdown that keeps the data. */
  stop(): Promise<void>;
  /** After `kill` or `stop`: again on the same port with the data that it left. */
  start(): Promise<void>;
  /** While it is stopped: keeps only this part of the append-only file, as a disk that lost its last writes. */
  truncateAppendFile(part: number): Promise<void>;
  close(): Promise<void>;
}

/** A real Redis that writes every command to disk and never evicts, as BullMQ needs it. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { maxmemoryPolicy = 'noeviction', password, tls, args = [] } = options;
  const directory = await temporaryDirectory('redis');
  const port = options.port ?? (await freePort());
  const listen =
    tls === undefined
      ? ['--port', String(port)]
      : [
          ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
          ...['--tls-ca-cert-file', tls.caFile, '--tls-cert-file', tls.certFile, '--tls-key-file', tls.keyFile],
        ];
  const cli = [
    ...['-h', '127.0.0.1', '-p', String(port), '-e'],
    ...(password === undefined ? [] : ['-a', password, '--no-auth-warning']),
    ...(tls === undefined ? [] : ['--tls', '--cacert', tls.caFile]),
    ...(options.cli ?? []),
  ];
  const command = async (...words: string[]): Promise<string> => {
    const { stdout } = await run(programOf('redis', 'redis-cli'), [...cli, ...words], { timeout: 30_000 });
    return stdout.trim();
  };
  const launch = (): Promise<RunningProcess> =>
    startProcess({
      command: programOf('redis', 'redis-server'),
      args: [
        ...['--bind', '127.0.0.1', ...listen, '--dir', directory.path],
        ...['--appendonly', 'yes', '--save', '', '--maxmemory-policy', maxmemoryPolicy, '--daemonize', 'no'],
        // Else a master waits for its replicas, whose end came first.
        ...['--shutdown-timeout', '0'],
        ...(password === undefined ? [] : ['--requirepass', password]),
        ...args,
      ],
      ready: async () => (tls === undefined ? answersTo(port) : (await command('PING')) === 'PONG'),
    });
  let running = await launch();
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://127.0.0.1:${port}`,
    port,
    address: `127.0.0.1:${port}`,
    directory: directory.path,
    get process() {
      return running;
    },
    command,
    flushAll: async () => {
      await command('FLUSHALL');
    },
    kill: () => running.kill(),
    stop: () => running.close(),
    async start() {
      if (!running.exited()) throw new Error(`Redis on port ${port} runs already`);
      running = await launch();
    },
    async truncateAppendFile(part) {
      if (!running.exited()) throw new Error(`Redis on port ${port} must be stopped first`);
      const file = await newestAppendFile(join(directory.path, 'appendonlydir'));
      await truncate(file, Math.floor((await stat(file)).size * part));
    },
    async close() {
      await running.close();
      await directory.remove();
    },
  };
}

/** Commands since the last rewrite lie in the increment of the highest number. */
async function newestAppendFile(folder: string): Promise<string> {
  const numberOf = (name: string): number => Number(name.match(/\.(\d+)\.incr\.aof$/)?.[1] ?? 0);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.incr.aof'));
  const newest = names.toSorted((a, b) => numberOf(b) - numberOf(a))[0];
  if (newest === undefined) throw new Error(`no append-only file in ${folder}`);
  return join(folder, newest);
}

/** PONG, or the demand for a password: both mean that it serves. */
function answersTo(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 2_000 });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(/^(\+PONG|-NOAUTH)/.test(data.toString('latin1')));
    });
    socket.write('PING\r\n');
  });
}
