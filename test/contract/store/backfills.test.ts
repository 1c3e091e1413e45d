import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BackfillRow, JobFence, OutboxRow, Store } from '#kit';
import { begin, cost, dayMs, midnightMs, pullOf, type StoreFixture, sample, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
let store: Store;
beforeAll(async () => {
  fixture = await storeFixture();
  ({ store } = fixture);
});
afterAll(() => fixture?.close());

let streams = 0;
const windows = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ fromMs: midnightMs + n * dayMs, toMs: midnightMs + (n + 1) * dayMs }));
const make = (chunks = 3): Promise<BackfillRow> =>
  store.backfills.create({
    connector: 'shop-metrics',
    stream: `stream-${++streams}`,
    chunkMs: dayMs,
    windows: windows(chunks),
    cause: 'test',
  });
const read = async (id: string): Promise<BackfillRow> => {
  const row = await store.backfills.get(id);
  if (row === null) throw new Error(`no backfill ${id}`);
  return row;
};
const states = async (id: string): Promise<string[]> => (await store.backfills.chunks(id)).map(({ state }) => state);
const jobOf = async (id: string): Promise<string> => (await read(id)).current?.jobId ?? '';
const facts = { pages: 1, rows: 24, inserted: 20, revisions: 4, warnings: 1 };

/** Stores the queued chunk as its job would. */
async function finish(id: string, fence: JobFence, projects: string[] = []): Promise<void> {
  const seq = (await read(id)).current?.seq ?? 0;
  await store.transaction((tx) =>
    tx.backfills.finishChunk(fence, { id, seq, pullId: `${id}-${seq}`, projects, ...facts }),
  );
  await store.outbox.succeeded(fence, {});
}
const runChunk = async (id: string, projects?: string[]): Promise<void> =>
  finish(id, await begin(store, await jobOf(id)), projects);
const fail = async (jobId: string, code = 'queue/quarantined'): Promise<void> => {
  await store.outbox.failed(await begin(store, jobId), { code, message: 'its worker died', final: true });
};
const recomputes = async (id: string): Promise<OutboxRow[]> =>
  (await store.outbox.list({ kind: 'recompute-roi', limit: 1000 })).filter((row) => row.cause === `backfill ${id}`);

describe('a backfill', () => {
  it('has exactly one chunk queued; the end of each queues the next, the end of the last one ends it', async () => {
    const { id } = await make();
    for (let done = 0; done < 3; done++) {
      expect(await states(id)).toEqual(['waiting', 'waiting', 'waiting'].fill('done', 0, done).with(done, 'queued'));
      expect(await read(id)).toMatchObject({ state: 'running', chunks: { total: 3, done }, rows: done * 24 });
      await runChunk(id);
    }
    expect(await read(id)).toMatchObject({
      state: 'done',
      chunks: { total: 3, done: 3 },
      rows: 72,
      inserted: 60,
      revisions: 12,
      warnings: 3,
      current: null,
    });
    expect(await store.backfills.resume(id, 'test'), 'nothing is left to do').toBe(false);
    expect(await store.backfills.cancel(id)).toBe(false);
  });

  it('asks for one recompute of each project that it touched, when it ends and not before', async () => {
    const { id } = await make();
    await runChunk(id, ['a', 'b']);
    await runChunk(id, ['b']);
    expect(await recomputes(id)).toEqual([]);
    await runChunk(id, ['b', 'c']);
    expect((await recomputes(id)).map(({ args }) => args)).toEqual(
      expect.arrayContaining([{ project: 'a' }, { project: 'b' }, { project: 'c' }]),
    );
    expect(await recomputes(id)).toHaveLength(3);
  });

  it('does nothing for a chunk that is done, and nothing for a job that another one has replaced', async () => {
    const { id } = await make();
    const jobId = await jobOf(id);
    expect(await store.backfills.begin(id, 1, jobId)).toMatchObject({
      chunk: { seq: 1 },
      chunks: { total: 3, done: 0 },
    });
    const fence = await begin(store, jobId);
    await store.transaction((tx) =>
      tx.backfills.finishChunk(fence, { id, seq: 1, pullId: 'once', projects: [], ...facts }),
    );
    expect(await store.backfills.begin(id, 1, jobId), 'its worker died before it could say so').toBeNull();
    const again = store.transaction((tx) =>
      tx.backfills.finishChunk(fence, { id, seq: 1, pullId: 'twice', projects: [], ...facts }),
    );
    await expect(again).rejects.toMatchObject({ code: 'queue/interrupted' });
    expect(await read(id)).toMatchObject({ chunks: { done: 1 }, rows: 24 });
  });

  it('that fails for good, in quarantine for instance, ends with its chunk named and the later ones untouched', async () => {
    const { id } = await make();
    await runChunk(id, ['a']);
    await fail(await jobOf(id));
    expect(await read(id)).toMatchObject({
      state: 'failed',
      chunks: { total: 3, done: 1 },
      current: { seq: 2, jobState: 'failed', errorCode: 'queue/quarantined', errorMessage: 'its worker died' },
    });
    expect(await states(id)).toEqual(['done', 'failed', 'waiting']);
    expect(await recomputes(id), 'what it brought so far is to be seen').toHaveLength(1);
  });

  it('goes on from the chunk that failed, when resumed', async () => {
    const { id } = await make();
    await runChunk(id, ['a']);
    await fail(await jobOf(id));
    expect(await store.backfills.resume(id, 'test')).toBe(true);
    expect(await store.backfills.resume(id, 'test'), 'it runs').toBe(false);
    expect(await states(id)).toEqual(['done', 'queued', 'waiting']);
    expect(await read(id)).toMatchObject({
      state: 'running',
      endedAtMs: null,
      current: { seq: 2, jobState: 'pending' },
    });
    await runChunk(id, ['a']);
    await runChunk(id, ['a']);
    expect((await read(id)).state).toBe('done');
    expect(await recomputes(id), 'one for each end').toHaveLength(2);
  });

  it('goes on by a replay of the job that failed, too', async () => {
    const { id } = await make();
    const jobId = await jobOf(id);
    await fail(jobId);
    expect(await store.outbox.replay(jobId)).toBe(true);
    expect(await read(id)).toMatchObject({ state: 'running', endedAtMs: null, current: { seq: 1, jobId } });
    await runChunk(id);
    expect(await states(id)).toEqual(['done', 'queued', 'waiting']);
  });

  it('is cancelled at once, with the right to store taken from the running chunk; resumed it reads that chunk again', async () => {
    const { id } = await make();
    const fence = await begin(store, await jobOf(id));
    expect(await store.backfills.cancel(id)).toBe(true);
    expect(await store.backfills.cancel(id)).toBe(false);
    await expect(finish(id, fence)).rejects.toMatchObject({ code: 'queue/interrupted' });
    expect(await read(id)).toMatchObject({
      state: 'cancelled',
      chunks: { done: 0 },
      current: { jobState: 'cancelled' },
    });
    expect(await states(id)).toEqual(['cancelled', 'waiting', 'waiting']);
    expect(await store.backfills.resume(id, 'test')).toBe(true);
    await runChunk(id);
    expect(await states(id)).toEqual(['done', 'queued', 'waiting']);
  });

  it('is cancelled by cancelling its job, too', async () => {
    const { id } = await make();
    await store.outbox.cancel(await jobOf(id));
    expect((await read(id)).state).toBe('cancelled');
  });

  it('whose chunk is being stored while it is cancelled keeps that chunk and begins no other', async () => {
    const { id } = await make();
    const fence = await begin(store, await jobOf(id));
    let cancelling: Promise<boolean> | undefined;
    await store.transaction(async (tx) => {
      await tx.backfills.finishChunk(fence, { id, seq: 1, pullId: 'stored', projects: [], ...facts });
      const other = await fixture.another();
      cancelling = other.backfills.cancel(id);
      // Until it waits for the fence that this transaction holds.
      while (!(await isWaiting())) await new Promise((resolve) => setImmediate(resolve));
    });
    expect(await cancelling).toBe(true);
    expect(await states(id)).toEqual(['done', 'cancelled', 'waiting']);
    expect((await read(id)).state).toBe('cancelled');
  });

  it('is found by the beginning of its id, by its stream and state, and by what overlaps it', async () => {
    const one = await make();
    await runChunk(one.id);
    await store.backfills.cancel(one.id);
    const two = await store.backfills.create({ ...one, windows: windows(3), cause: 'again' });
    const ids = async (rows: Promise<BackfillRow[]>) => (await rows).map(({ id }) => id);
    expect(await ids(store.backfills.list({ stream: one.stream, limit: 10 }))).toEqual([two.id, one.id]);
    expect(await ids(store.backfills.list({ stream: one.stream, state: 'cancelled', limit: 10 }))).toEqual([one.id]);
    expect(await ids(store.backfills.find(one.id.slice(0, 8), 10))).toEqual([one.id]);
    expect(await ids(store.backfills.find('%', 10))).toEqual([]);
    const overlapping = (fromMs: number, toMs: number) =>
      ids(store.backfills.overlapping(one.connector, one.stream, { fromMs, toMs }));
    expect(await overlapping(midnightMs + 2 * dayMs, midnightMs + 9 * dayMs)).toEqual([two.id]);
    expect(await overlapping(midnightMs + 3 * dayMs, midnightMs + 9 * dayMs)).toEqual([]);
  });
});

async function isWaiting(): Promise<boolean> {
  const { Client } = await import('pg');
  const client = new Client({ connectionString: fixture.database.url });
  await client.connect();
  try {
    const { rows } = await client.query(`SELECT FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`);
    return rows.length > 0;
  } finally {
    await client.end();
  }
}

describe('coverage', () => {
  it('counts what is stored of each window once, and tells whether pulls have covered all of it', async () => {
    const stream = 'covered';
    const at = (hours: number) => midnightMs + hours * 3_600_000;
    await store.measurements.ingest(pullOf([sample(at(0), 1), sample(at(23), 1), sample(at(24), 1)], stream));
    await store.measurements.ingest({ ...pullOf([sample(at(0), 2)], stream, 'pull-2'), observedAtMs: midnightMs + 1 });
    await store.costs.ingest({ ...pullOf([], stream), rows: [cost('c-1', '10', { postingDate: '2026-06-02' })] });
    const pulled = async (id: string, from: number, to: number, succeeds: boolean) => {
      await store.pulls.start({
        id,
        jobId: id,
        attempt: 1,
        connector: 'shop-metrics',
        stream,
        fromMs: at(from),
        toMs: at(to),
      });
      const none = { pages: 0, rows: 0, inserted: 0, revisions: 0, expected: null, warnings: [] };
      if (succeeds) await store.pulls.succeed(id, none);
      else await store.pulls.fail(id, { errorCode: 'source/timeout', errorMessage: 'late', pages: 0 });
    };
    await pulled('first-half', 0, 12, true);
    await pulled('second-half', 12, 30, true);
    await pulled('failed', 30, 72, false);
    expect(await store.backfills.coverage('shop-metrics', stream, windows(3))).toEqual([
      { samples: 2, costs: 0, isPulled: true },
      { samples: 1, costs: 1, isPulled: false },
      { samples: 0, costs: 0, isPulled: false },
    ]);
    expect(await store.backfills.coverage('shop-metrics', 'never pulled', windows(1))).toEqual([
      { samples: 0, costs: 0, isPulled: false },
    ]);
  });
});
