import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Project, RoiOutputs } from '#domain';
import type { RoiSnapshot } from '#kit';
import { byTest, draftsOf, metricDefaults, outputDefaults, projectDefaults } from '../../factories/value.ts';
import { dayMs, type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const project = (id: string, changes: Partial<Project> = {}): Project => ({
  id,
  name: `Project ${id}`,
  portfolio: 'shop',
  sponsor: null,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  startsOn: '2026-05-27',
  horizonEndsOn: '2029-01-01',
  ...projectDefaults,
  timing: 'end',
  metrics: [
    {
      id: 'failed-checkouts',
      name: 'Failed checkouts',
      owner: null,
      benefitClass: 'cash-releasing',
      kind: 'flow',
      unit: 'failures',
      direction: 'down',
      source: { connector: 'shop-metrics', stream: 'failed-checkouts', labels: {} },
      denominator: null,
      exposure: null,
      cadence: 'week',
      freshnessLimitMs: 2 * dayMs,
      baseline: { kind: 'value', value: '118', n: null, sd: null, approvedBy: null, frozenOn: null },
      ...metricDefaults,
      target: null,
      rates: [{ from: '2026-01-01', to: null, amount: '4.50', currency: 'EUR', per: 'failure', perPeriod: null }],
      attribution: '0.8',
      deadweight: '0',
      displacement: '0',
      confidence: '0.9',
      startsOn: '2026-07-01',
      endsOn: null,
    },
  ],
  costSources: [],
  manualCosts: [],
  ...changes,
});

const outputs = (projectId: string, npv: string): RoiOutputs => ({
  projectId,
  asOf: '2026-06-30',
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  basis: 'closed periods to 1 Jul 2026',
  benefitToDate: null,
  unadjustedBenefitToDate: null,
  costToDate: null,
  pvBenefits: null,
  pvCosts: null,
  npv,
  roi: null,
  realisedRoi: null,
  bcr: null,
  irr: { status: 'not-applicable', value: null, roots: [] },
  payback: { years: null, date: null, crossesBack: false },
  discountedPayback: { years: null, date: null, crossesBack: false },
  coverage: { expected: 0, received: 0, ratio: null },
  cashFlows: [],
  metrics: [],
  costs: {
    toDate: null,
    budget: null,
    commitments: null,
    actual: null,
    accrual: null,
    forecast: null,
    corrections: null,
    estimateAtCompletion: null,
    capex: null,
    opex: null,
    oneOff: null,
    run: null,
    problems: [],
    problemCount: 0,
    lineCount: 0,
    byPool: [],
  },
  warnings: [],
  ...outputDefaults,
});

const snapshot = (
  projectId: string,
  id: string,
  inputsHash: string,
  changes: Partial<RoiSnapshot> = {},
): Omit<RoiSnapshot, 'createdAtMs'> => ({
  versions: null,
  id,
  projectId,
  asOf: '2026-06-30',
  knownAtMs: fixture.clock.nowMs(),
  engineVersion: '1',
  inputsHash,
  outputs: outputs(projectId, inputsHash),
  ...changes,
});

describe('projects', () => {
  it('makes the stored projects equal to the configuration, and keeps those that left it as retired', async () => {
    const { projects } = fixture.store;
    const [a, b] = [project('a'), project('b')];
    expect(await projects.apply(draftsOf(a, b), byTest)).toEqual({ created: ['a', 'b'], changed: [], retired: [] });
    expect(await projects.apply(draftsOf(b, a), byTest)).toEqual({ created: [], changed: [], retired: [] });
    const renamed = { ...a, name: 'Renamed', metrics: [] };
    expect(await projects.apply(draftsOf(renamed), byTest)).toEqual({ created: [], changed: ['a'], retired: ['b'] });
    expect(await projects.get('a')).toEqual(renamed);
    expect(await projects.get('b')).toEqual(b);
    expect(await projects.apply(draftsOf(renamed, b), byTest)).toEqual({ created: [], changed: ['b'], retired: [] });
    expect(await projects.get('no such project')).toBeNull();
  });

  it('gives a project back byte for byte, so that what is hashed from it is the same', async () => {
    const { projects } = fixture.store;
    const before = project('bytes');
    await projects.apply(draftsOf(before), byTest);
    expect(JSON.stringify(await projects.get('bytes'))).toBe(JSON.stringify(before));
  });

  it('lets two processes synchronise at the same time', async () => {
    const other = await fixture.another();
    const results = await Promise.all(
      [fixture.store, other, fixture.store, other].map((store) =>
        store.projects.apply(draftsOf(project('racing')), byTest),
      ),
    );
    expect(results.flatMap((result) => result.created)).toEqual(['racing']);
  });
});

describe('snapshots', () => {
  it('gives the row that is there for the same inputs, also to two recomputes at once', async () => {
    const { snapshots } = fixture.store;
    const saved = await Promise.all([
      snapshots.save(snapshot('same', 'same-1', 'hash')),
      snapshots.save(snapshot('same', 'same-2', 'hash')),
    ]);
    expect(saved.map((one) => one.created).sort()).toEqual([false, true]);
    expect(saved[0].snapshot).toEqual(saved[1].snapshot);
    expect(await snapshots.history('same', 10)).toHaveLength(1);
    expect((await snapshots.save(snapshot('same', 'same-3', 'hash', { engineVersion: '2' }))).created).toBe(true);
  });

  it('keeps the outputs byte for byte', async () => {
    const { snapshots } = fixture.store;
    const wanted = snapshot('bytes', 'bytes-1', 'hash');
    await snapshots.save(wanted);
    expect(JSON.stringify((await snapshots.get('bytes-1'))?.outputs)).toBe(JSON.stringify(wanted.outputs));
  });

  it('knows which snapshot holds now: not one of a past date, the last one also when a clock was put back, and again the old one when a correction was undone', async () => {
    const { store, clock } = fixture;
    const latest = async () => (await store.snapshots.latest('now'))?.id;
    await store.snapshots.save(snapshot('now', 'now-a', 'a'));
    const thenMs = clock.nowMs();
    clock.advance(dayMs);
    await store.snapshots.save(snapshot('now', 'now-b', 'b'));
    expect(await latest()).toBe('now-b');
    await store.snapshots.save(snapshot('now', 'now-past-date', 'c', { asOf: '2026-05-31' }));
    expect(await latest()).toBe('now-b');
    await store.snapshots.save(snapshot('now', 'now-clock-put-back', 'd', { knownAtMs: thenMs }));
    expect(await latest()).toBe('now-clock-put-back');
    clock.advance(dayMs);
    expect(await store.snapshots.save(snapshot('now', 'now-e', 'a'))).toMatchObject({ created: false });
    expect(await latest()).toBe('now-a');
    expect((await store.snapshots.history('now', 2)).map((one) => one.id)).toEqual([
      'now-clock-put-back',
      'now-past-date',
    ]);
    expect(await store.snapshots.latest('no such project')).toBeNull();
  });

  it('keeps a snapshot from being changed or deleted by any statement', async () => {
    await fixture.store.snapshots.save(snapshot('guarded', 'guarded-1', 'hash'));
    const client = new Client({ connectionString: fixture.database.url });
    await client.connect();
    try {
      for (const statement of [
        "UPDATE roi_snapshot SET outputs = '{}'",
        'DELETE FROM roi_snapshot',
        'TRUNCATE roi_snapshot CASCADE',
      ]) {
        await expect(client.query(statement)).rejects.toThrow('append-only');
      }
    } finally {
      await client.end();
    }
  });
});

describe('reports', () => {
  it('records one report for each snapshot and format', async () => {
    const { store, clock } = fixture;
    await store.snapshots.save(snapshot('reported', 'reported-1', '1'));
    await store.snapshots.save(snapshot('reported', 'reported-2', '2'));
    const report = (id: string, snapshotId: string, format: 'html' | 'csv') => ({
      id,
      projectId: 'reported',
      snapshotId,
      format,
      objectKey: `reports/${id}`,
      location: `/objects/reports/${id}`,
      sha256: 'b'.repeat(64),
      bytes: 1_000,
    });
    const first = await store.reports.record(report('r1', 'reported-1', 'html'));
    expect(await store.reports.record(report('r2', 'reported-1', 'html'))).toEqual(first);
    await store.reports.record(report('r3', 'reported-1', 'csv'));
    clock.advance(1);
    await store.reports.record(report('r4', 'reported-2', 'html'));
    expect(await store.reports.find('reported-1', 'html')).toEqual(first);
    expect(await store.reports.find('reported-2', 'csv')).toBeNull();
    expect((await store.reports.latest('reported')).map((one) => one.id)).toEqual(['r3', 'r4']);
  });
});

describe('dirty periods', () => {
  it('are marked once, taken once, and stay when the recompute that took them fails', async () => {
    const { dirty, transaction } = fixture.store;
    const period = (metricId: string, from: string) => ({ projectId: 'dirty', metricId, period: from });
    const rows = [period('m', '2026-06-01'), period('m', '2026-06-08'), period('n', '2026-06-01')];
    await dirty.mark([...rows, ...rows.slice(0, 1)], 'pull-1');
    await dirty.mark([], 'pull-1');
    await dirty.mark(rows.slice(1), 'pull-2');
    await expect(
      transaction(async (repositories) => {
        expect(await repositories.dirty.take('dirty')).toEqual(rows);
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect(await dirty.list()).toEqual(rows);
    expect(await dirty.take('another')).toEqual([]);
    expect(await dirty.take('dirty')).toEqual(rows);
    expect(await dirty.take('dirty')).toEqual([]);
  });
});
