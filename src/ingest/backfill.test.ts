import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { asOutturnError } from '#kit';
import { pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { type Answer, HOUR, metric, point, project, START, scriptedPull } from '../../test/factories/scripted-pull.ts';
import { createBackfills } from './index.ts';

const bench = await pullBenchOfFile();

type Scripted = ReturnType<typeof scriptedPull>;
type Source = Parameters<typeof scriptedPull>[1];
/** A point for each hour of the window that is asked for. */
const hourly: Source = async function* ({ window }): AsyncIterable<Answer> {
  const measurements = [];
  for (let atMs = window.fromMs; atMs < window.toMs; atMs += HOUR) measurements.push(point((atMs - START) / HOUR, 1));
  yield { measurements };
};
const start = async (t: Scripted, hours: number, chunkHours: number): Promise<string> => {
  const backfills = createBackfills(t.parts);
  const request = { ...t.due, fromMs: START, toMs: START + hours * HOUR, chunkMs: chunkHours * HOUR };
  const [row] = await backfills.create([await backfills.plan(request)], 'test');
  return row?.id ?? '';
};

describe('a backfill', () => {
  it('reads each hour of its window once, in chunks, and leaves the watermark alone', async () => {
    const asked: number[] = [];
    const t = scriptedPull(
      bench,
      async function* (ctx) {
        asked.push(...[ctx.window.fromMs, ctx.window.toMs].map((ms) => (ms - START) / HOUR));
        yield* hourly(ctx);
      },
      { intervalMs: HOUR },
    );
    await t.run({ fromMs: START, toMs: START + HOUR });
    const before = await t.watermark();
    asked.length = 0;
    // It goes on beyond the watermark, where a pull by hand would move it.
    const id = await start(t, 8, 3);
    for (let chunk = 0; chunk < 3; chunk++) await t.runChunk(id);
    expect(asked).toEqual([0, 3, 3, 6, 6, 8]);
    expect(await t.samples()).toHaveLength(8);
    expect(await t.watermark()).toBe(before);
    expect(await bench.store.backfills.get(id)).toMatchObject({ state: 'done', rows: 8, inserted: 7, revisions: 0 });
  });

  it('of a stream that was never pulled leaves it so', async () => {
    const t = scriptedPull(bench, hourly, { intervalMs: HOUR });
    await t.runChunk(await start(t, 2, 2));
    expect(await t.watermark()).toBeNull();
    expect(await t.samples()).toHaveLength(2);
  });

  it('asks for the recompute of a project once, at its end', async () => {
    const name = `p-${randomUUID()}`;
    const t = scriptedPull(bench, hourly, { intervalMs: HOUR, projects: [project(name, { metrics: [metric('m')] })] });
    const id = await start(t, 6, 2);
    await t.runChunk(id);
    await t.runChunk(id);
    expect(await t.recomputes(name)).toBe(0);
    expect((await bench.store.dirty.list()).filter((row) => row.projectId === name)).toHaveLength(1);
    await t.runChunk(id);
    expect(await t.recomputes(name)).toBe(1);
  });

  it('does not hold up a live pull of its stream, whose later observation counts', async () => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
    let isFirst = true;
    const t = scriptedPull(bench, async function* () {
      if (!isFirst) return yield { measurements: [point(0, 2)] };
      isFirst = false;
      isAsked();
      await answered;
      yield { measurements: [point(0, 1)] };
    });
    const id = await start(t, 2, 2);
    const chunk = t.runChunk(id);
    await asked;
    bench.clock.nowMs += 1_000;
    expect(await t.run({ fromMs: START, toMs: START + 2 * HOUR })).toMatchObject({ inserted: 1 });
    answer();
    expect(await chunk).toMatchObject({ inserted: 0, revisions: 0 });
    expect((await t.samples()).map(({ value }) => value)).toEqual([2]);
  });

  it('asks the source as a backfill, a live pull as a live one', async () => {
    const purposes: unknown[] = [];
    const t = scriptedPull(bench, hourly);
    t.parts.fetch.client = (_connector, _signal, options) => {
      purposes.push(options?.purpose);
      return { request: () => Promise.reject(new Error('nobody asks')) };
    };
    await t.run();
    await t.runChunk(await start(t, 2, 2));
    expect(purposes).toEqual(['live', 'backfill']);
  });

  it('that is cancelled in the middle of a chunk stores nothing of it', async () => {
    const { promise: asked, resolve: isAsked } = Promise.withResolvers<void>();
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 1)] };
      isAsked();
      await new Promise(() => undefined);
    });
    const id = await start(t, 4, 2);
    const controller = new AbortController();
    const chunk = t.runChunk(id, controller.signal).catch((thrown: unknown) => asOutturnError(thrown));
    await asked;
    expect(await bench.store.backfills.cancel(id)).toBe(true);
    // The workers hear of it by notification; what they do then is the queue's, and tested there.
    controller.abort();
    expect(await chunk).toMatchObject({ code: 'queue/cancelled' });
    expect(await t.samples()).toEqual([]);
    expect(await bench.store.backfills.get(id)).toMatchObject({ state: 'cancelled', chunks: { done: 0 } });
  });

  it('that was cancelled just before it stored stores nothing', async () => {
    const t = scriptedPull(bench, async function* (ctx) {
      await bench.store.backfills.cancel(id);
      yield* hourly(ctx);
    });
    const id: string = await start(t, 4, 2);
    await expect(t.runChunk(id)).rejects.toMatchObject({ code: 'queue/interrupted' });
    expect(await t.samples()).toEqual([]);
  });
});

describe('the plan of a backfill', () => {
  const plan = (t: Scripted, changes: { fromMs?: number; toMs?: number } = {}) =>
    createBackfills(t.parts).plan({ ...t.due, fromMs: START, toMs: START + 6 * HOUR, chunkMs: 2 * HOUR, ...changes });

  it('tells what is there already, and what the budget makes of it', async () => {
    const t = scriptedPull(bench, hourly, { intervalMs: HOUR });
    await t.run({ fromMs: START, toMs: START + 3 * HOUR });
    expect(await plan(t)).toMatchObject({
      chunks: [
        { samples: 2, isPulled: true, requests: null },
        { samples: 1, isPulled: false },
        { samples: 0, isPulled: false },
      ],
      requests: { count: 3, isLeast: true, perMinute: 30, durationMs: 0 },
    });
    const long = await plan(t, { fromMs: START - 200 * HOUR });
    expect(long.requests).toMatchObject({ count: 103, durationMs: 180_000 });
    expect(await t.samples(), 'nothing was written').toHaveLength(3);
  });

  it('warns of what is before since, to come, after the watermark, or being read by another one', async () => {
    const t = scriptedPull(bench, hourly, { intervalMs: HOUR });
    expect((await plan(t)).warnings.join()).toContain('never pulled');
    await t.run({ fromMs: START, toMs: START + 3 * HOUR });
    const other = await start(t, 4, 2);
    const { warnings } = await plan(t, { fromMs: START - HOUR, toMs: START + 1e9 });
    expect(warnings.join('\n')).toMatch(/to come[^]*before the stream's since[^]*after the watermark/);
    expect(warnings.join('\n')).toContain(`overlaps the backfill ${other.slice(0, 8)}`);
  });

  it('refuses streams that are not configured', async () => {
    const t = scriptedPull(bench, hourly);
    const backfills = createBackfills(t.parts);
    const request = { ...t.due, stream: 'nowhere', fromMs: START, toMs: START + HOUR, chunkMs: HOUR };
    await expect(backfills.plan(request)).rejects.toMatchObject({ code: 'config/unknown-reference' });
  });
});
