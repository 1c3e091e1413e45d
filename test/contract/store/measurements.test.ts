import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pollUntil } from '../../harness/poll.ts';
import { dayMs, hourMs, midnightMs, pullOf, type StoreFixture, sample, source, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const always = { fromMs: Date.UTC(1970, 0, 1), toMs: Date.UTC(2100, 0, 1) };

describe('measurements', () => {
  it('adds nothing when the same window is pulled twice', async () => {
    const { measurements } = fixture.store;
    const rows = Array.from({ length: 48 }, (_, hour) => sample(midnightMs + hour * hourMs, hour));
    expect(await measurements.ingest(pullOf(rows, 'twice'))).toMatchObject({
      inserted: 48,
      revisions: 0,
      unchanged: 0,
      repeated: 0,
    });
    expect(await measurements.ingest(pullOf(rows, 'twice', 'pull-2'))).toEqual({
      inserted: 0,
      revisions: 0,
      finalised: 0,
      unchanged: 48,
      repeated: 0,
      changed: [],
    });
    const stored = await measurements.read(source('twice'), always);
    expect(stored).toHaveLength(48);
    expect(new Set(stored.map((one) => one.pullId))).toEqual(new Set(['pull-1']));
  });

  it('makes a revision of a corrected sample, and still reads the old one as known then', async () => {
    const { store, clock } = fixture;
    await store.measurements.ingest(pullOf([sample(midnightMs, 10)], 'corrected'));
    const thenMs = clock.nowMs();
    clock.advance(dayMs);
    const result = await store.measurements.ingest(pullOf([sample(midnightMs, 12)], 'corrected', 'pull-2'));
    expect(result).toMatchObject({ inserted: 0, revisions: 1, unchanged: 0 });
    expect(result.changed).toMatchObject([{ atMs: midnightMs, revision: 2, labels: {} }]);
    expect(await store.measurements.read(source('corrected'), always)).toMatchObject([
      { value: 12, revision: 2, pullId: 'pull-2', recordedAtMs: clock.nowMs() },
    ]);
    expect(await store.measurements.read(source('corrected'), { ...always, knownAtMs: thenMs })).toMatchObject([
      { value: 10, revision: 1, pullId: 'pull-1', recordedAtMs: thenMs },
    ]);
    expect(await store.measurements.read(source('corrected'), { ...always, knownAtMs: thenMs - 1 })).toEqual([]);
  });

  it('finalises a provisional sample without calling it corrected, and never takes a final one back', async () => {
    const { store, clock } = fixture;
    const at = (status: 'provisional' | 'final') => pullOf([sample(midnightMs, 7, { status })], 'finalised');
    await store.measurements.ingest(at('provisional'));
    const thenMs = clock.nowMs();
    clock.advance(hourMs);
    const result = await store.measurements.ingest(at('final'));
    expect(result).toMatchObject({ inserted: 0, revisions: 0, finalised: 1, unchanged: 0 });
    expect(result.changed).toMatchObject([{ atMs: midnightMs, revision: 1 }]);
    expect(await store.measurements.read(source('finalised'), always)).toMatchObject([
      { status: 'final', revision: 1 },
    ]);
    expect(await store.measurements.read(source('finalised'), { ...always, knownAtMs: thenMs })).toMatchObject([
      { status: 'provisional', revision: 1 },
    ]);
    expect(await store.measurements.ingest(at('provisional'))).toMatchObject({
      unchanged: 1,
      repeated: 0,
      changed: [],
    });
    expect(await store.measurements.read(source('finalised'), always)).toMatchObject([{ status: 'final' }]);
  });

  it('counts the last of several values for one time, and keeps numerator and denominator apart from the quotient', async () => {
    const { measurements } = fixture.store;
    const ratio = (numerator: number, denominator: number) =>
      sample(midnightMs, numerator / denominator, { numerator, denominator, unit: 'ratio' });
    expect(await measurements.ingest(pullOf([ratio(1, 4), ratio(2, 4)], 'ratio'))).toMatchObject({ inserted: 1 });
    // The same quotient of other parts is another value.
    expect(await measurements.ingest(pullOf([ratio(1, 2)], 'ratio'))).toMatchObject({ revisions: 1 });
    expect(await measurements.read(source('ratio'), always)).toMatchObject([
      { numerator: 1, denominator: 2, value: 0.5 },
    ]);
  });

  it('tells series apart by labels and unit, whatever the order of the labels, and finds them by some of their labels', async () => {
    const { measurements } = fixture.store;
    await measurements.ingest(
      pullOf(
        [
          sample(midnightMs, 1, { labels: { shop: 'de', tier: 'web' } }),
          sample(midnightMs, 2, { labels: { shop: 'fr', tier: 'web' } }),
          sample(midnightMs, 3, { labels: { tier: 'web', shop: 'de' }, unit: 'checkouts' }),
        ],
        'labels',
      ),
    );
    expect(
      await measurements.ingest(pullOf([sample(midnightMs, 1, { labels: { tier: 'web', shop: 'de' } })], 'labels')),
    ).toMatchObject({ inserted: 0, unchanged: 1 });
    expect(await measurements.series(source('labels'))).toHaveLength(3);
    expect((await measurements.series(source('labels', { shop: 'de' }))).map((one) => one.unit)).toEqual([
      'failures',
      'checkouts',
    ]);
    expect((await measurements.read(source('labels', { shop: 'fr' }), always)).map((one) => one.value)).toEqual([2]);
    expect(await measurements.read(source('labels', { shop: 'it' }), always)).toEqual([]);
  });

  it('keeps samples of any date, makes partitions for exactly those months, and reads half-open windows in order', async () => {
    const { store, database } = fixture;
    const dates = [Date.UTC(2031, 1, 28, 23, 59, 59, 999), Date.UTC(1999, 11, 31), Date.UTC(2031, 2, 1)];
    await store.measurements.ingest(
      pullOf(
        dates.map((atMs, index) => sample(atMs, index)),
        'dates',
      ),
    );
    const read = async (fromMs: number, toMs: number) =>
      (await store.measurements.read(source('dates'), { fromMs, toMs })).map((one) => one.atMs);
    expect(await read(always.fromMs, always.toMs)).toEqual([...dates].sort((a, b) => a - b));
    expect(await read(Date.UTC(2031, 1, 1), Date.UTC(2031, 2, 1))).toEqual([dates[0]]);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      "SELECT relname FROM pg_class WHERE relname ~ '^measurement_(1999|2031)_..$' ORDER BY 1",
    );
    await client.end();
    expect(rows.map((row) => row.relname)).toEqual([
      'measurement_1999_12',
      'measurement_2031_02',
      'measurement_2031_03',
    ]);
  });

  it('reads nothing of a stream that was never pulled', async () => {
    const { measurements } = fixture.store;
    expect(await measurements.read(source('never'), always)).toEqual([]);
    expect(await measurements.ingest(pullOf([], 'never'))).toMatchObject({ inserted: 0, changed: [] });
  });

  it('loses nothing when two processes store the same stream at once', async () => {
    const other = await fixture.another();
    const rows = (offset: number) =>
      Array.from({ length: 300 }, (_, hour) =>
        sample(midnightMs + (hour + offset) * hourMs, hour + offset, { labels: { shop: 'de' } }),
      );
    const results = await Promise.all([
      fixture.store.measurements.ingest(pullOf(rows(0), 'concurrent', 'pull-a')),
      other.measurements.ingest(pullOf(rows(150), 'concurrent', 'pull-b')),
      fixture.store.measurements.ingest(pullOf(rows(75), 'concurrent', 'pull-c')),
      other.measurements.ingest(pullOf(rows(75), 'concurrent', 'pull-d')),
    ]);
    expect(results.reduce((sum, one) => sum + one.inserted, 0)).toBe(450);
    expect(results.reduce((sum, one) => sum + one.revisions, 0)).toBe(0);
    const stored = await fixture.store.measurements.read(source('concurrent'), always);
    expect(stored.map((one) => one.value)).toEqual(Array.from({ length: 450 }, (_, value) => value));
    expect(await fixture.store.measurements.series(source('concurrent'))).toHaveLength(1);
  });

  it('makes each new month once when four processes reach it at once', async () => {
    const stores = [fixture.store, ...(await Promise.all([1, 2, 3].map(() => fixture.another())))];
    for (let year = 2040; year < 2043; year += 1) {
      const results = await Promise.all(
        stores.map((store, index) =>
          store.measurements.ingest(
            pullOf(
              [0, 1, 2].map((month) => sample(Date.UTC(year, month + index, 3), month)),
              `race-${index}`,
            ),
          ),
        ),
      );
      expect(results.map(({ inserted }) => inserted)).toEqual([3, 3, 3, 3]);
    }
  });

  it('keeps what was read later, when a pull that asked earlier is stored last', async () => {
    const { store, clock } = fixture;
    const at = (value: number, pullId: string, askedMs: number, status: 'provisional' | 'final' = 'provisional') => ({
      ...pullOf([sample(midnightMs, value, { status })], 'overlap', pullId),
      observedAtMs: clock.nowMs() + askedMs,
    });
    await store.measurements.ingest(at(10, 'first', -60_000));
    await store.measurements.ingest(at(12, 'younger', -10_000));
    expect(await store.measurements.ingest(at(10, 'older', -20_000))).toEqual({
      inserted: 0,
      revisions: 0,
      finalised: 0,
      unchanged: 1,
      repeated: 0,
      changed: [],
    });
    expect(await store.measurements.read(source('overlap'), always)).toMatchObject([
      { value: 12, revision: 2, pullId: 'younger', status: 'provisional' },
    ]);
    // What a clock that ran ahead has written is corrected all the same.
    await store.measurements.ingest(at(13, 'wrong clock', dayMs));
    expect(await store.measurements.ingest(at(14, 'right clock', 0))).toMatchObject({ revisions: 1 });
  });

  it('lets the second of two pulls of one stream wait for the first, and then see what that one stored', async () => {
    const other = await fixture.another();
    // A month that nothing else here uses: the second also makes its partition while the first is under way.
    const rows = [sample(Date.UTC(2027, 3, 1), 1), sample(Date.UTC(2027, 3, 1, 1), 2)];
    await fixture.store.measurements.ingest(pullOf([sample(midnightMs, 0)], 'waiting'));
    let second: Promise<unknown> = Promise.resolve();
    const client = new Client({ connectionString: fixture.database.url });
    await client.connect();
    await fixture.store.transaction(async (repositories) => {
      await repositories.measurements.ingest(pullOf(rows, 'waiting', 'pull-a'));
      second = other.measurements.ingest(pullOf([...rows, sample(Date.UTC(2027, 4, 1), 3)], 'waiting', 'pull-b'));
      await pollUntil('the second pull waits', async () => {
        const waiting = await client.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        return waiting.rowCount === 1;
      });
    });
    await client.end();
    expect(await second).toMatchObject({ inserted: 1, revisions: 0, unchanged: 2 });
  });

  it('stores more rows than one statement takes, and says of each whether it changed', async () => {
    const { measurements } = fixture.store;
    const rows = Array.from({ length: 12_345 }, (_, minute) =>
      sample(midnightMs + minute * 60_000, minute, { durationMs: 60_000 }),
    );
    expect(await measurements.ingest(pullOf(rows, 'many'))).toMatchObject({ inserted: 12_345 });
    const corrected = rows.map((row, index) => (index % 1_000 === 7 ? { ...row, value: -1 } : row));
    const result = await measurements.ingest(pullOf(corrected, 'many'));
    expect(result).toMatchObject({ inserted: 0, revisions: 13, unchanged: 12_332 });
    expect(result.changed.map((one) => (one.atMs - midnightMs) / 60_000)).toEqual(
      Array.from({ length: 13 }, (_, index) => index * 1_000 + 7),
    );
  });

  it('refuses NaN and infinite values, and stores nothing of that ingest', async () => {
    const { measurements } = fixture.store;
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      await expect(
        measurements.ingest(pullOf([sample(midnightMs, 1), sample(midnightMs + hourMs, bad)], 'bad')),
      ).rejects.toMatchObject({ name: 'OutturnError' });
    }
    expect(await measurements.read(source('bad'), always)).toEqual([]);
  });

  it('keeps a stored sample from being overwritten or deleted by any statement', async () => {
    await fixture.store.measurements.ingest(pullOf([sample(midnightMs, 1, { status: 'provisional' })], 'guarded'));
    const client = new Client({ connectionString: fixture.database.url });
    await client.connect();
    try {
      const where = `series_id = (SELECT id FROM series WHERE stream = 'guarded')`;
      for (const statement of [
        `UPDATE measurement SET value = 2 WHERE ${where}`,
        `UPDATE measurement SET status = 'final' WHERE ${where}`,
        `UPDATE measurement SET value = 2, finalised_at = now(), finalised_by_pull_id = 'x' WHERE ${where}`,
        `DELETE FROM measurement WHERE ${where}`,
        'TRUNCATE measurement',
      ]) {
        await expect(client.query(statement)).rejects.toThrow('append-only');
      }
    } finally {
      await client.end();
    }
  });
});
