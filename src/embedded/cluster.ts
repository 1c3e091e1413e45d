import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { PermanentError } from '#kit';
import type { Binaries } from './binaries.ts';
import { makeDirectory } from './directory.ts';
import { explainProgram } from './failures.ts';
import { isLockFile } from './file-lock.ts';
import type { ServerUser } from './os-user.ts';
import { runProgram } from './programs.ts';

const markerName = 'outturn-postgres.json';
const passwordName = 'password';
const initialisingPrefix = 'pgdata.initialising-';
export const databaseUser = 'outturn';
export const databaseName = 'outturn';

/** One embedded cluster's place: `root` is the configured folder, `pgdata` the server's own data below it. */
export interface Cluster {
  root: string;
  pgdata: string;
  user: ServerUser | null;
  binaries: Binaries;
  /** Data that may be lost with the machine's power: nothing waits for the disk. */
  isDisposable: boolean;
}

/** Remembered between starts. */
interface Marker {
  format: 1;
  port: number;
}

/** Throws `storage/directory-in-use` when the folder holds something that is not ours. Creates it when it is absent. */
export async function claimRoot(root: string, user: ServerUser | null): Promise<void> {
  await makeDirectory(root, user === null ? 0o700 : 0o755);
  const names = await readdir(root);
  if (names.includes(markerName)) return;
  const foreign = names.filter((name) => !isLockFile(name) && name !== `${markerName}.new`);
  if (foreign.length === 0) {
    // The server's account must be able to pass, whatever the umask was.
    if (user !== null) await chmod(root, 0o755);
    return;
  }
  const cluster = foreign.includes('PG_VERSION');
  throw new PermanentError(
    'storage/directory-in-use',
    cluster
      ? `${root} is the data directory of another PostgreSQL server, not one that Outturn made`
      : `${root} holds files that are not Outturn's (${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', …' : ''})`,
    {
      hint: cluster
        ? 'Name another data directory, or set DATABASE_URL to use that server.'
        : 'Name an empty or absent folder as data directory.',
      facts: { directory: root },
    },
  );
}

/**
 * Makes the cluster unless it is there; call with the start lock held. initdb works in a sibling that is renamed when complete, so that
 * one that was killed leaves nothing half-made behind. Returns whether it was made now.
 */
export async function ensureCluster(cluster: Cluster): Promise<boolean> {
  const names = await readdir(cluster.root);
  if (names.includes('pgdata')) {
    await checkMajorVersion(cluster);
    return false;
  }
  for (const left of names.filter((name) => name.startsWith(initialisingPrefix))) {
    await rm(join(cluster.root, left), { recursive: true, force: true });
  }
  if (!names.includes(markerName)) await rememberPort(cluster.root, await freePort());
  if (!names.includes(passwordName)) {
    await writeAtomically(join(cluster.root, passwordName), randomBytes(24).toString('base64url'));
  }
  const work = join(cluster.root, `${initialisingPrefix}${randomBytes(4).toString('hex')}`);
  try {
    await initialise(cluster, work);
    await rename(work, cluster.pgdata);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return true;
}

async function initialise(cluster: Cluster, work: string): Promise<void> {
  const { user, binaries, root } = cluster;
  await mkdir(work, { mode: 0o700 });
  const passwordFile = join(root, `${initialisingPrefix}password`);
  await writeFile(passwordFile, await readPassword(root), { mode: 0o600 });
  if (user !== null) {
    await chown(work, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  try {
    const made = await runProgram(
      binaries.initdb,
      [
        `--pgdata=${work}`,
        `--username=${databaseUser}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-instructions',
        ...(cluster.isDisposable ? ['--no-sync'] : []),
      ],
      { user, directory: root },
    );
    if (made.code !== 0) throw explainProgram('Initialising PostgreSQL', root, made);
  } finally {
    await rm(passwordFile, { force: true });
  }
  const created = await runProgram(binaries.postgres, ['--single', '-D', work, 'template1'], {
    user,
    directory: root,
    input: `CREATE DATABASE ${databaseName}\n`,
  });
  // Single-user mode answers 0 even when the statement failed.
  if (created.code !== 0 || /ERROR|FATAL|PANIC/.test(created.output)) {
    throw explainProgram('Creating the database', root, created);
  }
}

async function checkMajorVersion(cluster: Cluster): Promise<void> {
  const version = (await readFile(join(cluster.pgdata, 'PG_VERSION'), 'utf8').catch(() => '')).trim();
  if (version === String(cluster.binaries.majorVersion)) return;
  throw new PermanentError(
    'storage/unavailable',
    version === ''
      ? `${cluster.pgdata} is not a complete PostgreSQL data directory`
      : `The data in ${cluster.pgdata} is of PostgreSQL ${version}; this Outturn brings PostgreSQL ${cluster.binaries.majorVersion}`,
    {
      hint:
        version === ''
          ? `Restore it from a backup, or move ${cluster.root} away to begin anew.`
          : `Dump it with pg_dump of PostgreSQL ${version}, move ${cluster.root} away, start once and load the dump.`,
      facts: { directory: cluster.pgdata, found: version, expected: cluster.binaries.majorVersion },
    },
  );
}

export async function readPassword(root: string): Promise<string> {
  return (await readFile(join(root, passwordName), 'utf8')).trim();
}

export async function rememberedPort(root: string): Promise<number> {
  const marker = JSON.parse(await readFile(join(root, markerName), 'utf8')) as Marker;
  return marker.port;
}

export async function rememberPort(root: string, port: number): Promise<void> {
  await writeAtomically(join(root, markerName), `${JSON.stringify({ format: 1, port } satisfies Marker)}\n`);
}

/** A port of 127.0.0.1 that is free at this moment. */
export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, path);
}
