import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, OutturnError, RetryableError } from '#kit';
import { type Cluster, freePort, rememberedPort, rememberPort } from './cluster.ts';
import { explainOutput } from './failures.ts';
import { findRunningServer, type PostmasterFacts, readPostmasterFile } from './postmaster-file.ts';
import { programEnvironment, runProgram } from './programs.ts';

const logName = 'server.log';
const logLimitBytes = 5 * 1024 * 1024;
const pollMs = 15;
const stopTimeoutSeconds = 60;
/** Long, because replaying the log after a crash takes its time; a server that dies is noticed at once. */
const readyTimeoutMs = 180_000;
const settings: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '64MB',
  // A worker whose queues live here too takes about thirty.
  max_connections: '300',
  fsync: 'on',
  password_encryption: 'scram-sha-256',
  min_wal_size: '32MB',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  // After a crash every file must reach the disk before recovery: at once, not file by file, which takes minutes on a busy disk.
  ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
  // Compiling costs more than it saves on this schema's queries.
  jit: 'off',
};

/** A killed server still recovers: only the machine's own crash can lose or damage what was not yet on the disk. */
const disposableSettings: Record<string, string> = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export type ServerAccess = { port: number; mode: 'started' | 'joined' };

/** Joins the server that runs on this cluster, or starts one. Call with the start lock held. */
export async function joinOrStart(cluster: Cluster, log: Logger): Promise<ServerAccess> {
  const running = await waitUntilSettled(cluster, log);
  if (running !== null) return { port: running.port, mode: 'joined' };
  return { port: await start(cluster, log), mode: 'started' };
}

/** A server that is starting is waited for, one that is stopping is waited out. */
async function waitUntilSettled(cluster: Cluster, log: Logger): Promise<PostmasterFacts | null> {
  const deadline = Date.now() + readyTimeoutMs;
  let announced = false;
  for (;;) {
    const running = await findRunningServer(cluster.pgdata);
    if (running === null || running.status === 'ready') return running;
    if (Date.now() > deadline) throw await notReady(cluster, running.pid);
    if (!announced) log.info({ status: running.status }, 'waiting for the embedded PostgreSQL');
    announced = true;
    await delay(pollMs);
  }
}

async function start(cluster: Cluster, log: Logger): Promise<number> {
  const deadline = Date.now() + 30_000;
  let port = await rememberedPort(cluster.root);
  for (;;) {
    const attempt = await startOnce(cluster, port, log);
    if (attempt.state === 'ready') return port;
    if (/could not bind|could not create any TCP\/IP sockets/i.test(attempt.output) && Date.now() < deadline) {
      const other = await freePort();
      log.warn({ port, other }, 'the port of the embedded PostgreSQL is taken by another program; using another one');
      port = other;
      await rememberPort(cluster.root, port);
      continue;
    }
    // The helpers of a server that was killed hold its shared memory for a moment longer.
    if (/pre-existing shared memory block|lock file .* already exists/i.test(attempt.output) && Date.now() < deadline) {
      await delay(200);
      continue;
    }
    throw explainOutput('Starting PostgreSQL', cluster.root, attempt.output);
  }
}

async function startOnce(
  cluster: Cluster,
  port: number,
  log: Logger,
): Promise<{ state: 'ready' } | { state: 'ended'; output: string }> {
  const logPath = join(cluster.root, logName);
  await rotate(logPath);
  const file = await open(logPath, 'a', 0o600);
  const offset = (await file.stat()).size;
  const options = Object.entries({ ...settings, ...(cluster.isDisposable ? disposableSettings : {}) }).flatMap(
    ([name, value]) => ['-c', `${name}=${value}`],
  );
  let child: ChildProcess;
  let ended = false;
  let spawnError: Error | null = null;
  try {
    child = spawn(cluster.binaries.postgres, ['-D', cluster.pgdata, '-p', String(port), ...options], {
      // In a session of its own: an interrupt from the terminal reaches us, not the server that others may be using.
      detached: true,
      cwd: cluster.root,
      env: programEnvironment(),
      stdio: ['ignore', file.fd, file.fd],
      ...(cluster.user === null ? {} : { uid: cluster.user.uid, gid: cluster.user.gid }),
    });
    // Before anything is waited for: a server that is refused ends at once, and its end is told only once.
    child.once('exit', () => {
      ended = true;
    });
    child.once('error', (error) => {
      spawnError = error;
      ended = true;
    });
    child.unref();
  } finally {
    await file.close();
  }
  const begun = Date.now();
  let announced = false;
  for (;;) {
    if (ended) {
      if (spawnError !== null) throw spawnError;
      return { state: 'ended', output: (await readFile(logPath)).subarray(offset).toString('utf8') };
    }
    const facts = await readPostmasterFile(cluster.pgdata);
    if (facts !== null && facts.pid === child.pid && facts.status === 'ready') return { state: 'ready' };
    const elapsedMs = Date.now() - begun;
    // Left to its work: ended, it would begin its recovery anew with each try. The next command waits for it again.
    if (elapsedMs > readyTimeoutMs) throw await notReady(cluster, child.pid);
    if (elapsedMs > 3000 && !announced) {
      announced = true;
      log.info(
        { directory: cluster.root },
        'the embedded PostgreSQL is still starting (it may be recovering after a crash)',
      );
    }
    await delay(pollMs);
  }
}

/** Fast shutdown: sessions are ended, a checkpoint is written. */
export async function stopServer(cluster: Cluster): Promise<void> {
  if ((await findRunningServer(cluster.pgdata)) === null) return;
  const stopped = await runProgram(
    cluster.binaries.pgCtl,
    ['stop', '-D', cluster.pgdata, '-m', 'fast', '-w', '-t', String(stopTimeoutSeconds)],
    { user: cluster.user, directory: cluster.root },
  );
  if (stopped.code === 0 || (await findRunningServer(cluster.pgdata)) === null) return;
  throw explainOutput('Stopping PostgreSQL', cluster.root, stopped.output);
}

async function rotate(logPath: string): Promise<void> {
  const facts = await stat(logPath).catch(() => null);
  if (facts !== null && facts.size > logLimitBytes) await rename(logPath, `${logPath}.1`);
}

async function notReady(cluster: Cluster, pid: number | undefined): Promise<OutturnError> {
  const logPath = join(cluster.root, logName);
  const said = (await readFile(logPath, 'utf8').catch(() => '')).trim().split('\n').slice(-3).join('\n');
  return new RetryableError(
    'storage/unavailable',
    `The embedded PostgreSQL in ${cluster.root} was not ready within ${readyTimeoutMs / 1000} s; it goes on starting${said === '' ? '' : `\n${said}`}`,
    {
      hint: `Recovery after a crash may need longer: try again. If ${logPath} tells of no progress, end process ${pid}.`,
      facts: { directory: cluster.root, pid },
    },
  );
}
