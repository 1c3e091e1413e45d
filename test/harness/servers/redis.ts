import { createConnection } from 'node:net';
import { programOf } from '../packages.ts';
import { freePort } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';

export interface RedisServer {
  url: string;
  port: number;
  process: RunningProcess;
  close(): Promise<void>;
}

/** A real Redis that writes every command to disk and never evicts, as BullMQ needs it. */
export async function startRedis({
  maxmemoryPolicy = 'noeviction',
}: {
  maxmemoryPolicy?: string;
} = {}): Promise<RedisServer> {
  const directory = await temporaryDirectory('redis');
  const port = await freePort();
  const running = await startProcess({
    command: programOf('redis', 'redis-server'),
    args: [
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory.path],
      ...['--appendonly', 'yes', '--save', '', '--maxmemory-policy', maxmemoryPolicy, '--daemonize', 'no'],
    ],
    ready: () => ping(port),
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    process: running,
    async close() {
      await running.close();
      await directory.remove();
    },
  };
}

function ping(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 2_000 });
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1').startsWith('+PONG'));
    });
    socket.write('PING\r\n');
  });
}
