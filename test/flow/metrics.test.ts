import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { outturnProcess, startOutturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { describeWith, programOf } from '../harness/packages.ts';
import { pollUntil } from '../harness/poll.ts';
import type { RunningProcess } from '../harness/process.ts';
import { type PrometheusServer, startPrometheus } from '../harness/servers/prometheus.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = `
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

/** What promtool says against the text; empty when nothing. */
function promtool(metrics: string): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(programOf('prometheus', 'promtool'), ['check', 'metrics']);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
      });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
    child.stdin.end(metrics);
  });
}

describeWith(['prometheus'], 'a worker and a scheduler of their own, as Prometheus sees them', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let scheduler: RunningProcess;
  let worker: RunningProcess;
  let prometheus: PrometheusServer;
  let env: Record<string, string>;
  const urlOf = (started: RunningProcess) => /"metricsUrl": "([^"]+)"/.exec(started.output())?.[1] ?? '';
  const scrape = async (started: RunningProcess) => (await fetch(urlOf(started))).text();
  const valueOf = async (expression: string) => Number((await prometheus.query(expression))[0]?.value[1] ?? Number.NaN);

  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('metrics'), testDatabase()]);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml);
    env = {
      DATABASE_URL: database.url,
      OUTTURN_CONFIG: config,
      OUTTURN_DATA: path.join(directory.path, 'data'),
      OUTTURN_LOG_LEVEL: 'silent',
    };
    // Its file is not there yet: what is pulled before fails for good.
    const start = (role: string) =>
      startOutturn([role, '--metrics-port', '0', '--json'], {
        env,
        ready: (output) => output.includes('"metricsUrl"'),
      });
    scheduler = await start('scheduler');
    worker = await start('worker');
    prometheus = await startPrometheus({
      scrapeTargets: [scheduler, worker].map((each) => new URL(urlOf(each)).host),
      scrapeIntervalMs: 500,
    });
  });
  afterAll(async () => {
    await prometheus?.close();
    await Promise.all([scheduler?.close(15_000), worker?.close(15_000)]);
    await database?.close();
    await directory?.remove();
  });

  it('say that they are well, and nothing but metrics beside it', async () => {
    const base = new URL(urlOf(worker)).origin;
    expect(await (await fetch(`${base}/healthz`)).json()).toEqual({ status: 'ok' });
    expect((await fetch(`${base}/v1/jobs`)).status).toBe(404);
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('count failures: the attempt, the dead letter, and that it is open', async () => {
    await pollUntil(
      'a pull that failed for good',
      async () => (await valueOf('sum(outturn_job_incidents_total{kind="pull",incident="dead-letter"})')) >= 1,
    );
    expect(await valueOf('sum(outturn_jobs_total{kind="pull",outcome="failed"})')).toBeGreaterThanOrEqual(1);
    await pollUntil(
      'the open dead letter',
      async () => (await valueOf('max(outturn_dead_letters_open{kind="pull"})')) >= 1,
    );
  });

  it('count what went well, how long it took and waited, and how late schedules fired', async () => {
    await writeFile(
      path.join(directory.path, 'config', 'invoices.csv'),
      'no,project,amount,currency,day\n1,P-1,120.50,EUR,2026-02-01\n',
    );
    await pollUntil(
      'a pull and its recompute',
      async () => (await valueOf('sum(outturn_jobs_total{kind="build-report",outcome="succeeded"})')) >= 1,
    );
    expect(await valueOf('sum(outturn_job_duration_seconds_count{kind="pull"})')).toBeGreaterThanOrEqual(1);
    expect(await valueOf('sum(outturn_job_wait_seconds_count{kind="pull"})')).toBeGreaterThanOrEqual(1);
    expect(await valueOf('sum(outturn_fire_lateness_seconds_count{schedule="pull:erp.invoices"})')).toBeGreaterThan(0);
    await pollUntil(
      'the lag of the stream',
      async () => (await valueOf('max(outturn_watermark_lag_seconds{connector="erp",stream="invoices"})')) >= 0,
    );
  });

  it('show work that waits when no worker takes it, with its age', async () => {
    await worker.close(15_000);
    const queued = await outturnProcess(['recompute', 'intranet', '--enqueue', '--json'], { env });
    expect(queued.status, queued.stderr).toBe(0);
    await pollUntil(
      'a recompute that waits and grows older',
      async () => (await valueOf('max(outturn_oldest_waiting_seconds{kind="recompute-roi"})')) > 1,
    );
    expect(await valueOf('max(outturn_jobs_open{kind="recompute-roi",state="pending"})')).toBe(1);
    expect(await valueOf('max(outturn_queue_jobs{queue="compute",state="pending"})')).toBe(1);
    expect(await valueOf('max(outturn_outbox_lag_seconds)')).toBeGreaterThan(1);
  });

  it('are written as promtool wants metrics', async () => {
    expect(await promtool(await scrape(scheduler))).toEqual({ status: 0, output: '' });
  });

  it('a second process on the same port is refused in words', async () => {
    const port = new URL(urlOf(scheduler)).port;
    const second = await outturnProcess(['scheduler', '--json'], { env: { ...env, OUTTURN_METRICS_PORT: port } });
    expect(second.status).toBe(1);
    expect(second.json()).toMatchObject({ error: { code: 'api/port-in-use', message: expect.stringContaining(port) } });
  });
});
