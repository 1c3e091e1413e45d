import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobPorts } from '#kit';
import { createReplays } from '#src/ingest/index';
import {
  type Answer,
  cost,
  HOUR,
  openPullBench,
  type PullBench,
  point,
  scriptedPull,
} from '../test/factories/scripted-pull.ts';
import { prunePages } from './prune-pages.ts';

const DAY = 24 * HOUR;
let bench: PullBench;
beforeAll(async () => {
  bench = await openPullBench();
});
afterAll(() => bench?.close());

type Scripted = ReturnType<typeof scriptedPull>;
const scripted = (answers: () => Answer[]): Scripted =>
  scriptedPull(bench, async function* () {
    yield* answers();
  });

async function prune(t: Scripted, evidence: 'keep' | 'remove' = 'keep', objects = t.parts.objects) {
  const { store, clock } = t.parts;
  const config = { settings: { retention: { pagesMs: 10 * DAY, evidence } } };
  const ports = { config, store, objects, clock } as unknown as JobPorts;
  const context = { jobId: 'j', attempt: 1, fence: { jobId: 'j', token: 1 }, signal: new AbortController().signal };
  return await prunePages.run({}, { ...context, ports, progress: () => {} });
}
const pagesOf = async (pullId: string) => await bench.store.pulls.pages(pullId);

describe('retention of archived pages', () => {
  it('removes old pages that no figure rests on any more, and says when; young ones and evidence stay', async () => {
    let value = 1;
    const t = scripted(() => [{ measurements: [point(0, value)], costs: [cost('k', { amount: String(value) })] }]);
    const first = await t.run();
    bench.clock.nowMs += HOUR;
    value = 2;
    const second = await t.run();
    const [old] = await pagesOf(first.pullId);
    expect(await prune(t)).toMatchObject({ removed: 0 });
    bench.clock.nowMs += 11 * DAY;
    value = 3;
    expect(await prune(t)).toEqual({ removed: 1, bytes: old?.bytes, deleted: 1 });
    expect(await pagesOf(first.pullId)).toMatchObject([{ removedAtMs: bench.clock.nowMs }]);
    expect(await pagesOf(second.pullId)).toMatchObject([{ removedAtMs: null }]);
    expect(t.objects.has(old?.objectKey ?? '')).toBe(false);
    expect(t.objects.size).toBe(1);
    expect(await prune(t)).toMatchObject({ removed: 0, deleted: 0 });
  });

  it('looks at evidence again after a month, and removes it at once where the operator says so', async () => {
    let value = 1;
    const t = scripted(() => [{ measurements: [point(0, value)] }]);
    const { pullId } = await t.run();
    bench.clock.nowMs += 11 * DAY;
    expect(await prune(t)).toMatchObject({ removed: 0 });
    value = 2;
    await t.run();
    expect(await prune(t)).toMatchObject({ removed: 0 });
    bench.clock.nowMs += 31 * DAY;
    await prune(t);
    expect(await pagesOf(pullId)).toMatchObject([{ removedAtMs: bench.clock.nowMs }]);
    expect((await t.samples()).map((sample) => sample.value)).toEqual([2]);
    expect(t.objects.size).toBe(1);
    await prune(t, 'remove');
    expect(t.objects.size).toBe(0);
  });

  it('keeps a page as long as the same content comes again, and takes back what came again before it was deleted', async () => {
    const t = scripted(() => [{ warnings: ['nothing yet'] }]);
    const first = await t.run();
    bench.clock.nowMs += 11 * DAY;
    const second = await t.run();
    expect(await prune(t)).toMatchObject({ removed: 0 });
    bench.clock.nowMs += 11 * DAY;
    const failing = { ...t.parts.objects, delete: async () => Promise.reject(new Error('the disk is away')) };
    await expect(prune(t, 'keep', failing)).rejects.toThrow('the disk is away');
    expect(await pagesOf(second.pullId)).toMatchObject([{ removedAtMs: bench.clock.nowMs }]);
    await t.run();
    expect(await prune(t)).toMatchObject({ removed: 0, deleted: 0 });
    expect(await pagesOf(first.pullId)).toMatchObject([{ removedAtMs: null }]);
    expect(t.objects.size).toBe(1);
  });

  it('deletes what a broken run left', async () => {
    const t = scripted(() => [{ warnings: ['left behind'] }]);
    await t.run();
    bench.clock.nowMs += 11 * DAY;
    const failing = { ...t.parts.objects, delete: async () => Promise.reject(new Error('the disk is away')) };
    await expect(prune(t, 'keep', failing)).rejects.toThrow('the disk is away');
    expect(t.objects.size).toBe(1);
    expect((await prune(t)).deleted).toBeGreaterThan(0);
    expect(t.objects.size).toBe(0);
  });

  it('a page that goes while the same content comes in again fails that attempt; the next one archives it', async () => {
    const t = scripted(() => [{ measurements: [point(0, 1)], note: 'the same again' }]);
    await t.run();
    bench.clock.nowMs += 11 * DAY;
    const { objects } = t.parts;
    let meanwhile = true;
    t.parts.objects = {
      ...objects,
      async put(key, body, contentType) {
        const stored = await objects.put(key, body, contentType);
        if (meanwhile) await prune(t, 'remove', objects);
        meanwhile = false;
        return stored;
      },
    };
    const runner = scriptedPull(
      bench,
      async function* () {
        yield { measurements: [point(0, 1)], note: 'the same again' };
      },
      { id: t.id, objects: t.parts.objects },
    );
    await expect(runner.run()).rejects.toMatchObject({ name: 'RetryableError', code: 'object/unavailable' });
    const { pullId } = await runner.run();
    expect(await pagesOf(pullId)).toMatchObject([{ removedAtMs: null }]);
    expect(t.objects.size).toBe(1);
  });

  it('a replay says that pages were removed, reads the others and takes nothing away', async () => {
    let value = 1;
    const t = scripted(() => [{ measurements: [point(0, value), point(1, value)] }]);
    await t.run();
    bench.clock.nowMs += 11 * DAY;
    const removedAtMs = bench.clock.nowMs;
    await prune(t, 'remove');
    value = 2;
    await t.run();
    const result = await createReplays(t.parts).replay(
      {
        connector: t.id,
        stream: 'hours',
        fromMs: null,
        toMs: null,
        pullId: null,
        apply: false,
        withdraw: false,
        limit: 9,
      },
      { signal: new AbortController().signal, progress: () => {} },
    );
    expect(result).toMatchObject({
      removed: { pages: 1, firstAtMs: removedAtMs, lastAtMs: removedAtMs },
      problemCount: 0,
      counts: { revisions: 0, vanished: 0, unchanged: 2 },
    });
  });
});
