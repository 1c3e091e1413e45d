import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CostLine, Measurement } from '#domain';
import type { AuthConfig, ConnectorConfig, Finding, PullWindow } from '#kit';
import { createRedactor } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { connectorContext, httpSettings } from '../../test/factories/connector.ts';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { type CapProjectCost, type CapServer, startCap } from '../../test/harness/servers/cap.ts';
import { odata } from './index.ts';

const clock = { nowMs: () => Date.parse('2026-07-01T00:00:00Z') };
const costs = {
  entitySet: 'ProjectCosts',
  cursor: { field: 'PostingDate', type: 'date' },
  costs: {
    sourceKey: ['DocumentNo', 'Item'],
    projectRef: 'WbsElement',
    kind: 'actual',
    amount: 'Amount',
    currency: 'Currency',
    postingDate: 'PostingDate',
  },
};

const ROWS = 10_000;
const row = (index: number, changes: Partial<CapProjectCost> = {}): CapProjectCost => ({
  DocumentNo: String(4_900_000_000 + index),
  Item: 1,
  WbsElement: 'P-1001',
  CompanyCode: '1010',
  CostElement: '0000613000',
  Amount: '1250.50',
  Currency: 'EUR',
  // Forty rows a day, so that pages begin and end within a day.
  PostingDate: new Date(Date.UTC(2025, 0, 1) + Math.floor(index / 40) * 86_400_000).toISOString().slice(0, 10),
  Text: null,
  CreatedAt: '2026-06-30T10:00:00.123Z',
  ...changes,
});

let database: TestDatabase;
let cap: CapServer;
beforeAll(async () => {
  database = await testDatabase();
  const rows = {
    ProjectCosts: Array.from({ length: ROWS }, (_, index) => row(index)),
    WbsElements: [{ WbsElement: 'P-1001', ProjectDefinition: 'CHECKOUT', ControllingArea: 'A000' }],
  };
  cap = await startCap({ databaseUrl: database.url, rows, pageSize: 1000 });
});
afterAll(async () => {
  await cap?.close();
  await database?.close();
});

function context(options: { version?: 'v2' | 'v4'; url?: string; password?: string } = {}) {
  const { version = 'v4', url = version === 'v4' ? cap.v4 : cap.v2, password = cap.password } = options;
  const auth: AuthConfig = { kind: 'basic', username: cap.username, password };
  const signal = new AbortController().signal;
  const connector: ConnectorConfig = {
    id: 'sap',
    kind: 'odata',
    http: httpSettings({ url, auth }),
    options: {},
    streams: [],
  };
  const http = createFetchFactory({
    redactor: createRedactor(),
    log: silentLog,
    clock,
    budgets: createLocalBudgets(clock),
  }).client(connector, signal);
  return connectorContext(odata.options.parse({ version }), { http, nowMs: clock.nowMs, signal });
}

interface PulledPage {
  costs: CostLine[];
  measurements: Measurement[];
  completeToMs: number | undefined;
}
async function* pull(
  version: 'v2' | 'v4',
  written: Record<string, unknown>,
  window: PullWindow = { fromMs: Date.UTC(2025, 0, 1), toMs: Date.UTC(2026, 0, 1) },
): AsyncGenerator<PulledPage> {
  const stream = odata.stream.parse(written);
  const ctx = { ...context({ version }), stream, streamId: 'costs', window };
  for await (const page of odata.pull(ctx)) {
    const { costs: lines, measurements } = await odata.parse(page, ctx);
    yield { costs: lines, measurements, completeToMs: page.completeToMs };
  }
}

describe('pulls from a real SAP CAP service', () => {
  const zoned = { ...costs, costs: { ...costs.costs, timeZone: 'UTC' } };

  it.each([
    ['v4', 'links'],
    ['v2', 'links'],
    ['v4', 'keyset'],
    ['v2', 'keyset'],
  ] as const)('%s by %s: 10,000 rows come once each while others are inserted', async (version, paging) => {
    const seen: string[] = [];
    let pages = 0;
    for await (const page of pull(version, { ...zoned, paging })) {
      seen.push(...page.costs.map(({ sourceKey }) => sourceKey));
      pages++;
      // Into what was read already, and into what is still to come.
      const number = { v4: 0, v2: 500 }[version] + { links: 0, keyset: 250 }[paging] + pages;
      if (pages <= 5)
        await cap.put({
          ProjectCosts: [
            row(0, { DocumentNo: String(1_000_000_000 + number) }),
            row(ROWS - 1, { DocumentNo: String(5_000_000_000 + number) }),
          ],
        });
    }
    expect(pages).toBeGreaterThanOrEqual(10);
    expect(new Set(seen).size).toBe(seen.length);
    const missing = Array.from({ length: ROWS }, (_, index) => `${4_900_000_000 + index}/1`).filter(
      (key) => !seen.includes(key),
    );
    expect(missing).toEqual([]);
    // What was inserted further on is read as well.
    const offset = { v4: 0, v2: 500 }[version] + { links: 0, keyset: 250 }[paging];
    expect(seen).toContain(`${5_000_000_001 + offset}/1`);
  });

  it('a pull that was broken off goes on at its last checkpoint without losing a row', async () => {
    const seen = new Set<string>();
    const window = { fromMs: Date.UTC(2025, 0, 1), toMs: Date.UTC(2026, 0, 1) };
    let reachedMs = 0;
    for await (const page of pull('v4', zoned, window)) {
      for (const { sourceKey } of page.costs) seen.add(sourceKey);
      reachedMs = page.completeToMs ?? reachedMs;
      if (seen.size >= 3000) break;
    }
    // 3,000 rows at forty a day end on the 75th or, with what was inserted, the day before.
    expect(new Date(reachedMs).toISOString()).toMatch(/^2025-03-1[56]T00:00:00/);
    for await (const page of pull('v4', zoned, { ...window, fromMs: reachedMs }))
      for (const { sourceKey } of page.costs) seen.add(sourceKey);
    for (let index = 0; index < ROWS; index++) expect(seen.has(`${4_900_000_000 + index}/1`)).toBe(true);
  });

  it.each(['v4', 'v2'] as const)('%s: fields of an expanded row are read along', async (version) => {
    const day = { fromMs: Date.UTC(2025, 5, 1), toMs: Date.UTC(2025, 5, 2) };
    const stream = { ...zoned, expand: ['Wbs'], costs: { ...zoned.costs, projectRef: 'Wbs/ProjectDefinition' } };
    const lines: CostLine[] = [];
    for await (const page of pull(version, stream, day)) lines.push(...page.costs);
    expect(lines).toHaveLength(40);
    expect(new Set(lines.map(({ projectRef }) => projectRef))).toEqual(new Set(['CHECKOUT']));
  });

  it('the service adds up: one row a day instead of forty', async () => {
    const window = { fromMs: Date.UTC(2025, 5, 1), toMs: Date.UTC(2025, 5, 11) };
    const stream = {
      entitySet: 'ProjectCosts',
      cursor: { field: 'PostingDate', type: 'date' },
      filter: "CompanyCode eq '1010'",
      apply: 'groupby((PostingDate,CompanyCode),aggregate(Amount with sum as Total))',
      measurements: {
        at: 'PostingDate',
        covers: '1d',
        value: 'Total',
        unit: 'EUR',
        labels: ['CompanyCode'],
        timeZone: 'UTC',
      },
    };
    for (const paging of ['links', 'keyset'] as const) {
      const found: Measurement[] = [];
      for await (const page of pull('v4', { ...stream, paging }, window)) found.push(...page.measurements);
      expect(found.map(({ value }) => value)).toEqual(Array.from({ length: 10 }, () => 50_020));
    }
  });
});

describe('check and discover against a real SAP CAP service', () => {
  const checkStream = (stream: Record<string, unknown>, version: 'v2' | 'v4' = 'v4'): Promise<Finding[]> =>
    odata.checkStream({ ...context({ version }), stream: odata.stream.parse(stream), streamId: 'costs' });

  it.each(['v4', 'v2'] as const)('%s: a right configuration is answered with a real row', async (version) => {
    expect(await odata.check(context({ version }))).toMatchObject([{ level: 'ok', aspect: 'connectivity' }]);
    const findings = await checkStream(costs, version);
    expect(findings).toMatchObject([{ level: 'ok', aspect: 'sample', stream: 'costs' }]);
    expect(findings[0]?.message).toMatch(/2025-01-01 \S+ 1250\.5 [A-Z]{3}, /);
  });

  it('a wrong password is called that, a wrong port and a wrong path are not', async () => {
    expect(await odata.check(context({ password: 'wrong' }))).toMatchObject([
      { level: 'error', aspect: 'credentials' },
    ]);
    const url = cap.v4.replace(/:\d+/, ':1');
    expect(await odata.check(context({ url }))).toMatchObject([{ level: 'error', aspect: 'connectivity' }]);
    expect(await odata.check(context({ url: `${cap.v4}-x` }))).toMatchObject([{ level: 'error', aspect: 'metadata' }]);
  });

  it('the wrong version is named with the right one', async () => {
    const findings = await odata.check(context({ version: 'v2', url: cap.v4 }));
    expect(findings.at(-1)).toMatchObject({ level: 'error', hint: 'Write version: v4.' });
  });

  it('misspelt names get a near miss, all at once', async () => {
    expect(await checkStream({ ...costs, entitySet: 'ProjectCost' })).toMatchObject([
      { level: 'error', message: 'the service has no entity set ProjectCost', hint: 'Did you mean ProjectCosts?' },
    ]);
    const misspelt = { ...costs, costs: { ...costs.costs, amount: 'Amuont', currency: 'Curency' } };
    expect((await checkStream(misspelt)).map(({ hint }) => hint)).toEqual([
      'Did you mean Amount?',
      'Did you mean Currency?',
    ]);
  });

  it('a cursor of another type is named with the type that fits', async () => {
    expect(await checkStream({ ...costs, cursor: { field: 'CreatedAt', type: 'date' } })).toMatchObject([
      { level: 'error', hint: 'Write type: datetimeoffset.' },
    ]);
  });

  it('an entity set without permission is a matter of permission', async () => {
    const hours = { at: 'WorkDate', value: 'Hours', unit: 'h', timeZone: 'UTC' };
    const findings = await checkStream({ entitySet: 'Salaries', measurements: hours });
    expect(findings).toMatchObject([{ level: 'error', aspect: 'permission' }]);
  });

  it('an entity set without rows is a warning', async () => {
    const hours = { at: 'WorkDate', value: 'Hours', unit: 'h', timeZone: 'UTC' };
    const findings = await checkStream({ entitySet: 'ServiceHours', measurements: hours });
    expect(findings).toMatchObject([{ level: 'warning', aspect: 'sample' }]);
  });

  it.each(['v4', 'v2'] as const)('%s: what is discovered is a stream that works', async (version) => {
    const found = await odata.discover(context({ version }));
    expect(found.map(({ id }) => id)).toEqual(expect.arrayContaining(['project-costs', 'service-hours']));
    const entry = found.find(({ id }) => id === 'project-costs');
    expect(entry?.stream).toMatchObject({
      costs: { amount: 'Amount', projectRef: 'WbsElement', currency: 'Currency' },
    });
    expect(await checkStream(entry?.stream ?? {}, version)).toMatchObject([{ level: 'ok' }]);
  });

  it('a field behind a row that is not read along is named with what to write', async () => {
    const behind = { ...costs, costs: { ...costs.costs, projectRef: 'Wbs/ProjectDefinition' } };
    for (const version of ['v4', 'v2'] as const) {
      expect(await checkStream(behind, version)).toMatchObject([{ level: 'error', hint: 'Write expand: [Wbs].' }]);
      expect(await checkStream({ ...behind, expand: ['Wbs'] }, version)).toMatchObject([{ level: 'ok' }]);
    }
  });

  it('a currency or a unit that the service says otherwise is told', async () => {
    const euro = { ...costs, costs: { ...costs.costs, currency: 'EUR' } };
    expect((await checkStream(euro))[0]).toMatchObject({ level: 'warning', aspect: 'unit' });
    const hours = { at: 'WorkDate', value: 'Hours', unit: 'min', timeZone: 'UTC' };
    expect((await checkStream({ entitySet: 'ServiceHours', measurements: hours }))[0]).toMatchObject({
      level: 'error',
      hint: 'Write sourceUnit: h; values are then converted to min.',
    });
    const converted = { entitySet: 'ServiceHours', sourceUnit: 'h', measurements: hours };
    expect((await checkStream(converted))[0]?.aspect).toBe('sample');
  });
});
