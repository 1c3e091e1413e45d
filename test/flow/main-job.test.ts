import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outturnProcess, startOutturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { describeWith } from '../harness/packages.ts';
import { pollUntil } from '../harness/poll.ts';
import { freePort } from '../harness/ports.ts';
import type { RunningProcess } from '../harness/process.ts';
import { type CapServer, startCap } from '../harness/servers/cap.ts';
import { type NodeExporter, startNodeExporter } from '../harness/servers/node-exporter.ts';
import { type PostfixServer, type ReceivedMail, startPostfix } from '../harness/servers/postfix.ts';
import { openMetrics, type PrometheusServer, startPrometheus } from '../harness/servers/prometheus.ts';
import { type RedisServer, startRedis } from '../harness/servers/redis.ts';
import { type SlackServer, startSlack } from '../harness/servers/slack.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';
import { costRows, expectedFigures, failuresPerHour, type World, world } from './main-job.world.ts';

const TOKEN = 'an-admin-token-for-this-run';
const percentOf = (share: number): string =>
  new Intl.NumberFormat('en-GB', { style: 'percent' }).format(share).replace('-', '−');

interface Job {
  id: string;
  state: string;
  error: unknown;
}
interface Snapshot {
  outputs: Record<string, unknown> & { metrics: { metricId: string; latest: unknown; monetised: boolean }[] };
}

/** Real Prometheus (scraping a real node exporter), real CAP service, real Redis, real SMTP server: YAML is all that joins them. */
describeWith(['prometheus', 'node-exporter', 'redis', 'postfix'], 'the main job on real servers', () => {
  const time: World = world(Date.now());
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let exporter: NodeExporter;
  let prometheus: PrometheusServer;
  let cap: CapServer;
  let redis: RedisServer;
  let postfix: PostfixServer;
  let slack: SlackServer;
  let channel: string;
  let up: RunningProcess;
  let port: number;
  let api: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    [directory, database, exporter, redis, postfix, slack] = await Promise.all([
      temporaryDirectory('flow'),
      testDatabase(),
      startNodeExporter(),
      startRedis(),
      startPostfix(),
      startSlack(),
    ]);
    [prometheus, cap] = await Promise.all([
      startPrometheus({
        scrapeTargets: [exporter.target],
        history: openMetrics([
          {
            name: 'shop_failures_per_hour',
            type: 'gauge',
            series: [{ labels: { shop: 'web' }, points: failuresPerHour(time) }],
          },
        ]),
      }),
      startCap({ databaseUrl: database.url, rows: { ProjectCosts: costRows(time) }, pageSize: 50 }),
    ]);
    await pollUntil(
      'two scrapes of the node exporter',
      async () => (await prometheus.query('count_over_time(node_load1[1m]) >= 2')).length === 1,
    );
    channel = await slack.channelId('it-value');
    port = await freePort();
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml());
    env = {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      OUTTURN_CONFIG: config,
      OUTTURN_DATA: path.join(directory.path, 'data'),
      CAP_PASSWORD: cap.password,
      SMTP_PASSWORD: postfix.password,
      SLACK_TOKEN: slack.token,
      API_TOKEN: TOKEN,
    };
    up = await startOutturn(['up', '--port', String(port), '--json'], {
      env,
      ready: (output) => output.includes('"apiUrl"'),
    });
    api = /"apiUrl": "([^"]+)"/.exec(up.output())?.[1] ?? '';
  });
  afterAll(async () => {
    await up?.close(15_000);
    await Promise.all([prometheus, cap, exporter, redis, postfix, slack].map((server) => server?.close()));
    await database?.close();
    await directory?.remove();
  });

  const yaml = (): string => `
settings:
  timeZone: Europe/Berlin
  publicUrl: http://127.0.0.1:${port}/
  smtp: { host: 127.0.0.1, port: ${postfix.port}, from: "Outturn <outturn@example.com>", tls: required, insecure: true, user: "${postfix.user}", password: "\${env:SMTP_PASSWORD}" }
  slack: { token: "\${env:SLACK_TOKEN}", apiUrl: "${slack.apiUrl}" }
  objects: { kind: folder, path: "${path.join(directory.path, 'objects')}" }
  api: { host: 127.0.0.1, port: 8080, token: "\${env:API_TOKEN}" }
connectors:
  monitoring:
    kind: prometheus
    url: ${prometheus.url}
    lookback: 1d
    finalAfter: 0s
    streams:
      failures: { query: shop_failures_per_hour, step: 1h, sample: interval, unit: failures, since: 70d }
      load: { query: node_load1, step: 15s, sample: instant, unit: load, since: 10m }
  sap:
    kind: odata
    url: ${cap.v4}
    version: v4
    auth: { kind: basic, username: ${cap.username}, password: "\${env:CAP_PASSWORD}" }
    since: 100d
    lookback: 100d
    streams:
      costs:
        entitySet: ProjectCosts
        filter: "CompanyCode eq '1010'"
        cursor: { field: PostingDate, type: date }
        pageSize: 50
        costs: { sourceKey: [DocumentNo, Item], projectRef: WbsElement, kind: actual, amount: Amount, currency: Currency, postingDate: PostingDate, pool: CostElement, document: DocumentNo, text: Text }
fx:
  - { from: USD, to: EUR, rate: "0.92", validFrom: 2020-01-01, source: treasury }
projects:
  checkout:
    name: Checkout & payment
    sponsor: Head of Commerce
    currency: EUR
    timeZone: Europe/Berlin
    startsOn: ${time.firstDay}
    horizonYears: 3
    discountRate: 8 %
    timing: end
    costs: { sources: [{ connector: sap, stream: costs, projectRef: P-1001 }] }
    metrics:
      failures:
        name: Failed checkouts
        benefitClass: cash-releasing
        kind: flow
        unit: failures
        direction: down
        source: { connector: monitoring, stream: failures }
        cadence: day
        freshnessLimit: 2d
        baseline: { from: ${time.firstDay}, to: ${time.goLive} }
        rates: [{ from: 2020-01-01, amount: "4.50", currency: EUR, per: failure }]
        attribution: 80 %
        confidence: 90 %
        startsOn: ${time.goLive}
      load:
        name: Load of the shop server
        benefitClass: qualitative
        kind: stock
        unit: load
        direction: down
        source: { connector: monitoring, stream: load }
        cadence: day
        freshnessLimit: 2d
        startsOn: ${time.goLive}
subscriptions:
  weekly: { project: checkout, to: [{ channel: email, address: "sponsor@example.com", name: Sponsor }, { channel: slack, address: "${channel}", name: "#it-value" }], timeZone: Europe/Berlin, locale: en-GB }
`;

  async function post(route: string, body: unknown): Promise<Job> {
    const response = await fetch(`${api}${route}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const job = (await response.json()) as Job;
    expect(response.status, JSON.stringify(job)).toBe(202);
    return job;
  }
  const done = (job: Job): Promise<Job> =>
    pollUntil(`job ${job.id} done`, async () => {
      const response = await fetch(`${api}/v1/jobs/${job.id}`, { headers: { authorization: `Bearer ${TOKEN}` } });
      const now = (await response.json()) as Job;
      return ['succeeded', 'collapsed', 'failed'].includes(now.state) ? now : null;
    });
  async function snapshotWhere(accept: (outputs: Snapshot['outputs']) => boolean): Promise<Snapshot['outputs']> {
    return pollUntil('snapshot', async () => {
      const [snapshot] = (await outturnProcess(['roi', 'checkout', '--json'], { env })).json<
        (Snapshot | { outputs: null })[]
      >();
      return snapshot?.outputs && accept(snapshot.outputs) ? snapshot.outputs : null;
    });
  }

  it('every stream answers `outturn check`', async () => {
    const result = await outturnProcess(['check', '--json'], { env });
    expect(result.json<{ ok: boolean }>().ok, result.stdout).toBe(true);
    expect(result.status).toBe(0);
  });

  it('pulls asked for by HTTP bring measurements and costs, and the figures agree with an independent calculation', async () => {
    const jobs = await Promise.all([
      post('/v1/pulls', { connector: 'monitoring', stream: 'failures' }),
      post('/v1/pulls', { connector: 'monitoring', stream: 'load' }),
      post('/v1/pulls', { connector: 'sap' }),
    ]);
    for (const job of await Promise.all(jobs.map(done))) expect(job).toMatchObject({ state: 'succeeded', error: null });
    const expected = expectedFigures(time, costRows(time));
    const outputs = await snapshotWhere(
      (now) => now['costToDate'] !== null && now['benefitToDate'] !== null && Number(now['costToDate']) > 0,
    );
    expect(Number(outputs['benefitToDate'])).toBeCloseTo(expected.benefit, 4);
    expect(Number(outputs['costToDate'])).toBeCloseTo(expected.cost, 6);
    expect(Number(outputs['realisedRoi'])).toBeCloseTo(expected.realisedRoi, 8);
    expect(Number(outputs['npv'])).toBeCloseTo(expected.npv, 3);
    expect(Number(outputs['roi'])).toBeCloseTo(expected.roi, 7);
    expect(outputs['coverage']).toMatchObject({ ratio: '1' });
    expect(outputs.metrics.find((metric) => metric.metricId === 'load')).toMatchObject({ monetised: false });
  });

  it('the digest arrives at the SMTP server and in Slack with these figures, once for one slot', async () => {
    const expected = expectedFigures(time, costRows(time));
    const percent = percentOf(expected.roi);
    for (const _ of [1, 2]) {
      const sent = await outturnProcess(['digest', 'send', 'weekly', '--slot', 'flow-1'], { env });
      expect(sent.status, sent.stdout + sent.stderr).toBe(0);
    }
    const messages = await pollUntil('mail delivered', async () => {
      const all = await postfix.messages();
      return all.length > 0 ? all : null;
    });
    expect(messages).toHaveLength(1);
    const mail = (messages[0] as ReceivedMail).mail;
    expect(mail.subject).toContain('[Checkout & payment] ROI');
    expect(mail.subject).toContain(percent);
    expect(mail.text).toContain(
      new Intl.NumberFormat('en-GB', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }).format(
        expected.benefit,
      ),
    );
    expect(mail.text).toContain('Load of the shop server');
    expect(mail.html).toContain('Checkout &amp; payment');
    const posted = await slack.messages(channel);
    expect(posted).toHaveLength(1);
    expect(JSON.stringify(posted[0])).toContain(percent);
  });

  it('the link in the mail opens the report of these figures, and only with its key', async () => {
    const [message] = await postfix.messages();
    const link = /http:\/\/\S+\/snapshots\/\S+/.exec(message?.mail.text ?? '')?.[0] ?? '';
    const page = await pollUntil('report built', async () => {
      const response = await fetch(link);
      return response.ok ? response.text() : null;
    });
    expect(page).toContain('Checkout &amp; payment');
    expect(page).toContain(percentOf(expectedFigures(time, costRows(time)).roi));
    expect((await fetch(link.replace(/\?.*/, ''))).status).toBe(404);
  });

  it('a document corrected in the ERP becomes a revision and another ROI; pulling the same again changes nothing', async () => {
    const corrected = costRows(time).map((row, index) => (index === 3 ? { ...row, Amount: '999.99' } : row));
    await cap.put({ ProjectCosts: corrected });
    const job = await done(await post('/v1/pulls', { connector: 'sap', stream: 'costs' }));
    expect(job).toMatchObject({ state: 'succeeded', result: { inserted: 0, revisions: 1 } });
    const expected = expectedFigures(time, corrected);
    const outputs = await snapshotWhere((now) => Math.abs(Number(now['costToDate']) - expected.cost) < 1e-6);
    expect(Number(outputs['realisedRoi'])).toBeCloseTo(expected.realisedRoi, 8);
    const again = await done(await post('/v1/pulls', { connector: 'sap', stream: 'costs' }));
    expect(again).toMatchObject({ state: 'succeeded', result: { inserted: 0, revisions: 0 } });
  });

  it('a wrong password is told as such, not as a bad address', async () => {
    const wrong = await outturnProcess(['pull', 'sap', '--dry-run'], {
      env: { ...env, CAP_PASSWORD: 'not it at all' },
    });
    expect(wrong.stderr).toContain('source/unauthorised');
    expect(wrong.stderr).not.toContain('not it at all');
    expect(wrong.status).toBe(1);
  });

  it('no secret stands in the logs, the database, the queue or the objects', async () => {
    const { secretsFoundIn } = await import('./secret-search.ts');
    const found = await secretsFoundIn({
      secrets: [cap.password, slack.token, TOKEN, postfix.password],
      databaseUrl: database.url,
      redisUrl: redis.url,
      folder: path.join(directory.path),
      log: up.output(),
    });
    expect(found).toEqual([]);
  });

  it('SIGTERM ends `outturn up` cleanly', async () => {
    await up.close(15_000);
    expect(up.exited()).toBe(true);
    expect(up.output()).not.toMatch(/defect|unhandled/i);
  });
});
