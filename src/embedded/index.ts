import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { type Logger, RetryableError } from '#kit';
import { locateBinaries } from './binaries.ts';
import { type Cluster, claimRoot, databaseName, databaseUser, ensureCluster, readPassword } from './cluster.ts';
import { explainFileError } from './failures.ts';
import { acquireFileLock } from './file-lock.ts';
import { addLease, removeLease, sweepLeases } from './leases.ts';
import { blockingFolder, resolveServerUser, type ServerUser } from './os-user.ts';
import { findRunningServer } from './postmaster-file.ts';
import { joinOrStart, stopServer } from './server.ts';

/** initdb and a start take about a second; recovery after a crash may take minutes. */
const lockTimeoutMs = 200_000;

export { makeDirectory } from './directory.ts';

export interface EmbeddedPostgres {
  /** With the password: never to be shown. */
  url: string;
  /** `joined`: another command of this data directory had the server running. */
  mode: 'started' | 'joined';
  /** Of PostgreSQL, e.g. `18.4`. */
  version: string;
  /** The folder in use: `dataDirectory`, unless the server's account may not reach that. */
  directory: string;
  /**
   * For a command that stays: starts the server again when it is gone (killed, out of memory), at the address that it had.
   * `running`: there was nothing to do. Throws `storage/unavailable` when that address is taken, for then whoever holds the
   * old one must be started anew.
   */
  revive(): Promise<'running' | 'restarted'>;
  /** Gives up this command's claim; the last one out stops the server (fast shutdown). Harmless when called again. */
  release(): Promise<void>;
}

/**
 * A PostgreSQL server for one data directory, shared by all commands that name the same directory.
 *
 * The first command initialises the directory when it is empty and starts the server, detached; others join it while it runs. Each
 * holds a lease (a file with its process's number and start time); the last one that releases stops the server. Leases of processes
 * that were killed are swept, so a server whose starter was killed is joined by the next command and stopped by the last.
 * It listens on 127.0.0.1 with a random password (scram-sha-256) that only the owner of the directory can read.
 *
 * Errors: `storage/directory-in-use` (foreign files), `storage/directory-unwritable`, `storage/disk-full`,
 * `storage/unavailable` (another major version, damaged data, no account to run as).
 */
export async function openEmbeddedPostgres(options: {
  dataDirectory: string;
  log: Logger;
  /** For data that anybody can make again, as the demo's: faster, and may be lost when the machine loses power. */
  isDisposable?: boolean;
}): Promise<EmbeddedPostgres> {
  const requested = resolve(options.dataDirectory);
  try {
    const user = await resolveServerUser();
    const root = await reachableRoot(requested, user, options.log);
    const binaries = await locateBinaries(user, options.log);
    const isDisposable = options.isDisposable ?? false;
    return await open({ root, pgdata: join(root, 'pgdata'), user, binaries, isDisposable }, options.log);
  } catch (error) {
    throw explainFileError(requested, error);
  }
}

/**
 * Joins the server of that data directory when one runs; null when none does. Makes and starts nothing, but for a server that
 * stops at this very moment.
 */
export async function joinEmbeddedPostgres(options: {
  dataDirectory: string;
  log: Logger;
}): Promise<EmbeddedPostgres | null> {
  const requested = resolve(options.dataDirectory);
  try {
    const root = await reachableRoot(requested, await resolveServerUser(), null);
    if ((await findRunningServer(join(root, 'pgdata'))) === null) return null;
  } catch (error) {
    throw explainFileError(requested, error);
  }
  return await openEmbeddedPostgres(options);
}

async function open(cluster: Cluster, log: Logger): Promise<EmbeddedPostgres> {
  await claimRoot(cluster.root, cluster.user);
  const { access, lease } = await withStartLock(cluster, log, async () => {
    await ensureCluster(cluster);
    const access = await joinOrStart(cluster, log);
    try {
      return { access, lease: await addLease(cluster.root) };
    } catch (error) {
      // Without a lease nobody would ever stop it.
      if (access.mode === 'started') await stopServer(cluster);
      throw error;
    }
  });
  const password = await readPassword(cluster.root);
  log.debug({ directory: cluster.root, port: access.port, mode: access.mode }, 'embedded PostgreSQL is ready');
  let released: Promise<void> | null = null;
  const revive = async (): Promise<'running' | 'restarted'> => {
    const running = await findRunningServer(cluster.pgdata);
    if (released !== null || running?.status === 'ready') return 'running';
    const again = await withStartLock(cluster, log, async () => (released === null ? joinOrStart(cluster, log) : null));
    if (again === null) return 'running';
    if (again.port === access.port) return 'restarted';
    throw new RetryableError(
      'storage/unavailable',
      `The embedded PostgreSQL in ${cluster.root} was gone and is back on another port, since its own is taken`,
      { hint: 'Start this process again.', facts: { directory: cluster.root, port: again.port } },
    );
  };
  return {
    revive,
    url: `postgres://${databaseUser}:${encodeURIComponent(password)}@127.0.0.1:${access.port}/${databaseName}`,
    mode: access.mode,
    version: cluster.binaries.version.split('-')[0]?.replace(/\.0$/, '') ?? cluster.binaries.version,
    directory: cluster.root,
    release() {
      released ??= releaseLease(cluster, lease, log);
      return released;
    },
  };
}

async function releaseLease(cluster: Cluster, lease: string, log: Logger): Promise<void> {
  await withStartLock(cluster, log, async () => {
    await removeLease(cluster.root, lease);
    const { live, swept } = await sweepLeases(cluster.root);
    if (swept > 0) log.debug({ swept }, 'removed leases of commands that are gone');
    if (live === 0) await stopServer(cluster);
  });
}

async function withStartLock<T>(cluster: Cluster, log: Logger, work: () => Promise<T>): Promise<T> {
  const lock = await acquireFileLock(cluster.root, {
    timeoutMs: lockTimeoutMs,
    onWait: (pid) => log.debug({ pid }, 'another command is starting or stopping the embedded PostgreSQL'),
  });
  if ('heldBy' in lock) {
    throw new RetryableError(
      'storage/directory-in-use',
      `Process ${lock.heldBy} has been starting or stopping the PostgreSQL in ${cluster.root} for over ${lockTimeoutMs / 1000} s`,
      {
        hint: `End process ${lock.heldBy} if it hangs, then try again.`,
        facts: { directory: cluster.root, pid: lock.heldBy },
      },
    );
  }
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** The folder itself, or for root one that the server's account can reach when a parent is closed to it. The same for every command. */
async function reachableRoot(requested: string, user: ServerUser | null, log: Logger | null): Promise<string> {
  if (user === null) return requested;
  const blocked = await blockingFolder(requested, user);
  if (blocked === null || blocked === requested) return requested;
  const key = createHash('sha256').update(requested).digest('hex').slice(0, 12);
  const chosen = join('/var/lib/outturn', key);
  log?.warn(
    { requested, chosen, blocked, user: user.name },
    `PostgreSQL runs as ${user.name}, who may not pass ${blocked}: its data is kept in ${chosen}`,
  );
  return chosen;
}
