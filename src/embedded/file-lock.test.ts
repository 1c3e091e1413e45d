import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireFileLock } from './file-lock.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outturn-lock-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function held(timeoutMs = 20_000) {
  const lock = await acquireFileLock(directory, { timeoutMs });
  if ('heldBy' in lock) throw new Error(`held by ${lock.heldBy}`);
  return lock;
}

describe('the start lock', () => {
  it('is held by one at a time, however many want it', async () => {
    let inside = 0;
    let most = 0;
    let turns = 0;
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const lock = await held();
        inside += 1;
        most = Math.max(most, inside);
        await readdir(directory);
        turns += 1;
        inside -= 1;
        await lock.release();
      }),
    );
    expect([most, turns]).toEqual([1, 12]);
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('passes to exactly one when its holder was killed, also when another program has the number now', async () => {
    for (const [generation, holder] of [
      { pid: 2 ** 22 + 1, startedAt: null, released: false },
      { pid: process.pid, startedAt: 'an earlier boot', released: false },
    ].entries()) {
      await rm(join(directory, `start-lock.${generation}`), { force: true });
      await writeFile(join(directory, `start-lock.${100 * (generation + 1)}`), JSON.stringify(holder));
      const lock = await held();
      expect(await acquireFileLock(directory, { timeoutMs: 0 })).toEqual({ heldBy: process.pid });
      await lock.release();
    }
  });

  it('is not taken from a live holder: the number of its process is told', async () => {
    const lock = await held();
    let waitedFor = 0;
    const second = acquireFileLock(directory, { timeoutMs: 20_000, onWait: (pid) => (waitedFor = pid) });
    expect(await acquireFileLock(directory, { timeoutMs: 0 })).toEqual({ heldBy: process.pid });
    await lock.release();
    const got = await second;
    expect('release' in got).toBe(true);
    expect([0, process.pid]).toContain(waitedFor);
  });
});
