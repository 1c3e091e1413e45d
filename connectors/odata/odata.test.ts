import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuthConfig, ConnectorConfig, Finding } from '#kit';
import { createRedactor } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { connectorContext, httpSettings } from '../../test/factories/connector.ts';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { type CapServer, startCap } from '../../test/harness/servers/cap.ts';
import { exampleStream } from './discover.ts';
import { odata } from './index.ts';
import { parseMetadata } from './metadata.ts';

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

describe('check and discover against a real SAP CAP service', () => {
  let database: TestDatabase;
  let cap: CapServer;
  beforeAll(async () => {
    database = await testDatabase();
    const row = {
      DocumentNo: '4900000001',
      Item: 1,
      WbsElement: 'P-1001',
      CompanyCode: '1010',
      CostElement: '0000613000',
      Amount: '1250.50',
      Currency: 'EUR',
      PostingDate: '2026-06-01',
      Text: null,
      CreatedAt: '2026-06-30T10:00:00.123Z',
    };
    cap = await startCap({ databaseUrl: database.url, rows: { ProjectCosts: [row] } });
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
  const checkStream = (stream: Record<string, unknown>, version: 'v2' | 'v4' = 'v4'): Promise<Finding[]> =>
    odata.checkStream({ ...context({ version }), stream: odata.stream.parse(stream), streamId: 'costs' });

  it.each(['v4', 'v2'] as const)('%s: a right configuration is answered with a real row', async (version) => {
    expect(await odata.check(context({ version }))).toMatchObject([{ level: 'ok', aspect: 'connectivity' }]);
    const findings = await checkStream(costs, version);
    expect(findings).toMatchObject([{ level: 'ok', aspect: 'sample', stream: 'costs' }]);
    expect(findings[0]?.message).toContain('"amount":"1250.5"');
    expect(findings[0]?.message).toContain('"postingDate":"2026-06-01"');
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
});

describe('metadata', () => {
  const edmx = (inner: string, version = '4.0') =>
    `<?xml version="1.0"?><edmx:Edmx Version="${version}" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>${inner}</edmx:DataServices></edmx:Edmx>`;

  it('fields of base types are inherited, also across schemas and by alias', () => {
    const metadata = parseMetadata(
      edmx(`<Schema Namespace="a.b" Alias="S"><EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int64"/></EntityType></Schema>
        <Schema Namespace="c"><EntityType Name="Row" BaseType="S.Base"><Property Name="Day" Type="Edm.Date"/></EntityType>
        <EntityContainer Name="C"><EntitySet Name="Rows" EntityType="c.Row"/></EntityContainer></Schema>`),
    );
    expect(metadata).toEqual({
      version: 'v4',
      entitySets: [
        {
          name: 'Rows',
          keys: ['Id'],
          fields: [
            { name: 'Id', type: 'Edm.Int64' },
            { name: 'Day', type: 'Edm.Date' },
          ],
        },
      ],
    });
  });

  it('types that inherit in a circle do not hang', () => {
    const metadata = parseMetadata(
      edmx(`<Schema Namespace="c"><EntityType Name="A" BaseType="c.B"/><EntityType Name="B" BaseType="c.A"/>
        <EntityContainer Name="C"><EntitySet Name="Rows" EntityType="c.A"/></EntityContainer></Schema>`),
    );
    expect(metadata.entitySets).toEqual([{ name: 'Rows', fields: [], keys: [] }]);
  });

  it.each(['', '<html><body>Sign in</body></html>', '<a', edmx('')])('%s is refused as no metadata', (text) => {
    expect(() => parseMetadata(text)).toThrow('$metadata is not an OData metadata document');
  });

  it('an entity set without a date or a number is no stream', () => {
    expect(exampleStream({ name: 'Texts', keys: [], fields: [{ name: 'Id', type: 'Edm.String' }] }, 'v4')).toBeNull();
  });
});
