import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FxRate } from '#domain';
import type { IngestQuote } from '#kit';
import { dayMs, type StoreFixture, storeFixture } from './fixtures.ts';

const quote = (currency: string, date: string, rate: string, base = 'EUR'): IngestQuote => ({
  base,
  quote: currency,
  date,
  rate,
  pageHash: 'a'.repeat(64),
});
const configured = (from: string, rate: string, validFrom = '2026-01-01'): FxRate => ({
  from,
  to: 'EUR',
  rate,
  validFrom,
  validTo: null,
  source: 'treasury',
});

describe('exchange rates in the store', () => {
  let fixture: StoreFixture;
  let pulls = 0;
  beforeAll(async () => {
    fixture = await storeFixture();
  });
  afterAll(async () => fixture?.close());

  const ingest = (rows: IngestQuote[], { connector = 'ecb', observedAtMs = fixture.clock.nowMs() } = {}) =>
    fixture.store.fx.ingest({ connector, stream: 'daily', pullId: `pull-${++pulls}`, observedAtMs, rows });
  const read = (currencies: string[], from = '2026-06-01', to = '2026-07-01', knownAtMs?: number) =>
    fixture.store.fx.read({ currencies, from, to, knownAtMs });

  async function run(statement: string): Promise<void> {
    const client = new Client({ connectionString: fixture.database.url });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }

  it('keeps each quote once, says which currencies changed, and gives back the digits that were published', async () => {
    const rows = [
      quote('USD', '2026-06-01', '1.1700'),
      quote('USD', '2026-06-02', '1.18'),
      quote('JPY', '2026-06-01', '168.93'),
    ];
    expect(await ingest(rows)).toEqual({
      inserted: 3,
      revisions: 0,
      unchanged: 0,
      changed: [
        { currency: 'JPY', first: '2026-06-01', last: '2026-06-01' },
        { currency: 'USD', first: '2026-06-01', last: '2026-06-02' },
      ],
    });
    expect(await ingest([quote('USD', '2026-06-01', '1.17')])).toEqual({
      inserted: 0,
      revisions: 0,
      unchanged: 1,
      changed: [],
    });
    expect(await read(['USD', 'EUR'])).toEqual([
      { source: 'ecb/daily', base: 'EUR', quote: 'USD', date: '2026-06-01', rate: '1.1700' },
      { source: 'ecb/daily', base: 'EUR', quote: 'USD', date: '2026-06-02', rate: '1.18' },
    ]);
  });

  it('a corrected quote is one more revision; what was known before it can still be read, with its pull', async () => {
    const before = fixture.clock.nowMs();
    fixture.clock.advance(dayMs);
    expect(await ingest([quote('USD', '2026-06-01', '1.1689')])).toMatchObject({
      revisions: 1,
      changed: [{ currency: 'USD', first: '2026-06-01', last: '2026-06-01' }],
    });
    expect((await read(['USD'])).map(({ rate }) => rate)).toEqual(['1.1689', '1.18']);
    expect((await read(['USD'], '2026-06-01', '2026-07-01', before)).map(({ rate }) => rate)).toEqual([
      '1.1700',
      '1.18',
    ]);
    const key = { source: 'ecb/daily', base: 'EUR', quote: 'USD', date: '2026-06-01' };
    expect(await fixture.store.fx.find(key)).toMatchObject({ revision: 2, rate: '1.1689', pullId: `pull-${pulls}` });
    expect(await fixture.store.fx.find(key, { knownAtMs: before })).toMatchObject({ revision: 1, pullId: 'pull-1' });
    expect(await fixture.store.fx.find({ ...key, date: '2026-05-31' })).toBeNull();
  });

  it('of two pulls that overlap the one that asked later counts, whichever is stored last', async () => {
    const asked = fixture.clock.nowMs();
    fixture.clock.advance(1_000);
    await ingest([quote('SEK', '2026-06-03', '11.1')]);
    expect(await ingest([quote('SEK', '2026-06-03', '10.9')], { observedAtMs: asked })).toMatchObject({ revisions: 0 });
    expect((await read(['SEK']))[0]).toMatchObject({ rate: '11.1' });
  });

  it('gives the dates asked for only, of the currencies asked for, also those that another base quotes in euros', async () => {
    await ingest([quote('EUR', '2026-06-02', '0.5113', 'BGN'), quote('CHF', '2026-06-02', '0.48', 'BGN')], {
      connector: 'bnb',
    });
    expect(
      (await read(['BGN', 'USD'], '2026-06-02', '2026-06-03')).map((row) => `${row.source} ${row.base}${row.quote}`),
    ).toEqual(['bnb/daily BGNEUR', 'ecb/daily EURUSD']);
    expect(await read([])).toEqual([]);
  });

  it('counts each date once in its coverage, however often it was corrected', async () => {
    expect((await fixture.store.fx.coverage()).find(({ quote: code }) => code === 'USD')).toEqual({
      source: 'ecb/daily',
      base: 'EUR',
      quote: 'USD',
      first: '2026-06-01',
      last: '2026-06-02',
      count: 2,
    });
  });

  it('refuses to have a quote changed or taken away', async () => {
    for (const statement of ['UPDATE fx_quote SET rate = 1', 'DELETE FROM fx_quote', 'TRUNCATE fx_table'])
      await expect(run(statement), statement).rejects.toThrow();
  });

  it('configured rates are versions: the same ones again write nothing, others name their currencies, old ones stay readable', async () => {
    const { fx } = fixture.store;
    expect(await fx.configuredAt()).toEqual([]);
    const usd = configured('USD', '0.91');
    const vnd = configured('VND', '0.000035');
    expect(await fx.applyConfigured([], { by: 'anna' })).toEqual({ version: 0, changed: false, currencies: [] });
    expect(await fx.applyConfigured([usd, vnd], { by: 'anna' })).toEqual({
      version: 1,
      changed: true,
      currencies: ['EUR', 'USD', 'VND'],
    });
    expect(await fx.applyConfigured([vnd, usd], { by: 'ben' })).toMatchObject({ version: 1, changed: false });
    const before = fixture.clock.nowMs();
    fixture.clock.advance(dayMs);
    expect(await fx.applyConfigured([configured('USD', '0.92'), vnd], { by: 'ben' })).toEqual({
      version: 2,
      changed: true,
      currencies: ['EUR', 'USD'],
    });
    expect((await fx.configuredAt()).map(({ rate }) => rate)).toEqual(['0.92', '0.000035']);
    expect(await fx.configuredAt(before)).toEqual([usd, vnd]);
    expect(await fx.configuredVersionAt(before)).toMatchObject({ version: 1, appliedBy: 'anna', recordedAtMs: before });
    await expect(run('DELETE FROM fx_table')).rejects.toThrow();
    expect(await fx.applyConfigured([], { by: 'ben' })).toMatchObject({ version: 3, changed: true });
    expect(await fx.configuredAt()).toEqual([]);
  });

  it('names the currencies of stored cost lines', async () => {
    expect(await fixture.store.fx.costCurrencies()).toEqual([]);
  });
});
