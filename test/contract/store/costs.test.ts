import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IngestCost } from '#kit';
import { cost, dayMs, midnightMs, type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const linesOf = (stream: string, rows: readonly IngestCost[], pullId = 'pull-1', observedAtMs = midnightMs) => ({
  connector: 'sap',
  stream,
  pullId,
  observedAtMs,
  rows,
});
const of = (stream: string, projectRef = 'P-1001') => ({ connector: 'sap', stream, projectRef });

describe('cost lines', () => {
  it('adds nothing when the same lines come again, also when the amount is only written otherwise', async () => {
    const { costs } = fixture.store;
    expect(await costs.ingest(linesOf('same', [cost('1/1', '12000'), cost('1/2', '0.10')]))).toEqual({
      inserted: 2,
      revisions: 0,
      unchanged: 0,
      projectRefs: ['P-1001'],
    });
    expect(await costs.ingest(linesOf('same', [cost('1/1', '12000.00'), cost('1/2', '0.1')]))).toEqual({
      inserted: 0,
      revisions: 0,
      unchanged: 2,
      projectRefs: [],
    });
  });

  it('keeps every digit of an amount', async () => {
    const { costs } = fixture.store;
    const amount = '-12345678901234567890.123456789012345678';
    await costs.ingest(linesOf('digits', [cost('1/1', amount)]));
    expect((await costs.read(of('digits')))[0]?.amount).toBe(amount);
  });

  it('makes a revision of a corrected line, and still reads the old one as known then', async () => {
    const { store, clock } = fixture;
    await store.costs.ingest(linesOf('corrected', [cost('1/1', '100', { text: 'Licences', cashDate: '2026-07-01' })]));
    const thenMs = clock.nowMs();
    clock.advance(dayMs);
    expect(await store.costs.ingest(linesOf('corrected', [cost('1/1', '90')], 'pull-2'))).toMatchObject({
      revisions: 1,
    });
    expect(await store.costs.read(of('corrected'))).toMatchObject([
      { amount: '90', revision: 2, pullId: 'pull-2', text: null },
    ]);
    expect(await store.costs.read({ ...of('corrected'), knownAtMs: thenMs })).toMatchObject([
      { amount: '100', revision: 1, text: 'Licences', cashDate: '2026-07-01' },
    ]);
  });

  it('keeps what was read later, when a pull that asked earlier is stored last', async () => {
    const { store, clock } = fixture;
    const at = (rows: readonly IngestCost[], pullId: string, askedMs: number) =>
      linesOf('overlap', rows, pullId, clock.nowMs() + askedMs);
    await store.costs.ingest(at([cost('1/1', '100')], 'first', -60_000));
    await store.costs.ingest(at([cost('1/1', '90')], 'younger', -10_000));
    expect(await store.costs.ingest(at([cost('1/1', '100'), cost('1/2', '7')], 'older', -20_000))).toEqual({
      inserted: 1,
      revisions: 0,
      unchanged: 1,
      projectRefs: ['P-1001'],
    });
    expect((await store.costs.read(of('overlap'))).map(({ amount, pullId }) => [amount, pullId])).toEqual([
      ['90', 'younger'],
      ['7', 'older'],
    ]);
    // What a clock that ran ahead has written is corrected all the same.
    await store.costs.ingest(at([cost('1/1', '80')], 'wrong clock', dayMs));
    expect(await store.costs.ingest(at([cost('1/1', '85')], 'right clock', 0))).toMatchObject({ revisions: 1 });
  });

  it('takes a line away from the project that it left, and names both projects as affected', async () => {
    const { costs } = fixture.store;
    await costs.ingest(linesOf('moved', [cost('1/1', '100'), cost('1/2', '7')]));
    const moved = await costs.ingest(linesOf('moved', [cost('1/1', '100', { projectRef: 'P-2002' })]));
    expect(moved.projectRefs).toEqual(['P-1001', 'P-2002']);
    expect((await costs.read(of('moved'))).map((line) => line.sourceKey)).toEqual(['1/2']);
    expect((await costs.read(of('moved', 'P-2002'))).map((line) => line.sourceKey)).toEqual(['1/1']);
  });

  it('reads by posting date, the end excluded, and forgets a date that was corrected away', async () => {
    const { costs } = fixture.store;
    const dates = ['2026-05-31', '2026-06-01', '2026-06-30', '2026-07-01'];
    await costs.ingest(
      linesOf(
        'dates',
        dates.map((postingDate) => cost(postingDate, '1', { postingDate })),
      ),
    );
    const june = { ...of('dates'), from: '2026-06-01', to: '2026-07-01' };
    expect((await costs.read(june)).map((line) => line.postingDate)).toEqual(['2026-06-01', '2026-06-30']);
    await costs.ingest(linesOf('dates', [cost('2026-06-30', '1', { postingDate: '2026-08-15' })]));
    expect((await costs.read(june)).map((line) => line.postingDate)).toEqual(['2026-06-01']);
  });

  it('refuses an amount that is no number and a currency that is no code, and stores nothing of that ingest', async () => {
    const { costs } = fixture.store;
    for (const bad of [
      cost('2', 'NaN'),
      cost('2', 'Infinity'),
      cost('2', 'twelve'),
      cost('2', '1', { currency: 'euro' }),
    ]) {
      await expect(costs.ingest(linesOf('bad', [cost('1', '1'), bad]))).rejects.toMatchObject({ name: 'OutturnError' });
    }
    expect(await costs.read(of('bad'))).toEqual([]);
  });

  it('stores text that PostgreSQL itself would refuse', async () => {
    const { costs } = fixture.store;
    await costs.ingest(linesOf('text', [cost('1', '1', { text: 'a\0b \ud800' })]));
    expect((await costs.read(of('text')))[0]?.text).toBe('a\ufffdb \ufffd');
  });
});
