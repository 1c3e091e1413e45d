import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { engineVersion, type Project, startOfDayMs } from '#domain';
import { type Config, portfolioAt, portfolioIds, type Store } from '#kit';
import { applyConfiguration } from '#src/main/projects';
import { openStore } from '#src/store/index';
import { baselineOf, byTest, costWith, draftsOf, metricWith, projectWith } from '../factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';

const DAY = 86_400_000;
const AS_OF = '2026-02-10';

const projectOf = (id: string, changes: Partial<Project> = {}): Project =>
  projectWith(
    [
      metricWith({
        baseline: baselineOf('100'),
        claimKey: 'failed-checkouts',
        attribution: '0.8',
        rates: [
          {
            from: '2026-01-01',
            to: null,
            amount: '10',
            currency: changes.currency ?? 'EUR',
            per: 'x',
            perPeriod: null,
          },
        ],
      }),
    ],
    { id, name: id, portfolio: 'shop', manualCosts: [costWith({ currency: changes.currency ?? 'EUR' })], ...changes },
  );

describe('a portfolio on PostgreSQL', () => {
  let database: TestDatabase;
  let store: Store;
  let nowMs = Date.parse('2026-02-10T08:00:00Z');
  const projects = [projectOf('a'), projectOf('b'), projectOf('dollars', { currency: 'USD', portfolio: 'abroad' })];
  const ports = (portfolios: Config['portfolios'] = []) => ({
    config: { projects, connectors: [], fxRates: [], portfolios } as unknown as Config,
    registry: { connectorKind: () => undefined },
    store,
    clock: { nowMs: () => nowMs },
  });

  beforeAll(async () => {
    database = await testDatabase();
    store = await openStore({
      url: database.url,
      resolver: {
        resolve: ({ args }) => ({ version: 1, queue: 'compute', args, dedupeKey: null, priority: 'normal' }),
      },
      clock: { nowMs: () => nowMs },
      newId: randomUUID,
      log: silentLog,
      applicationName: 'test',
    });
    await store.projects.apply(draftsOf(...projects), byTest);
    const rows = Array.from({ length: 31 }, (_, index) => ({
      labels: {},
      unit: 'failures',
      atMs: startOfDayMs('2026-01-01', 'Europe/Berlin') + index * DAY,
      durationMs: DAY,
      value: 1,
      status: 'final' as const,
      pageHash: 'a'.repeat(64),
    }));
    await store.measurements.ingest({ connector: 'shop', stream: 'failures', pullId: 'p', observedAtMs: nowMs, rows });
  });
  afterAll(async () => {
    await store?.close();
    await database?.close();
  });

  it('settles claims of its projects, and says which', async () => {
    const { outputs } = await portfolioAt(ports(), 'shop', { asOf: AS_OF });
    // Both claim 80 % of (100 − 31) × 10: together they get the whole of it once.
    expect(Number(outputs.benefitToDate)).toBeCloseTo(690, 6);
    expect(Number(outputs.benefitBeforeClaims)).toBeCloseTo(2 * 690 * 0.8, 6);
    expect(outputs).toMatchObject({ counted: 2, of: 2, currency: 'EUR', costToDate: '2000' });
    expect(outputs.conflicts).toMatchObject([{ claimKey: 'failed-checkouts', attributionTotal: '1.6' }]);
  });
  it('of several currencies asks in which one to add up, and leaves out what has no rate', async () => {
    await expect(portfolioAt(ports(), 'all', { asOf: AS_OF })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('--currency'),
    });
    const { outputs } = await portfolioAt(ports(), 'all', { asOf: AS_OF, currency: 'EUR' });
    expect(outputs).toMatchObject({ counted: 2, of: 3 });
    expect(outputs.warnings).toContainEqual(
      expect.objectContaining({ code: 'value/missing-fx-rate', projectId: 'dollars' }),
    );
  });
  it('converts by the rates that were known at the time that is asked about', async () => {
    const before = nowMs;
    nowMs += DAY;
    const rate = { from: 'USD', to: 'EUR', rate: '0.8', validFrom: '2025-01-01', validTo: null, source: 'treasury' };
    await store.fx.applyConfigured([rate], { by: 'test' });
    const now = await portfolioAt(ports(), 'all', { asOf: AS_OF, currency: 'EUR' });
    expect(now.outputs).toMatchObject({ counted: 3, of: 3 });
    const then = await portfolioAt(ports(), 'all', { asOf: AS_OF, currency: 'EUR', knownAtMs: before });
    expect(then.outputs).toMatchObject({ counted: 2, of: 3 });
    expect(then.inputsHash).not.toBe(now.inputsHash);
  });
  it('takes its currency and rates from the configuration', async () => {
    const declared = [{ id: 'shop', name: 'Shop', currency: 'EUR', discount: [{ fromYear: 0, rate: '0.5' }] }];
    const { outputs } = await portfolioAt(ports(declared), 'shop', { asOf: AS_OF });
    const own = await portfolioAt(ports(), 'shop', { asOf: AS_OF });
    expect(outputs.name).toBe('Shop');
    expect(Number(outputs.pvBenefits)).toBeLessThan(Number(own.outputs.pvBenefits));
    expect(await portfolioIds(ports(declared))).toEqual(['abroad', 'shop', 'all']);
  });
  it('that is not there is named with the nearest', async () => {
    await expect(portfolioAt(ports(), 'shopp')).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('Did you mean shop?'),
    });
  });
  it('is stored once for the same inputs, and never changed', async () => {
    const { asOf, knownAtMs, inputsHash, outputs } = await portfolioAt(ports(), 'shop', { asOf: AS_OF });
    const row = () => ({ id: randomUUID(), portfolioId: 'shop', asOf, knownAtMs, engineVersion, inputsHash, outputs });
    const first = await store.portfolios.save(row());
    const second = await store.portfolios.save(row());
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.snapshot).toEqual(first.snapshot);
    expect(JSON.stringify(first.snapshot.outputs)).toBe(JSON.stringify(outputs));
    expect((await store.portfolios.history('shop', 10)).map(({ id }) => id)).toEqual([first.snapshot.id]);
  });

  it('is rolled up anew when a project leaves it, unless nothing of it is left', async () => {
    const { config, registry } = ports();
    const parts = { config: { ...config, stakeholders: [], subscriptions: [] } as Config, registry, store };
    const apply = (...changed: Project[]) =>
      applyConfiguration({ ...parts, config: { ...parts.config, projects: changed } }, { by: 'config' });
    const rolledUp = async (): Promise<unknown[]> =>
      (await store.jobs.page({ kind: 'recompute-portfolio', limit: 10 })).map(({ args }) => args);
    await apply(...projects);
    expect(await rolledUp()).toEqual([]);
    await apply(projectOf('a'), projectOf('b'));
    expect(await rolledUp()).toEqual([]);
    await apply(projectOf('a'), projectOf('b', { portfolio: 'elsewhere' }));
    expect(await rolledUp()).toEqual([{ portfolio: 'shop' }]);
  });

  it('keeps its snapshots: no statement alters one', async () => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      for (const statement of [
        "UPDATE portfolio_snapshot SET currency = 'USD'",
        'DELETE FROM portfolio_snapshot',
        'TRUNCATE portfolio_snapshot CASCADE',
      ])
        await expect(client.query(statement)).rejects.toThrow('is append-only');
    } finally {
      await client.end();
    }
  });
});
