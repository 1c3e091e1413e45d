import { afterAll, beforeAll, expect, it } from 'vitest';
import { prometheus as kind } from '#connectors/prometheus/index';
import type { Measurement } from '#domain';
import { asOutturnError, createRedactor, type Finding, type Logger, PermanentError } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { connectorContext } from '../../factories/connector.ts';
import { describeWith } from '../../harness/packages.ts';
import { openMetrics, type PrometheusServer, startPrometheus } from '../../harness/servers/prometheus.ts';
import { configOf } from './connector-config.ts';

const PASSWORD = 'prom-s3cret';
const MINUTE_MS = 60_000;
/** More than twice what one request may carry. */
const POINTS = 24_000;
const nowMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
const firstMs = nowMs - POINTS * MINUTE_MS;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

describeWith(['prometheus'], 'a real Prometheus with weeks of history behind basic auth', () => {
  let server: PrometheusServer;
  beforeAll(async () => {
    const each = (value: (index: number) => number) =>
      Array.from({ length: POINTS }, (_, index) => ({ atMs: firstMs + index * MINUTE_MS, value: value(index) }));
    server = await startPrometheus({
      history: openMetrics([
        { name: 'queue_length', type: 'gauge', series: [{ labels: { site: 'a' }, points: each((index) => index) }] },
        {
          name: 'orders_total',
          type: 'counter',
          series: [{ labels: { site: 'a' }, points: each((index) => index * 3) }],
        },
      ]),
      webConfig: 'basic_auth_users:\n  outturn: $2y$04$abcdefghijklmnopqrstuuUJ8AkwLK2JugTDaLJmXV5GJkKs5nBYi\n',
      credentials: { username: 'outturn', password: PASSWORD },
    });
  });
  afterAll(() => server?.close());

  async function contextFor(stream: Record<string, string>, password = PASSWORD) {
    const auth = { kind: 'basic', username: 'outturn', password: '${env:PW}' };
    const yaml = JSON.stringify({
      connectors: { real: { kind: 'prometheus', url: server.url, auth, streams: { s: stream } } },
    });
    const [connector] = (await configOf(kind, yaml, { PW: password })).connectors;
    if (connector === undefined) throw new Error('the connector is missing');
    const signal = new AbortController().signal;
    const clock = { nowMs: () => Date.now() };
    const fetch = createFetchFactory({
      redactor: createRedactor(),
      log: silent,
      clock,
      budgets: createLocalBudgets(clock),
    });
    return {
      ...connectorContext(kind.options.parse({}), {
        http: fetch.client(connector, signal),
        log: silent,
        nowMs: clock.nowMs,
        signal,
      }),
      stream: kind.stream.parse(stream),
      streamId: 's',
    };
  }

  async function pull(stream: Record<string, string>, fromMs: number, toMs: number) {
    const context = await contextFor(stream);
    const measurements: Measurement[] = [];
    const warnings: string[] = [];
    let pages = 0;
    for await (const page of kind.pull({ ...context, window: { fromMs, toMs } })) {
      pages += 1;
      const parsed = await kind.parse(page, context);
      measurements.push(...parsed.measurements);
      warnings.push(...parsed.warnings);
    }
    return { measurements, warnings, pages };
  }

  it('gives every point once when the window needs more than one request of 11,000 points', async () => {
    const { measurements, warnings, pages } = await pull(
      { query: 'queue_length', step: '1m', sample: 'instant', unit: 'jobs' },
      firstMs,
      firstMs + POINTS * MINUTE_MS,
    );
    expect(pages).toBe(3);
    expect(warnings).toEqual([]);
    expect(measurements.map(({ atMs, value }) => [atMs, value])).toEqual(
      Array.from({ length: POINTS }, (_, index) => [firstMs + index * MINUTE_MS, index]),
    );
  });

  it('gives the same hours from two windows that touch in the middle of an hour as from one', async () => {
    const stream = { query: 'sum(increase(orders_total[1h]))', step: '1h', sample: 'interval', unit: 'orders' };
    const fromMs = nowMs - 100 * 3_600_000;
    const toMs = nowMs - 3 * 3_600_000;
    const middleMs = fromMs + 50 * 3_600_000 + 17 * MINUTE_MS;
    const whole = await pull(stream, fromMs, toMs);
    const [left, right] = [await pull(stream, fromMs, middleMs), await pull(stream, middleMs, toMs)];
    expect([...left.measurements, ...right.measurements]).toEqual(whole.measurements);
    expect(whole.measurements).toHaveLength(97);
    expect(whole.measurements[0]).toMatchObject({ atMs: fromMs, durationMs: 3_600_000, unit: 'orders' });
    // Three orders a minute; increase() extrapolates 59 of 60 minutes to the whole hour.
    for (const { value } of whole.measurements) expect(value).toBeCloseTo(180, 6);
  });

  it('passes the check, with its version, the clock and a sample of the stream', async () => {
    const context = await contextFor({
      query: 'count({__name__=~".+"}) or vector(1)',
      step: '1m',
      sample: 'instant',
      unit: 'series',
    });
    const findings = [...(await kind.check(context)), ...(await kind.checkStream(context))];
    expect(findings.map(({ level, aspect }: Finding) => [level, aspect])).toEqual([
      ['ok', 'connectivity'],
      ['ok', 'credentials'],
      ['ok', 'clock'],
      ['ok', 'sample'],
    ]);
    expect(findings[0]?.message).toMatch(/Prometheus \d+\.\d+/);
  });

  it('warns of a query without a value and of a range that is not the step', async () => {
    const context = await contextFor({
      query: 'sum(increase(no_such_total[5m]))',
      step: '1h',
      sample: 'interval',
      unit: 'things',
    });
    const findings = await kind.checkStream(context);
    expect(findings.map(({ level }: Finding) => level)).toEqual(['warning', 'warning']);
    expect(findings[1]?.message).toContain('5m');
  });

  it('says which credentials are wrong without showing them', async () => {
    const context = await contextFor({ query: 'up', step: '1m', sample: 'instant', unit: 'targets' }, 'wr0ng-password');
    const error = await kind.check(context).then(() => null, asOutturnError);
    expect(error).toBeInstanceOf(PermanentError);
    expect(error?.code).toBe('source/unauthorised');
    expect(JSON.stringify([error?.message, error?.hint])).not.toContain('wr0ng-password');
  });

  it('discovers metrics as streams that can be pulled', async () => {
    const context = await contextFor({ query: 'up', step: '1m', sample: 'instant', unit: 'targets' });
    const catalog = await kind.discover(context);
    const orders = catalog.find(({ id }) => id === 'orders_total');
    expect(orders?.stream).toEqual({
      query: 'sum(increase(orders_total[1h]))',
      step: '1h',
      sample: 'interval',
      unit: 'events',
    });
    for (const entry of catalog) expect(kind.stream.safeParse(entry.stream).error, entry.id).toBeUndefined();
  });
});
