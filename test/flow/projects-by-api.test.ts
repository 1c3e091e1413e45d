import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startOfDayMs } from '#domain';
import {
  type Backfills,
  type Config,
  configuredProjects,
  figuresAt,
  type JobOperations,
  type ObjectStore,
  type ScheduleAdmin,
  type SecretAdmin,
  type Store,
} from '#kit';
import { type Api, createApi } from '#src/api/index';
import { loadConfig } from '#src/config/index';
import { connectorKinds, jobKinds, registry } from '#src/main/registry';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const connectors = `
settings: { timeZone: Europe/Berlin, api: { token: right } }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    streams:
      failures: { query: failures, step: 1d, sample: interval, unit: failures }
`;
const definition = `
name: Checkout rewrite
currency: EUR
startsOn: 2026-01-01
discountRate: 8 %
costs:
  lines: [{ date: 2026-01-15, amount: 12000.50, kind: actual }]
plans:
  v1: { frozenOn: 2025-12-15, costs: [{ date: 2026-01-15, amount: 10000 }] }
metrics:
  failures:
    kind: flow
    unit: failures
    direction: down
    benefitClass: cash-releasing
    source: { connector: shop, stream: failures }
    cadence: month
    baseline: { value: 119 }
    target: { value: 80, by: 2026-12-31 }
    attribution: 80 %
    confidence: 90 %
    rates: [{ from: 2026-01-01, amount: 450, per: failure }]
`;
const indented = (text: string): string => text.trim().replaceAll('\n', '\n    ');
const NOW_MS = Date.parse('2026-07-01T08:00:00Z');
const TOKEN = 'right';

interface World {
  database: TestDatabase;
  store: Store;
  config: Config;
}

describe('projects by HTTP', () => {
  let directory: TemporaryDirectory;
  let byFile: World;
  let byApi: World;
  let api: Api;
  let url: string;
  const clock = { nowMs: () => NOW_MS };

  async function world(name: string, yaml: string): Promise<World> {
    const folder = path.join(directory.path, name);
    await mkdir(folder);
    await writeFile(path.join(folder, 'outturn.yaml'), yaml);
    const { config, problems } = await loadConfig({
      directory: folder,
      env: {},
      kinds: connectorKinds,
      jobKinds: jobKinds.map(({ kind }) => kind),
    });
    if (config === null) throw new Error(JSON.stringify(problems));
    const database = await testDatabase();
    const store = await openStore({
      url: database.url,
      resolver: createIntentResolver(jobKinds),
      clock,
      newId: () => crypto.randomUUID(),
      log: silentLog,
      applicationName: 'test',
    });
    return { database, store, config };
  }

  beforeAll(async () => {
    directory = await temporaryDirectory('projects-by-api');
    byFile = await world('file', `${connectors}projects:\n  checkout:\n    ${indented(definition)}\n`);
    byApi = await world('api', `${connectors}projects:\n  written:\n    ${indented(definition)}\n`);
    for (const { store, config } of [byFile, byApi])
      await store.projects.apply(configuredProjects({ config, registry }), { by: 'config' });
    api = createApi({
      registry,
      clock,
      config: byApi.config,
      store: byApi.store,
      objects: {} as ObjectStore,
      schedules: {} as ScheduleAdmin,
      operations: {} as JobOperations,
      backfills: {} as Backfills,
      secrets: {} as SecretAdmin,
      metrics: createMetrics({ processMetrics: false }),
      log: silentLog,
      token: TOKEN,
      readiness: async () => ({}),
      newId: () => crypto.randomUUID(),
    });
    ({ url } = await api.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(async () => {
    await api?.close();
    for (const each of [byFile, byApi]) {
      await each?.store.close();
      await each?.database.close();
    }
    await directory?.remove();
  });

  interface Body {
    code: string;
    definition: Record<string, unknown>;
    errors: { pointer: string; message: string }[];
    projects: { id: string }[];
  }
  async function call(method: string, route: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await fetch(`${url}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, etag: response.headers.get('etag'), body: (await response.json()) as Body };
  }
  const document = (changes: object = {}): object => ({ ...parse(definition), ...changes });

  it('give the same figures, byte for byte, as the same project in YAML', async () => {
    const made = await call('PUT', '/v1/projects/checkout?by=dashboard&reason=business%20case', document());
    expect(made).toMatchObject({
      status: 201,
      etag: '"1"',
      body: {
        outcome: 'created',
        managed: 'api',
        recordedBy: 'api:dashboard',
        reason: 'business case',
        job: { kind: 'recompute-roi', args: { project: 'checkout' } },
      },
    });
    const rows = Array.from({ length: 180 }, (_, index) => ({
      labels: {},
      unit: 'failures',
      atMs: startOfDayMs('2026-01-01', 'Europe/Berlin') + index * 86_400_000,
      durationMs: 86_400_000,
      value: 2 + (index % 3),
      status: 'final' as const,
      pageHash: 'a'.repeat(64),
    }));
    const figures = [];
    for (const { store, config } of [byFile, byApi]) {
      await store.measurements.ingest({
        connector: 'shop',
        stream: 'failures',
        pullId: 'pull-1',
        observedAtMs: NOW_MS,
        rows,
      });
      figures.push(await figuresAt({ config, registry, store, clock }, 'checkout', { asOf: '2026-06-30' }));
    }
    const [file, made2] = figures;
    expect(file?.outputs.benefitToDate).not.toBeNull();
    expect(JSON.stringify(made2?.outputs)).toBe(JSON.stringify(file?.outputs));
    expect(JSON.stringify({ ...made2?.project, managed: null })).toBe(
      JSON.stringify({ ...file?.project, managed: null }),
    );
  });

  it('are read, changed in what was read, and sent again; who comes late is told so', async () => {
    const made = await call('POST', '/v1/projects', { id: 'second', ...document() });
    expect(made).toMatchObject({ status: 201, etag: '"1"' });
    expect(await call('POST', '/v1/projects', { id: 'second', ...document() })).toMatchObject({
      status: 412,
      body: { code: 'api/precondition-failed' },
    });
    const read = await call('GET', '/v1/projects/second');
    expect(read).toMatchObject({ status: 200, etag: '"1"', body: { definition: document() } });
    const changed = { ...read.body.definition, name: 'Second' };
    expect(await call('PUT', '/v1/projects/second', changed)).toMatchObject({
      status: 428,
      body: { code: 'api/precondition-required' },
    });
    const put = (match: string) => call('PUT', '/v1/projects/second', changed, { 'if-match': match });
    expect(await put('"1"')).toMatchObject({ status: 200, etag: '"2"', body: { outcome: 'changed' } });
    expect(await put('"1"')).toMatchObject({ status: 412 });
    expect(await put('"2"')).toMatchObject({ status: 200, etag: '"2"', body: { outcome: 'unchanged', job: null } });
    expect(await put('nonsense')).toMatchObject({ status: 412 });
    const { body } = await call('GET', '/v1/projects/second/versions?limit=1');
    expect(body).toMatchObject({ versions: [{ version: 2, name: 'Second' }], nextBefore: 2 });
  });

  it('keep their frozen plans', async () => {
    await call('POST', '/v1/projects', { id: 'frozen', ...document() });
    const plans = { v1: { frozenOn: '2025-12-15', costs: [{ date: '2026-01-15', amount: 9000 }] } };
    expect(await call('PUT', '/v1/projects/frozen', document({ plans }), { 'if-match': '"1"' })).toMatchObject({
      status: 409,
      body: { code: 'config/frozen-plan', detail: expect.stringContaining('plan v1 is frozen: costs.1.amount') },
    });
  });

  it('are refused with every problem at its place, by schema and by rules at once', async () => {
    const wrong = parse(definition);
    wrong.curency = 'EUR';
    wrong.metrics.failures.kind = 'flo';
    wrong.metrics.failures.rates.push({ from: '2026-06-01', to: '2026-02-01', amount: 1 });
    wrong.costs.lines[0].currency = 'XXQ';
    const { status, body } = await call('PUT', '/v1/projects/wrong', wrong);
    expect([status, body.code]).toEqual([422, 'api/invalid-request']);
    const pointers = body.errors.map(({ pointer }) => pointer);
    expect(pointers).toEqual(expect.arrayContaining(['/curency', '/metrics/failures/kind']));
    expect(pointers).toContain('/metrics/failures/rates/1/to');
    expect(pointers).toContain('/costs/lines/0/currency');
    expect(await call('GET', '/v1/projects/wrong')).toMatchObject({ status: 404 });
    expect(await call('PUT', '/v1/projects/Not%20an%20id', document())).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/id' }] },
    });
  });

  it('of the configuration are read-only', async () => {
    expect(await call('GET', '/v1/projects/written')).toMatchObject({ status: 200, body: { managed: 'config' } });
    for (const headers of [{}, { 'if-match': '"1"' }]) {
      expect(await call('PUT', '/v1/projects/written', document(), headers)).toMatchObject({
        status: 409,
        body: { code: 'api/conflict' },
      });
      expect(await call('DELETE', '/v1/projects/written', undefined, headers)).toMatchObject({ status: 409 });
    }
  });

  it('are listed in pages, and leave the list when they are retired', async () => {
    await call('POST', '/v1/projects', { id: 'a-short-one', ...document() });
    const first = await call('GET', '/v1/projects?limit=1');
    expect(first.body).toMatchObject({ projects: [{ id: 'a-short-one', version: 1 }], nextAfter: 'a-short-one' });
    const next = await call('GET', '/v1/projects?limit=1&after=a-short-one');
    expect(next.body.projects[0]?.id).not.toBe('a-short-one');
    expect(await call('DELETE', '/v1/projects/a-short-one')).toMatchObject({ status: 428 });
    expect(await call('DELETE', '/v1/projects/a-short-one', undefined, { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      body: { outcome: 'retired', isRetired: true, version: 2 },
    });
    const ids = async (query: string) =>
      (await call('GET', `/v1/projects?${query}`)).body.projects.map((each) => each.id);
    expect(await ids('limit=100')).not.toContain('a-short-one');
    expect(await ids('limit=100&retired=true')).toContain('a-short-one');
    expect(await call('PUT', '/v1/projects/a-short-one', document())).toMatchObject({ status: 201, etag: '"3"' });
  });
});
