import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { identifySelf, isAlive, type ProcessIdentity } from './process-identity.ts';

const folder = 'leases';

/** Writes this process's claim on the running server. One process may hold several. Returns the lease's name. */
export async function addLease(root: string): Promise<string> {
  const directory = join(root, folder);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const name = `${process.pid}-${randomBytes(6).toString('hex')}.json`;
  const temporary = join(directory, `${name}.new`);
  await writeFile(temporary, JSON.stringify(await identifySelf()), { mode: 0o600 });
  await rename(temporary, join(directory, name));
  return name;
}

export async function removeLease(root: string, name: string): Promise<void> {
  await rm(join(root, folder, name), { force: true });
}

/** Removes leases of processes that are gone; returns how many live ones remain. Call with the start lock held. */
export async function sweepLeases(root: string): Promise<{ live: number; swept: number }> {
  const directory = join(root, folder);
  const names = await readdir(directory).catch(() => [] as string[]);
  let live = 0;
  let swept = 0;
  for (const name of names) {
    if (await leaseIsLive(join(directory, name))) {
      live += 1;
    } else {
      swept += 1;
      await rm(join(directory, name), { force: true });
    }
  }
  return { live, swept };
}

async function leaseIsLive(path: string): Promise<boolean> {
  try {
    return await isAlive(JSON.parse(await readFile(path, 'utf8')) as ProcessIdentity);
  } catch {
    return false;
  }
}
