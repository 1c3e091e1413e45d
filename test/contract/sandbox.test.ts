import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ecb } from '#connectors/ecb/index';
import { odata } from '#connectors/odata/index';
import { prometheus } from '#connectors/prometheus/index';
import { type AnyConnectorKind, type Config, createRedactor, type ParsedPage } from '#kit';
import { formatProblem, loadConfig } from '#src/config/index';
import { createExtractor } from '#src/extract/index';
import { createFetchFactory, createFileSource, createLocalBudgets, createSqlSource } from '#src/fetch/index';
import { counters } from '#src/sandbox/counters';
import { type Sandbox, sandboxConfigYaml, startSandbox } from '#src/sandbox/index';
import { projectCosts, serviceHours } from '#src/sandbox/ledger';
import { silentLog, testDatabase } from '../harness/database.ts';
import { describeWith } from '../harness/packages.ts';
import { type CapServer, startCap } from '../harness/servers/cap.ts';
import { openMetrics, type PrometheusServer, startPrometheus } from '../harness/servers/prometheus.ts';

// The sandbox stands for real servers in the demo: what a connector reads, and how a client is refused, must be the same.
const hourMs = 3_600_000;
const nowMs = Math.floor(Date.now() / hourMs) * hourMs;
let directory: string;
let sandbox: Sandbox;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outturn-sandbox-'));
  sandbox = await startSandbox({ nowMs, directory, log: silentLog });
});
afterAll(async () => {
  await sandbox?.close();
  await rm(directory, { recursive: true, force: true });
});

/** The demo's own configuration, with the addresses of other servers put in where given. */
async function configured(replace: (yaml: string) => string = (yaml) => yaml): Promise<Config> {
  const folder = await mkdtemp(join(directory, 'config-'));
  const files = sandboxConfigYaml(sandbox, { objectsDirectory: join(directory, 'objects') });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), replace(text));
  const read = await loadConfig({ directory: folder, env: {}, kinds: [ecb, prometheus, odata], jobKinds: [] });
  if (read.config === null) throw new Error(read.problems.map(formatProblem).join('\n'));
  return read.config;
}

/** Everything that one stream gives over the whole history. */
async function pulled(
  config: Config,
  kind: AnyConnectorKind,
  streamId: string,
): Promise<ParsedPage & { pages: number }> {
  const connector = config.connectors.find((candidate) => candidate.kind === kind.kind);
  const stream = connector?.streams.find((candidate) => candidate.id === streamId);
  if (connector === undefined || stream === undefined) throw new Error(`no stream ${streamId}`);
  const signal = new AbortController().signal;
  const clock = { nowMs: () => nowMs };
  const fetchFactory = createFetchFactory({
    redactor: createRedactor(),
    log: silentLog,
    clock,
    budgets: createLocalBudgets(clock),
  });
  const ctx = {
    options: connector.options,
    stream: stream.options,
    streamId,
    http: fetchFactory.client(connector, signal),
    files: createFileSource({ baseDirectory: '/nowhere' }),
    sql: createSqlSource(),
    extract: createExtractor(),
    log: silentLog,
    nowMs: clock.nowMs,
    signal,
    window: { fromMs: sandbox.dates.fromMs, toMs: nowMs },
  };
  const all: ParsedPage & { pages: number } = { measurements: [], costs: [], warnings: [], pages: 0 };
  for await (const page of kind.pull(ctx)) {
    const parsed = await kind.parse(page, ctx);
    all.measurements.push(...parsed.measurements);
    all.costs.push(...parsed.costs);
    all.warnings.push(...parsed.warnings);
    all.pages++;
  }
  return all;
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const secretOf = async (name: 'prometheus' | 'odata'): Promise<string> =>
  (await readFile(sandbox.secretFiles[name], 'utf8')).trim();

/** What a client goes by: status, kind of content, names in the body, error texts. */
async function shapeOf(url: string, authorization: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, { ...init, headers: { ...init.headers, authorization } });
  const contentType = response.headers.get('content-type');
  const text = await response.text();
  const json = contentType?.startsWith('application/json') === true;
  const body: unknown = json ? JSON.parse(text) : null;
  return {
    status: response.status,
    contentType,
    odataVersion: response.headers.get('odata-version'),
    challenge: response.headers.get('www-authenticate')?.split(' ')[0] ?? null,
    body: response.ok ? shape(body) : body,
  };
}

/** Names and types, without the values. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, inner]): [string, unknown] => [key, shape(inner)])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

describeWith(['prometheus'], 'the Prometheus of the sandbox and a real one', () => {
  let real: PrometheusServer;
  let both: [string, string][];
  beforeAll(async () => {
    const list = counters(sandbox.dates);
    const names = [...new Set(list.map((counter) => counter.name))];
    const password = await secretOf('prometheus');
    real = await startPrometheus({
      history: openMetrics(
        names.map((name) => ({
          name,
          type: 'counter',
          series: list
            .filter((counter) => counter.name === name)
            .map(({ labels, fromMs, totals }) => ({
              labels,
              points: [...totals].map((value, hour) => ({ atMs: fromMs + hour * hourMs, value })),
            })),
        })),
      ),
    });
    both = [
      [sandbox.prometheusUrl, basic('outturn', password)],
      [real.url, ''],
    ];
  });
  afterAll(() => real?.close());

  it.each(['failed-checkouts', 'completed-checkouts', 'pick-errors'])(
    'give the connector the same samples of %s, hour by hour over half a year',
    async (stream) => {
      const fromSandbox = await pulled(await configured(), prometheus, stream);
      const other = await configured((yaml) => yaml.replace(sandbox.prometheusUrl, real.url));
      expect(fromSandbox).toEqual(await pulled(other, prometheus, stream));
      expect(fromSandbox.measurements.length).toBeGreaterThan(180 * 24);
    },
  );

  const endS = nowMs / 1_000;
  it.each([
    ['a range', `query_range?query=pick_errors_total&start=${endS - 7200}&end=${endS}&step=3600`],
    [
      'a range between two round times',
      `query_range?query=pick_errors_total&start=${endS - 7199.5}&end=${endS}&step=1h`,
    ],
    [
      'a range by RFC 3339',
      `query_range?query=pick_errors_total&start=${new Date(nowMs - hourMs).toISOString()}&end=${endS}&step=1h`,
    ],
    ['a range without series', `query_range?query=nope&start=${endS - 7200}&end=${endS}&step=1h`],
    ['too many points', 'query_range?query=x&start=0&end=11001&step=1'],
    ['just not too many points', 'query_range?query=x&start=0&end=11000&step=1'],
    ['a broken query', `query_range?query=sum(&start=${endS - 7200}&end=${endS}&step=1h`],
    ['a function that does not exist', `query_range?query=nope(x)&start=${endS - 7200}&end=${endS}&step=1h`],
    ['a range vector', `query_range?query=pick_errors_total[1h]&start=${endS - 7200}&end=${endS}&step=1h`],
    ['a wrong start', `query_range?query=x&start=abc&end=${endS}&step=1h`],
    ['no end', `query_range?query=x&start=${endS}&step=1h`],
    ['an end before the start', `query_range?query=x&start=${endS}&end=${endS - 1}&step=1h`],
    ['no step', `query_range?query=x&start=${endS}&end=${endS}`],
    ['a step of nothing', `query_range?query=x&start=${endS}&end=${endS}&step=0`],
    ['an instant query', `query?query=pick_errors_total&time=${endS}`],
    ['a scalar', `query?query=time()&time=${endS}`],
    ['no query', 'query'],
    ['a broken instant query', 'query?query=sum('],
    ['the names of metrics', 'label/__name__/values'],
    ['the labels', 'labels'],
    ['series', 'series?match[]=pick_errors_total'],
    ['series of nothing', 'series'],
    ['build information', 'status/buildinfo'],
    ['an unknown path', 'nope'],
  ])('answer %s in the same shape', async (_what, path) => {
    const [one, other] = await Promise.all(
      both.map(([url, authorization]) => shapeOf(`${url}/api/v1/${path}`, authorization)),
    );
    expect(one).toEqual(other);
  });
});

describe('the ERP of the sandbox and a real SAP CAP service', () => {
  let cap: CapServer;
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let both: [string, string][];
  beforeAll(async () => {
    database = await testDatabase();
    const rows = { ProjectCosts: projectCosts(sandbox.dates), ServiceHours: serviceHours(sandbox.dates) };
    cap = await startCap({ databaseUrl: database.url, pageSize: 50, rows });
    both = [
      [sandbox.odataUrl, basic('outturn', await secretOf('odata'))],
      [cap.v4, basic(cap.username, cap.password)],
    ];
  });
  afterAll(async () => {
    await cap?.close();
    await database?.close();
  });

  it.each(['project-costs', 'service-hours'])(
    'give the connector the same rows of %s, page by page',
    async (stream) => {
      const fromSandbox = await pulled(await configured(), odata, stream);
      const passwordFile = join(directory, 'cap-password');
      await writeFile(passwordFile, cap.password);
      const other = await configured((yaml) =>
        yaml.replace(sandbox.odataUrl, cap.v4).replace(sandbox.secretFiles.odata, passwordFile),
      );
      expect(fromSandbox).toEqual(await pulled(other, odata, stream));
      expect(fromSandbox.pages).toBeGreaterThan(1);
      expect(fromSandbox.costs.length + fromSandbox.measurements.length).toBeGreaterThan(50);
    },
  );

  it.each([
    ['a page with a next link', 'ServiceHours'],
    ['a last page', "ProjectCosts?$filter=WbsElement eq 'P-1001' and ValueType eq '01'"],
    ['a count', 'ServiceHours?$count=true&$orderby=WorkDate'],
    ['chosen columns', 'ServiceHours?$select=Hours&$top=1'],
    ['an empty answer', 'ServiceHours?$filter=WorkDate lt 2001-01-01'],
    ['a number of rows alone', 'ServiceHours/$count'],
    ['an unknown field in a filter', 'ServiceHours?$filter=Nope eq 1'],
    ['a wrong date', 'ServiceHours?$filter=WorkDate ge banana'],
    ['an unknown field to order by', 'ServiceHours?$orderby=Nope'],
    ['an unknown column', 'ServiceHours?$select=Nope'],
    ['an unknown entity set', 'Nope'],
  ])('answer %s in the same shape', async (_what, path) => {
    const [one, other] = await Promise.all(
      both.map(([url, authorization]) => shapeOf(`${url}/${path}`, authorization)),
    );
    expect(one).toEqual(other);
  });

  it('refuse a wrong password in the same way', async () => {
    const [one, other] = await Promise.all(
      both.map(([url]) => shapeOf(`${url}/ServiceHours`, basic('outturn', 'wrong'))),
    );
    expect(one).toMatchObject({ status: 401, challenge: 'Basic' });
    expect(one).toEqual(other);
  });
});
