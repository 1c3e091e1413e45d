import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import { type PermanentError, type PullContext, RetryableError } from '#kit';
import { failure, pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { type Answer, HOUR, metric, point, project, START, scriptedPull } from '../../test/factories/scripted-pull.ts';
import { pollUntil } from '../../test/harness/poll.ts';
import { createBackfills } from './index.ts';

const bench = await pullBenchOfFile();

/** Two rows a page, stored page by page. */
const PARTS = { bounds: { rows: 2 }, lookbackMs: 0 };
/** Hours n and n + 1; all before n + 2 was given. */
const page = (hour: number, value = 1): Answer => ({
  measurements: [point(hour, value), point(hour + 1, value)],
  completeToMs: START + (hour + 2) * HOUR,
});
const broken = (): PermanentError | RetryableError =>
  new RetryableError('source/unreachable', 'the source broke the connection off');
const hours = (ms: number | null | undefined): number | null => (ms == null ? null : (ms - START) / HOUR);
/** Eight hours in pages of two, which break off after the sixth until they are mended. */
function eightHours() {
  const asked: (number | null)[] = [];
  let breaks = true;
  return {
    asked,
    mend: () => void (breaks = false),
    pull: async function* ({ window }: Pick<PullContext<unknown, unknown>, 'window'>): AsyncIterable<Answer> {
      asked.push(hours(window.fromMs));
      for (let hour = hours(window.fromMs) ?? 0; hour < 8; hour += 2) {
        yield page(hour);
        if (breaks && hour === 4) throw broken();
      }
    },
  };
}

describe('a pull in parts', () => {
  it('has stored the complete ones when it fails, moves the watermark that far, and goes on from there', async () => {
    const name = `p-${randomUUID()}`;
    const source = eightHours();
    const t = scriptedPull(bench, source.pull, { ...PARTS, projects: [project(name, { metrics: [metric('m')] })] });
    const error = await failure(t.run());
    expect(error.code).toBe('source/unreachable');
    expect(error.message).toContain('the 6 rows that it had stored stay');
    expect(await t.samples()).toHaveLength(6);
    expect(hours(await t.watermark())).toBe(6);
    expect(await bench.store.pulls.latest(t.id, 'hours')).toMatchObject({
      state: 'failed',
      rows: 6,
      inserted: 6,
      pages: 3,
    });
    // The figures of what it stored must not wait for a pull that succeeds.
    expect(await t.recomputes(name)).toBe(1);
    source.mend();
    expect(await t.run()).toMatchObject({ rows: 2, inserted: 2 });
    expect(source.asked).toEqual([0, 6]);
    expect(await t.samples()).toHaveLength(8);
  });

  it('without word of what is complete keeps its rows but not its place', async () => {
    let breaks = true;
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: [point(6, 1), point(7, 1)] };
        yield { measurements: [point(0, 1), point(1, 1)] };
        if (breaks) throw broken();
      },
      PARTS,
    );
    await failure(t.run());
    expect(await t.samples()).toHaveLength(4);
    expect(await t.watermark()).toBeNull();
    breaks = false;
    expect(await t.run()).toMatchObject({ rows: 4, inserted: 0, revisions: 0 });
  });

  it('asks for a recompute once, at its end, however many parts touched the project', async () => {
    const name = `p-${randomUUID()}`;
    const seen: number[] = [];
    const t = scriptedPull(
      bench,
      async function* () {
        for (const hour of [0, 2, 4, 6]) {
          yield page(hour);
          seen.push(await t.recomputes(name));
        }
      },
      { ...PARTS, projects: [project(name, { metrics: [metric('m')] })] },
    );
    expect(await t.run()).toMatchObject({ pages: 4, rows: 8, inserted: 8, projects: [name] });
    expect(seen).toEqual([0, 0, 0, 0]);
    expect(await t.recomputes(name)).toBe(1);
  });

  it('whose process died is closed by the next attempt, which asks for the recomputes', async () => {
    const name = `p-${randomUUID()}`;
    const { promise: hangs, resolve: isHanging } = Promise.withResolvers<void>();
    let isFirst = true;
    const options = { ...PARTS, projects: [project(name, { metrics: [metric('m')] })] };
    const source = async function* (): AsyncIterable<Answer> {
      yield page(0);
      yield page(2);
      if (!isFirst) return;
      isFirst = false;
      isHanging();
      await new Promise(() => undefined);
    };
    const dying = scriptedPull(bench, source, options);
    const job = await dying.enqueue();
    // Nobody ends it: as though its process were gone.
    dying.run({ job }).catch(() => undefined);
    await hangs;
    await pollUntil(
      'both parts are stored',
      async () => (await bench.store.pulls.latest(dying.id, 'hours'))?.rows === 4,
    );
    expect(await dying.recomputes(name)).toBe(0);
    const t = scriptedPull(bench, source, { ...options, id: dying.id });
    expect(await t.run({ job })).toMatchObject({ inserted: 0 });
    expect(await t.recomputes(name)).toBe(1);
    const states = (await bench.store.pulls.list(2)).map(({ state, rows, errorMessage }) => ({
      state,
      rows,
      errorMessage,
    }));
    expect(states).toEqual([
      { state: 'succeeded', rows: 4, errorMessage: null },
      { state: 'failed', rows: 4, errorMessage: expect.stringContaining('the 4 rows that it had stored stay') },
    ]);
  });

  it('counts the last of two values for one time also across parts, observed later than the first', async () => {
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: [point(0, 1), point(1, 1)] };
        yield { measurements: [point(0, 3), point(2, 1)] };
      },
      PARTS,
    );
    const { warnings, revisions } = await t.run();
    expect(revisions).toBe(1);
    expect(warnings.join()).toContain('1 row came twice with another value, the last one counts');
    const [first] = await t.samples();
    expect(first).toMatchObject({ value: 3, revision: 2 });
    const client = new Client({ connectionString: bench.databaseUrl });
    await client.connect();
    try {
      const { rows } = await client.query(
        `SELECT count(DISTINCT observed_at)::int AS observed FROM measurement WHERE series_id = $1 AND at = to_timestamp($2)`,
        [first?.seriesId, START / 1000],
      );
      expect(rows).toEqual([{ observed: 2 }]);
    } finally {
      await client.end();
    }
  });

  it('of a page larger than what is held stores it piece by piece', async () => {
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: Array.from({ length: 25_000 }, (_, n) => point(0, n, { atMs: START + n * 1000 })) };
      },
      { bounds: { rows: 10_000 } },
    );
    expect(await t.run()).toMatchObject({ pages: 1, rows: 25_000, inserted: 25_000, warnings: [] });
  });

  it('has only its large pages parsed in another thread', async () => {
    const lengths: number[] = [];
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: [point(0, 1)] };
        yield { measurements: Array.from({ length: 2_000 }, (_, n) => point(0, n, { atMs: START + n * 1000 })) };
      },
      {
        parser: {
          leastCharacters: 10_000,
          async parse(kind, page, context) {
            lengths.push(page.body.length);
            return await kind.parse(page, { ...context, extract: { evaluate: async () => undefined } });
          },
        },
      },
    );
    expect(await t.run()).toMatchObject({ pages: 2, rows: 2_000 });
    expect(lengths).toEqual([expect.toSatisfy((length: number) => length > 10_000)]);
  });

  it('keeps the pages of a pull that failed, with what a parser needs to read them', async () => {
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 1)], meta: { entity: 'a' } };
      yield { note: 'broken', meta: { entity: 'b' } };
    });
    await failure(t.run());
    const pull = await bench.store.pulls.latest(t.id, 'hours');
    const kept = await bench.store.pulls.archivedPages(pull?.id ?? '', { beforeSeq: null, limit: 10 });
    expect(kept.map(({ seq, meta, contentType }) => [seq, meta?.['entity'], contentType])).toEqual([
      [1, 'b', 'application/json'],
      [0, 'a', 'application/json'],
    ]);
  });
});

describe('a window by hand', () => {
  it('is gone on with by the next attempt of its job, and read anew by another job', async () => {
    const source = eightHours();
    const t = scriptedPull(bench, source.pull, PARTS);
    const window = { fromMs: START, toMs: START + 8 * HOUR };
    const job = await t.enqueue();
    await failure(t.run({ ...window, job }));
    source.mend();
    await t.run({ ...window, job });
    await t.run(window);
    expect(source.asked).toEqual([0, 6, 0]);
  });

  it('that is complete to its end but was not ended is read whole: no window is empty', async () => {
    const asked: (number | null)[] = [];
    let breaks = true;
    const t = scriptedPull(
      bench,
      async function* ({ window }) {
        asked.push(hours(window.fromMs));
        yield page(0);
        if (breaks) throw broken();
      },
      PARTS,
    );
    const window = { fromMs: START, toMs: START + 2 * HOUR };
    const job = await t.enqueue();
    await failure(t.run({ ...window, job }));
    breaks = false;
    await t.run({ ...window, job });
    expect(asked).toEqual([0, 0]);
  });
});

describe('a chunk of a backfill in parts', () => {
  it('goes on where it was broken off, is booked whole, and has its recomputes wait for the end', async () => {
    const name = `p-${randomUUID()}`;
    const source = eightHours();
    const t = scriptedPull(bench, source.pull, { ...PARTS, projects: [project(name, { metrics: [metric('m')] })] });
    const backfills = createBackfills(t.parts);
    const request = { ...t.due, fromMs: START, toMs: START + 8 * HOUR, chunkMs: 8 * HOUR };
    const [row] = await backfills.create([await backfills.plan(request)], 'test');
    const id = row?.id ?? '';
    await failure(t.runChunk(id));
    expect(await t.samples()).toHaveLength(6);
    expect(await t.recomputes(name)).toBe(0);
    source.mend();
    await t.runChunk(id);
    expect(source.asked).toEqual([0, 6]);
    expect(await t.recomputes(name)).toBe(1);
    expect(await t.watermark()).toBeNull();
    expect(await bench.store.backfills.get(id)).toMatchObject({ state: 'done', rows: 8, inserted: 8, pages: 4 });
    const [covered] = await bench.store.backfills.coverage(t.id, 'hours', [{ fromMs: START, toMs: START + 8 * HOUR }]);
    expect(covered).toMatchObject({ samples: 8, isPulled: true });
  });
});

describe('a cancel', () => {
  it('ends a pull whose statement hangs; nothing of that part is stored once it goes on', async () => {
    const t = scriptedPull(bench, async function* () {
      yield page(0);
    });
    const blocker = new Client({ connectionString: bench.databaseUrl });
    await blocker.connect();
    try {
      await blocker.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`pull:${t.id}/hours`]);
      const controller = new AbortController();
      const pulling = failure(t.run({ signal: controller.signal }));
      await pollUntil('its transaction waits', async () => {
        const { rows } = await blocker.query(
          `SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
           WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`,
        );
        return rows.length > 0;
      });
      controller.abort();
      // The lock is still held: it does not wait for the statement.
      expect((await pulling).code).toBe('queue/cancelled');
    } finally {
      await blocker.end();
    }
    // The next pull of the stream waits until that one is really over.
    expect(await t.run()).toMatchObject({ inserted: 2 });
    expect((await bench.store.pulls.list(2)).map(({ state }) => state)).toEqual(['succeeded', 'failed']);
  });

  it('between two slices of a large page is heard', async () => {
    const controller = new AbortController();
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: Array.from({ length: 30_000 }, (_, n) => point(0, n, { atMs: START + n * 1000 })) };
      },
      {
        parse(answer) {
          setImmediate(() => controller.abort());
          return answer;
        },
      },
    );
    expect((await failure(t.run({ signal: controller.signal }))).code).toBe('queue/cancelled');
    expect(await t.samples()).toEqual([]);
  });
});
