import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outturnProcess, startOutturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { describeWith } from '../harness/packages.ts';
import { pollUntil } from '../harness/poll.ts';
import type { RunningProcess } from '../harness/process.ts';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../harness/servers/otlp.ts';
import { type RedisServer, startRedis } from '../harness/servers/redis.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const TOKEN = 'an-admin-token-for-this-run';

/** The names from the root of its trace down to the span. */
function pathTo(span: ReceivedSpan, spans: readonly ReceivedSpan[]): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentId);
  return [...(parent === undefined ? [] : pathTo(parent, spans)), span.name];
}
/** The longest way from a root to a span of that name. */
function wayTo(name: string, spans: readonly ReceivedSpan[]): string[] {
  const ways = spans.filter((span) => span.name === name).map((span) => pathTo(span, spans));
  return ways.sort((a, b) => b.length - a.length)[0] ?? [];
}

describe('what the demo does, as a collector sees it', () => {
  let receiver: OtlpReceiver;
  let directory: TemporaryDirectory;
  let spans: readonly ReceivedSpan[];
  beforeAll(async () => {
    [receiver, directory] = await Promise.all([startOtlpReceiver(), temporaryDirectory('trace')]);
    await chmod(directory.path, 0o755);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'outturn-demo' };
    const result = await outturnProcess(['demo', '--json', '--data', directory.path], { env });
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' });
    spans = receiver.spans();
  });
  afterAll(async () => {
    await receiver?.close();
    await directory?.remove();
  });

  it('is two traces: what the pulls led to, and what the digests led to', () => {
    const roots = spans.filter(({ parentId }) => parentId === null);
    expect(roots.map(({ name }) => name).sort()).toEqual(['request pull', 'request send-digest']);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(2);
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['outturn-demo']));
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter(({ parentId }) => parentId !== null && !ids.has(parentId))).toEqual([]);
  });

  it('leads from the request over source, store and recompute to the report', () => {
    expect(wayTo('render report', spans)).toEqual([
      'request pull',
      'store transaction',
      'publish pull',
      'process pull',
      'job pull',
      'store transaction',
      'publish compute',
      'process compute',
      'job recompute-roi',
      'store transaction',
      'publish report',
      'process report',
      'job build-report',
      'render report',
    ]);
    expect(wayTo('GET', spans).slice(-3)).toEqual(['process pull', 'job pull', 'GET']);
  });

  it('leads from the digest to each delivery', () => {
    for (const channel of ['email', 'slack'])
      expect(wayTo(`deliver ${channel}`, spans)).toEqual([
        'request send-digest',
        'store transaction',
        'publish delivery',
        'process delivery',
        'job send-digest',
        'store transaction',
        'publish delivery',
        'process delivery',
        'job deliver-message',
        `deliver ${channel}`,
      ]);
  });

  it('says what each span is about in the words of the conventions', () => {
    const named = (name: string) => spans.find((span) => span.name === name)?.attributes;
    expect(named('publish pull')).toMatchObject({
      'messaging.system': 'bullmq',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'pull',
    });
    expect(named('process pull')).toMatchObject({
      'messaging.system': 'bullmq',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'pull',
    });
    expect(named('GET')).toMatchObject({ 'http.request.method': 'GET', 'http.response.status_code': 200 });
    expect(named('job pull')).toMatchObject({ 'outturn.job.kind': 'pull', 'outturn.job.attempt': 1 });
  });

  it('shows no statement, no address of a person and no housekeeping', () => {
    expect(receiver.text().match(/slonik|getNextJob|moveStalled|extendLock|SELECT |@/)).toBeNull();
  });
});

const yaml = `
settings: { api: { host: 127.0.0.1, port: 8080, token: "\${env:API_TOKEN}" } }
connectors:
  erp:
    kind: file
    streams:
      invoices:
        path: invoices.csv
        schedule: "*/2 * * * * *"
        costs: { sourceKey: [no], projectRef: project, kind: actual, amount: amount, currency: currency, postingDate: day }
projects:
  intranet:
    name: Intranet
    currency: EUR
    timeZone: Europe/Berlin
    startsOn: 2026-01-01
    horizonYears: 3
    discountRate: 8 %
    costs: { sources: [{ connector: erp, stream: invoices, projectRef: P-1 }] }
    metrics: {}
`;

describeWith(['redis'], 'a running process, as a collector sees it', () => {
  describe.each(['PostgreSQL', 'Redis'] as const)('queue in %s', (queue) => {
    let receiver: OtlpReceiver;
    let directory: TemporaryDirectory;
    let database: TestDatabase;
    let redis: RedisServer | null = null;
    let up: RunningProcess;
    let api: string;

    beforeAll(async () => {
      [receiver, directory, database] = await Promise.all([
        startOtlpReceiver(),
        temporaryDirectory('trace'),
        testDatabase(),
      ]);
      if (queue === 'Redis') redis = await startRedis();
      await mkdir(path.join(directory.path, 'config'));
      await writeFile(path.join(directory.path, 'config', 'outturn.yaml'), yaml);
      await writeFile(
        path.join(directory.path, 'config', 'invoices.csv'),
        'no,project,amount,currency,day\n1,P-1,120.50,EUR,2026-02-01\n2,P-1,80,EUR,2026-03-01\n',
      );
      up = await startOutturn(['up', '--port', '0', '--json', '--log-level', 'debug'], {
        env: {
          DATABASE_URL: database.url,
          ...(redis === null ? {} : { REDIS_URL: redis.url }),
          OUTTURN_CONFIG: path.join(directory.path, 'config'),
          OUTTURN_DATA: path.join(directory.path, 'data'),
          OUTTURN_LOG_FORMAT: 'json',
          API_TOKEN: TOKEN,
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_BSP_SCHEDULE_DELAY: '100',
        },
        ready: (output) => output.includes('"apiUrl"'),
      });
      api = /"apiUrl": "([^"]+)"/.exec(up.output())?.[1] ?? '';
    });
    afterAll(async () => {
      await up?.close(15_000);
      await receiver?.close();
      await redis?.close();
      await database?.close();
      await directory?.remove();
    });

    it('a fire of a schedule begins a trace that ends with the report', async () => {
      await pollUntil('a report that a schedule led to', async () =>
        wayTo('render report', receiver.spans()).includes('request pull'),
      );
      const way = wayTo('render report', receiver.spans());
      expect(way[0]).toBe('request pull');
      expect(way.filter((name) => name.startsWith('job '))).toEqual([
        'job pull',
        'job recompute-roi',
        'job build-report',
      ]);
      const root = receiver.spans().find(({ name, parentId }) => name === 'request pull' && parentId === null);
      expect(root?.attributes['outturn.job.cause']).toMatch(/^schedule pull:erp\.invoices /);
    });

    it('a request continues the trace of whoever sends it', async () => {
      const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
      const response = await fetch(`${api}/v1/recalculations`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${TOKEN}`,
          'content-type': 'application/json',
          traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
        },
        body: '{"project":"intranet"}',
      });
      expect(response.status).toBe(202);
      const mine = () => receiver.spans().filter((span) => span.traceId === traceId);
      await pollUntil('the recompute, from the request on', async () =>
        wayTo('job recompute-roi', mine()).includes('POST /v1/recalculations'),
      );
      const request = mine().find(({ name }) => name === 'POST /v1/recalculations');
      expect(request).toMatchObject({
        parentId: '00f067aa0ba902b7',
        attributes: { 'http.route': '/v1/recalculations', 'http.response.status_code': 202 },
      });
      expect(wayTo('job recompute-roi', mine())).toEqual([
        'POST /v1/recalculations',
        'store transaction',
        'publish compute',
        'process compute',
        'job recompute-roi',
      ]);
    });

    it('lines of the log name job, pull and the same trace', () => {
      const lines = up
        .output()
        .split('\n')
        .filter((line) => line.startsWith('{"level"'))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const pulled = lines.find((line) => line['msg'] === 'pulled');
      expect(pulled).toMatchObject({ kind: 'pull', attempt: 1 });
      expect(pulled?.['pull']).toBeTypeOf('string');
      const job = receiver.spans().find((span) => span.attributes['outturn.job.id'] === pulled?.['job']);
      expect(job?.traceId).toBe(pulled?.['trace']);
    });
  });
});
