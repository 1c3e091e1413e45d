import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { PermanentError } from '#kit';

const run = promisify(execFile);

/** The account that the server runs as: null for one's own. */
export interface ServerUser {
  uid: number;
  gid: number;
  name: string;
}

const createdUserName = 'outturn';

/**
 * PostgreSQL refuses to run as root. For root: the account `postgres` or `outturn` if there is one, else a new system account
 * `outturn` without shell and home, else `nobody`. For everyone else: oneself (null).
 * `initdb` looks the account up by number, so a number without an account would not do.
 */
export async function resolveServerUser(): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', createdUserName]) {
    const user = await lookUpUser(name);
    if (user !== null) return user;
  }
  const created = (await createSystemUser()) ?? (await lookUpUser('nobody'));
  if (created !== null) return created;
  throw new PermanentError(
    'storage/unavailable',
    'PostgreSQL cannot run as root, and no account to run it as could be found or created',
    { hint: 'Create a system account named postgres, run Outturn as an ordinary user, or set DATABASE_URL.' },
  );
}

async function lookUpUser(name: string): Promise<ServerUser | null> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout.trim()), gid: Number(gid.stdout.trim()), name };
  } catch {
    return null;
  }
}

async function createSystemUser(): Promise<ServerUser | null> {
  const attempts: [string, string[]][] = [
    ['useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', createdUserName]],
    ['adduser', ['-S', '-D', '-H', '-s', '/sbin/nologin', createdUserName]],
  ];
  for (const [command, args] of attempts) {
    await run(command, args).catch(() => undefined);
    // Looked up whatever the command said: another process may have created it in the same moment.
    const user = await lookUpUser(createdUserName);
    if (user !== null) return user;
  }
  return null;
}

/** The topmost existing folder on the way to `path` that the user may not pass, or null. A folder yet to be made will be passable. */
export async function blockingFolder(path: string, user: ServerUser): Promise<string | null> {
  const parts: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    parts.unshift(at);
    if (dirname(at) === at) break;
  }
  for (const part of parts) {
    const facts = await stat(part).catch(() => null);
    if (facts === null) return null;
    if (!facts.isDirectory()) continue;
    const execute = facts.uid === user.uid ? 0o100 : facts.gid === user.gid ? 0o010 : 0o001;
    if ((facts.mode & execute) === 0) return part;
  }
  return null;
}
