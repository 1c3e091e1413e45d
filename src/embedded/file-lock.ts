import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identifySelf, isAlive, type ProcessIdentity } from './process-identity.ts';

const prefix = 'start-lock.';
const pollMs = 25;

interface LockContent extends ProcessIdentity {
  released: boolean;
}

export function isLockFile(name: string): boolean {
  return name.startsWith(prefix);
}

/**
 * Mutual exclusion between processes by files in one directory, safe against holders that were killed.
 *
 * Files are numbered generations; the highest one says who holds the lock. A generation is made by `link(2)`, which is
 * atomic, carries its content from the start, and fails when the number is taken, so that of several processes that all see a dead
 * holder exactly one succeeds it. The highest file is never removed, only marked released: an empty directory would let
 * a late comer begin at 1 while another holds 7.
 *
 * @param onWait called once when another live process holds the lock
 * @param timeoutMs null is returned when the lock could not be had in that time
 */
export async function acquireFileLock(
  directory: string,
  options: { timeoutMs: number; onWait?: (holderPid: number) => void },
): Promise<{ release(): Promise<void> } | { heldBy: number }> {
  const self = await identifySelf();
  const temporary = join(directory, `${prefix}new-${process.pid}-${randomBytes(6).toString('hex')}`);
  const deadline = Date.now() + options.timeoutMs;
  let waited = false;
  await writeFile(temporary, JSON.stringify({ ...self, released: false } satisfies LockContent), { mode: 0o600 });
  try {
    for (;;) {
      const top = await highestGeneration(directory);
      const holder = top === 0 ? null : await readHolder(directory, top);
      if (holder !== null && !holder.released && (await isAlive(holder))) {
        if (Date.now() > deadline) return { heldBy: holder.pid };
        if (!waited) options.onWait?.(holder.pid);
        waited = true;
        await delay(pollMs);
        continue;
      }
      const mine = top + 1;
      if (!(await tryLink(temporary, generationPath(directory, mine)))) continue;
      // The generations above `top` may have come and gone between listing and linking.
      if ((await highestGeneration(directory)) !== mine) {
        await rm(generationPath(directory, mine), { force: true });
        continue;
      }
      await removeGenerationsBelow(directory, mine);
      return { release: () => markReleased(directory, mine, self) };
    }
  } finally {
    await rm(temporary, { force: true });
  }
}

function generationPath(directory: string, generation: number): string {
  return join(directory, `${prefix}${generation}`);
}

async function generations(directory: string): Promise<number[]> {
  const names = await readdir(directory);
  return names
    .filter((name) => /^\d+$/.test(name.slice(prefix.length)) && isLockFile(name))
    .map((name) => Number(name.slice(prefix.length)));
}

async function highestGeneration(directory: string): Promise<number> {
  return Math.max(0, ...(await generations(directory)));
}

/** Null when it was removed by a successor meanwhile, or is unreadable garbage: neither can hold the lock. */
async function readHolder(directory: string, generation: number): Promise<LockContent | null> {
  try {
    return JSON.parse(await readFile(generationPath(directory, generation), 'utf8')) as LockContent;
  } catch {
    return null;
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeGenerationsBelow(directory: string, generation: number): Promise<void> {
  for (const older of await generations(directory)) {
    if (older < generation) await rm(generationPath(directory, older), { force: true });
  }
}

async function markReleased(directory: string, generation: number, self: ProcessIdentity): Promise<void> {
  const path = generationPath(directory, generation);
  const replacement = `${path}-released-${process.pid}`;
  await writeFile(replacement, JSON.stringify({ ...self, released: true } satisfies LockContent), { mode: 0o600 });
  await rename(replacement, path);
}
