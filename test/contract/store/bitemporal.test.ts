import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addDays, canonicalJson, type Project, startOfDayMs } from '#domain';
import { type Config, figuresAt, type IngestCost, type Registry, recompute } from '#kit';
import { dirtyPeriods } from '#src/ingest/affected';
import { baselineWindow, byTest, costWith, draftsOf, metricWith, projectWith } from '../../factories/value.ts';
import { type StoreFixture, storeFixture } from './fixtures.ts';

const DAY = 86_400_000;
const zone = 'Europe/Berlin';
const metric = metricWith({
  cadence: 'month',
  baseline: { ...baselineWindow('2025-12-01', '2026-01-01'), frozenOn: '2026-01-10' },
});
const project = projectWith([metric], {
  id: 'past',
  timeZone: zone,
  costSources: [{ connector: 'sap', stream: 'costs', projectRef: 'P-1' }],
});
const config = { connectors: [] } as unknown as Config;
const registry: Registry = { connectorKind: () => undefined };

const dayMs = (date: string): number => startOfDayMs(date, zone);
/** Daily samples of [from, to), each of the same value. */
const days = (from: string, to: string, value: number, status: 'final' | 'provisional' = 'final') => {
  const rows = [];
  for (let date = from; date < to; date = addDays(date, 1))
    rows.push({
      labels: { shop: 'one' },
      unit: 'failures',
      atMs: dayMs(date),
      durationMs: DAY,
      value,
      status,
      pageHash: 'a'.repeat(64),
    });
  return rows;
};
const cost = (amount: string, changes: Partial<IngestCost> = {}): IngestCost => ({
  ...costWith({ sourceKey: 'doc-1', amount }),
  pageHash: null,
  ...changes,
});

describe('what was known in the past', () => {
  let fixture: StoreFixture;
  beforeAll(async () => {
    fixture = await storeFixture();
  });
  afterAll(() => fixture?.close());

  async function pull(rows: ReturnType<typeof days>, stream = 'failures'): Promise<void> {
    const { store, clock } = fixture;
    const pullId = randomUUID();
    await store.transaction(async (tx) => {
      const observedAtMs = clock.nowMs();
      const { changed } = await tx.measurements.ingest({ connector: 'shop', stream, pullId, observedAtMs, rows });
      const projects = await tx.projects.list();
      await tx.dirty.mark(dirtyPeriods(projects, { connector: 'shop', stream }, changed), pullId);
      await tx.watermarks.advance({ connector: 'sap', stream: 'costs', watermarkMs: observedAtMs, pullId });
    });
  }
  const bill = (row: IngestCost) =>
    fixture.store.costs.ingest({
      connector: 'sap',
      stream: 'costs',
      pullId: randomUUID(),
      observedAtMs: fixture.clock.nowMs(),
      rows: [row],
    });
  const compute = (asOf?: string) =>
    fixture.store.transaction(
      (tx) =>
        recompute({ config, registry, clock: fixture.clock, newId: randomUUID }, tx, {
          projectId: project.id,
          asOf,
          full: false,
          signal: AbortSignal.timeout(60_000),
          progress: () => {},
        }),
      { oneInstant: true },
    );
  const at = (asOf: string, knownAtMs: number) =>
    figuresAt({ config, registry, store: fixture.store, clock: fixture.clock }, project.id, { asOf, knownAtMs });

  it('is found again byte for byte after any number of restatements', async () => {
    const { store, clock } = fixture;
    clock.set(Date.parse('2026-01-05T08:00:00Z'));
    await store.projects.apply(draftsOf(project), byTest);
    await pull(days('2025-12-01', '2026-01-01', 10));
    clock.set(Date.parse('2026-07-05T08:00:00Z'));
    await pull([...days('2026-01-01', '2026-06-01', 4), ...days('2026-06-01', '2026-07-01', 4, 'provisional')]);
    await bill(cost('1000'));
    const { snapshot } = await compute('2026-06-30');
    const today = await compute();
    const thenMs = clock.nowMs();

    for (let round = 1; round <= 3; round++) {
      clock.advance(DAY);
      await pull([...days('2026-02-01', '2026-03-01', 4 + round), ...days('2026-06-01', '2026-07-01', 4)]);
      await pull(days('2025-12-05', '2025-12-09', 90 + round));
      await bill(cost(String(1000 + round)));
      const changed: Project = {
        ...project,
        name: `Renamed ${round}`,
        metrics: [{ ...metric, attribution: `0.${round}` }],
      };
      await store.projects.apply(draftsOf(changed), byTest);
      expect((await compute()).created).toBe(true);
    }
    const endOfDayMs = dayMs('2026-07-06') - 1;
    for (const knownAtMs of [thenMs, endOfDayMs]) {
      const again = await at('2026-06-30', knownAtMs);
      expect(again.inputsHash).toBe(snapshot.inputsHash);
      expect(canonicalJson(again.outputs)).toBe(canonicalJson(snapshot.outputs));
      expect(again.versions).toEqual(snapshot.versions);
    }
    expect((await at('2026-07-05', thenMs)).inputsHash).toBe(today.snapshot.inputsHash);
    const now = await at('2026-06-30', clock.nowMs());
    expect(now.outputs.costToDate).toBe('1003');
    expect(now.outputs.metrics[0]?.periods.find(({ from }) => from === '2026-06-01')?.status).toBe('closed');
    expect(snapshot.outputs.metrics[0]?.periods.find(({ from }) => from === '2026-06-01')?.status).toBe('provisional');
    // Frozen on 10 January: what the source says of December afterwards is another matter.
    expect(now.outputs.metrics[0]?.baseline?.value).toBe('310');
  });

  it('of cost sources that nobody had read by then is that they were not read', async () => {
    const early = await at('2026-01-04', Date.parse('2026-01-05T07:00:00Z') + 3_600_001);
    expect(early.input.unreadCostSources).toEqual([]);
    const before = fixture.clock.nowMs();
    await expect(at('2025-12-31', Date.parse('2026-01-05T07:00:00Z'))).rejects.toMatchObject({ code: 'not-found' });
    expect(fixture.clock.nowMs()).toBe(before);
  });

  it('and what has changed since stands in the ledger, each change once, which no statement can alter', async () => {
    const { store, clock } = fixture;
    const rows = await store.restatements.list({ projectId: project.id, limit: 100 });
    const costs = rows.filter(({ kind }) => kind === 'cost');
    expect(costs.map(({ oldAmount, newAmount, cause }) => [oldAmount, newAmount, cause.kind])).toEqual([
      ['1002', '1003', 'cost-amount'],
      ['1001', '1002', 'cost-amount'],
      ['1000', '1001', 'cost-amount'],
    ]);
    const february = rows.filter(({ kind, period }) => kind === 'benefit' && period === '2026-02-01');
    expect(february.map(({ oldActual, newActual, cause }) => [oldActual, newActual, cause.kind])).toEqual([
      ['168', '196', 'corrected-samples'],
      ['140', '168', 'corrected-samples'],
      ['112', '140', 'corrected-samples'],
    ]);
    expect(rows.find(({ period, kind }) => kind === 'benefit' && period === '2026-03-01')?.cause.kind).toBe('factors');
    // June counted for the first time when it became final: nothing had been said of it before.
    expect(rows.filter(({ period }) => period === '2026-06-01').every(({ cause }) => cause.kind === 'factors')).toBe(
      true,
    );
    clock.advance(60_000);
    expect(await compute()).toMatchObject({ restated: 0 });
    expect(await store.restatements.list({ projectId: project.id, limit: 100 })).toHaveLength(rows.length);
    expect(await store.restatements.list({ projectId: project.id, before: rows[0]?.id, limit: 2 })).toEqual(
      rows.slice(1, 3),
    );
  });
});
