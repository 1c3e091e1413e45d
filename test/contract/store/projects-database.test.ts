import { randomUUID } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Project, ValueMetric } from '#domain';
import { migrate, openStore } from '#src/store/index';
import { byTest, draftsOf, metricDefaults, metricWith, projectWith } from '../../factories/value.ts';
import { emptyDatabase, silentLog, type TestDatabase } from '../../harness/database.ts';
import { resolver, type StoreFixture, storeFixture } from './fixtures.ts';

const released = fileURLToPath(new URL('../../../migrations', import.meta.url));
/** The newest migration that a release before the whole value model had. */
const LANDED = 10;

describe('a database that an earlier release wrote', () => {
  let database: TestDatabase;
  let directory: string;
  beforeEach(async () => {
    database = await emptyDatabase();
    directory = await mkdtemp(join(tmpdir(), 'outturn-landed-'));
    for (const name of await readdir(released))
      if (Number.parseInt(name, 10) <= LANDED) await cp(join(released, name), join(directory, name));
    await migrate({ url: database.url, log: silentLog, directory });
  });
  afterEach(async () => {
    await database.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** As release 0.1 wrote it: no plans, no conventions, one rate for the whole horizon. */
  function earlier(id: string): object {
    const { counterfactual, stockValuation, dropOff, ramp, startRule, hasStarted, claimKey, ...metric } = metricWith();
    expect(Object.keys({ counterfactual, stockValuation, dropOff, ramp, startRule, hasStarted, claimKey })).toEqual(
      Object.keys(metricDefaults),
    );
    const [rate] = metric.rates;
    const { perPeriod: _, ...plainRate } = rate ?? metric.rates[0]!;
    return {
      id,
      name: 'Checkout rewrite',
      portfolio: null,
      sponsor: null,
      currency: 'EUR',
      timeZone: 'Europe/Berlin',
      startsOn: '2026-01-01',
      horizonYears: 3,
      discountRate: '0.08',
      timing: 'end',
      metrics: [
        {
          ...metric,
          baseline: { kind: 'value', value: '119' },
          counterfactual: { kind: 'constant' },
          rates: [plainRate],
        },
      ],
      costSources: [],
      manualCosts: [],
    };
  }

  it('keeps its projects: each is read in the form of this release, applying the same again changes nothing', async () => {
    const updatedAtMs = Date.parse('2026-06-01T10:00:00Z');
    const client = new Client({ connectionString: database.url });
    await client.connect();
    for (const [id, retiredAt] of [
      ['checkout', null],
      ['gone', '2026-06-15T10:00:00Z'],
    ])
      await client.query(
        `INSERT INTO project (id, name, currency, time_zone, starts_on, definition, created_at, updated_at, retired_at)
         VALUES ($1, 'Checkout rewrite', 'EUR', 'Europe/Berlin', '2026-01-01', $2, '2026-05-01', $3, $4)`,
        [id, JSON.stringify(earlier(id ?? '')), new Date(updatedAtMs), retiredAt],
      );
    await client.end();
    await migrate({ url: database.url, log: silentLog });
    const store = await openStore({
      url: database.url,
      resolver,
      clock: { nowMs: () => Date.parse('2026-07-01T08:00:00Z') },
      newId: randomUUID,
      log: silentLog,
      applicationName: 'outturn test',
    });
    try {
      const wanted = projectWith([metricWith()], { simulation: { seed: 1, draws: 1000 } });
      expect(await store.projects.list()).toEqual([wanted]);
      expect(await store.projects.versionAt('checkout', updatedAtMs - 1)).toBeNull();
      expect(await store.projects.versionAt('checkout', updatedAtMs)).toMatchObject({ version: 1, managed: 'config' });
      expect((await store.projects.versions('gone')).map(({ isRetired }) => isRetired)).toEqual([true, false]);
      expect(await store.projects.apply(draftsOf(wanted), byTest)).toEqual({ created: [], changed: [], retired: [] });
      const back = { ...wanted, id: 'gone', name: 'Back' };
      expect(await store.projects.apply(draftsOf(back), byTest)).toEqual({
        created: [],
        changed: ['gone'],
        retired: ['checkout'],
      });
      expect(await store.projects.list()).toEqual([back]);
    } finally {
      await store.close();
    }
  });
});

describe('the database itself', () => {
  let fixture: StoreFixture;
  beforeEach(async () => {
    fixture = await storeFixture();
  });
  afterEach(() => fixture.close());

  const metric = (changes: Partial<ValueMetric>): Project => projectWith([metricWith(changes)]);
  const rate = metricWith().rates[0]!;
  const refused: [string, Project, string][] = [
    ['a share above the whole', metric({ attribution: '1.2' }), 'value_metric_attribution_check'],
    ['a negative share', metric({ displacement: '-0.1' }), 'value_metric_displacement_check'],
    ['an unknown direction', metric({ direction: 'sideways' as 'up' }), 'value_metric_direction_check'],
    ['an unknown kind', metric({ kind: 'guess' as 'flow' }), 'value_metric_kind_check'],
    ['a benefit that ends before it starts', metric({ endsOn: '2025-12-31' }), 'value_metric_ends_after_start'],
    [
      'a deadweight beside a trend',
      metric({ deadweight: '0.1', counterfactual: { kind: 'trend', fit: 'window' } }),
      'value_metric_deadweight_of_constant',
    ],
    ['a valuation of stock on a flow', metric({ stockValuation: 'holding' }), 'value_metric_valuation_of_stock'],
    [
      'a negative exposure',
      metric({ kind: 'ratio', exposure: { kind: 'value', value: '-5' } }),
      'value_metric_exposure_check',
    ],
    [
      'overlapping rates',
      metric({
        rates: [
          { ...rate, to: '2026-07-01' },
          { ...rate, from: '2026-06-01' },
        ],
      }),
      'overlap',
    ],
    ['a rate that ends before it begins', metric({ rates: [{ ...rate, to: '2025-01-01' }] }), 'metric_rate_in_order'],
    [
      'a start rule without its deliverable',
      metric({ startRule: { deliverable: 'nothing', lagMonths: 0, lagDays: 0 } }),
      'value_metric_starts_with_deliverable',
    ],
    ['a currency that is none', projectWith([], { currency: 'Euro' }), 'project_currency_check'],
    ['a horizon before the start', projectWith([], { horizonEndsOn: '2025-01-01' }), 'project_horizon_after_start'],
    ['an unknown convention', projectWith([], { convention: 'mine' as 'tei' }), 'project_convention_check'],
    ['no draws', projectWith([], { simulation: { seed: 1, draws: 0 } }), 'project_simulation_draws_check'],
    [
      'two discount rates of one year',
      projectWith([], {
        discount: [
          { fromYear: 0, rate: '0.08' },
          { fromYear: 0, rate: '0.05' },
        ],
      }),
      'discount_step_pkey',
    ],
  ];

  it.each(refused)('refuses %s, whatever let it through before', async (_name, project, constraint) => {
    await expect(fixture.store.projects.apply(draftsOf(project), byTest)).rejects.toThrow(constraint);
    expect(await fixture.store.projects.list()).toEqual([]);
  });

  it('takes a project with everything, and its change', async () => {
    const { projects } = fixture.store;
    const deliverable = {
      id: 'go-live',
      name: 'Go-live',
      plannedOn: '2026-02-01',
      forecastOn: null,
      actualOn: '2026-02-03',
      metrics: ['failures'],
    };
    const rich = projectWith(
      [metricWith({ startRule: { deliverable: 'go-live', lagMonths: 1, lagDays: 0 }, claimKey: 'failures/shop' })],
      { deliverables: [deliverable] },
    );
    await projects.apply(draftsOf(rich), byTest);
    await projects.apply(draftsOf({ ...rich, name: 'New' }), byTest);
    await projects.apply(draftsOf(projectWith([])), byTest);
    await projects.apply(draftsOf(rich), byTest);
    expect(await projects.list()).toEqual([rich]);
  });
});
