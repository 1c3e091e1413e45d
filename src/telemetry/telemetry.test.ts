import { describe, expect, it } from 'vitest';
import { createRedactor, PermanentError } from '#kit';
import { createLogger, createMetrics } from './index.ts';

const secret = 'correct horse/battery';

function capture(format: 'json' | 'pretty', level: 'debug' | 'info' | 'warn' = 'debug') {
  const lines: string[] = [];
  const redactor = createRedactor([secret]);
  const log = createLogger({ level, redactor, format, write: (line) => lines.push(line) });
  return { lines, log, redactor };
}

/** Everything a secret may hide in, at once. */
function logEverywhere(log: ReturnType<typeof capture>['log']): void {
  const cause = new Error(`connect failed for user:${secret}`);
  log.info({ url: `https://h/?token=${encodeURIComponent(secret)}`, list: [{ deep: secret }] }, `message ${secret}`);
  log.warn({ error: new Error(`bad ${secret}`, { cause }) }, 'failed');
  log.error({ error: new PermanentError('internal', secret, { hint: secret, facts: { body: secret } }) }, 'failed');
  log.child({ inherited: secret }).debug({ map: new Map([[secret, secret]]), url: new URL('http://h/') }, 'child');
  log.info({ authorization: `Basic ${Buffer.from(secret).toString('base64')}`, [secret]: 1 }, 'key');
}

describe('the log', () => {
  it.each(['json', 'pretty'] as const)('never shows a secret, wherever it hides (%s)', (format) => {
    const { lines, log } = capture(format);
    logEverywhere(log);
    const output = lines.join('');
    expect(lines).toHaveLength(5);
    expect(output).toContain('[redacted]');
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      expect(output).not.toContain(form);
  });

  it('masks a secret that became known after the child logger was made', () => {
    const { lines, log, redactor } = capture('json');
    const child = log.child({ dsn: 'postgres://u:later-secret@h/db' });
    redactor.add('later-secret');
    child.info({}, 'connected');
    expect(lines.join('')).not.toContain('later-secret');
  });

  it('writes one JSON object a line with level, time, message and the facts', () => {
    const { lines, log } = capture('json');
    log.child({ part: 'queue' }).info({ rows: 3 }, 'pulled');
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', part: 'queue', rows: 3, msg: 'pulled' });
    expect(Number.isNaN(Date.parse(String(line['time'])))).toBe(false);
  });

  it('leaves out what is below its level', () => {
    const { lines, log } = capture('json', 'warn');
    log.debug({}, 'a');
    log.info({}, 'b');
    log.warn({}, 'c');
    expect(lines).toHaveLength(1);
  });

  it('shows a stack for a fault of ours, none for a mistake of an operator', () => {
    const { lines, log } = capture('json');
    log.error({ error: new Error('unexpected') }, 'x');
    log.error(
      { error: new PermanentError('source/unauthorised', 'shop-metrics answered 401', { cause: new Error('401') }) },
      'y',
    );
    expect(lines[0]).toContain('"stack"');
    expect(lines[1]).not.toContain('"stack"');
    expect(lines[1]).toContain('source/unauthorised');
  });

  it('survives cycles, huge strings, buffers and odd values', () => {
    const { lines, log } = capture('json');
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    log.info({ cycle, text: 'x'.repeat(100_000), bytes: Buffer.from('a'), big: 1n, gone: undefined }, 'odd');
    expect(lines).toHaveLength(1);
    expect((lines[0] ?? '').length).toBeLessThan(20_000);
  });
});

describe('the metrics', () => {
  it('expose what was counted, in Prometheus text', async () => {
    const metrics = createMetrics({ processMetrics: false });
    metrics.jobFinished({ kind: 'pull', outcome: 'succeeded', durationMs: 1500, waitedMs: 20 });
    metrics.pullFinished({
      connector: 'sap',
      stream: 'costs',
      outcome: 'succeeded',
      rows: 7,
      revisions: 2,
      durationMs: 30,
    });
    metrics.deliveryFinished({ channel: 'email', state: 'sent' });
    metrics.fireRecorded({ schedule: 'nightly', outcome: 'late', latenessMs: 60_000 });
    metrics.fireRecorded({ schedule: 'nightly', outcome: 'skipped', latenessMs: 0 });
    metrics.gauge('outbox_open', {}, 4);
    metrics.gauge('watermark_lag_seconds', { connector: 'sap', stream: 'costs' }, 90);
    const { contentType, body } = await metrics.expose();
    expect(contentType).toContain('text/plain');
    for (const line of [
      'outturn_jobs_total{kind="pull",outcome="succeeded"} 1',
      'outturn_job_duration_seconds_sum{kind="pull",outcome="succeeded"} 1.5',
      'outturn_pull_rows_total{connector="sap",stream="costs"} 7',
      'outturn_pull_revisions_total{connector="sap",stream="costs"} 2',
      'outturn_deliveries_total{channel="email",state="sent"} 1',
      'outturn_fires_total{schedule="nightly",outcome="late"} 1',
      'outturn_fires_total{schedule="nightly",outcome="skipped"} 1',
      // What was skipped did not fire, neither late nor at its time.
      'outturn_fire_lateness_seconds_count{schedule="nightly"} 1',
      'outturn_outbox_open 4',
      'outturn_watermark_lag_seconds{connector="sap",stream="costs"} 90',
    ])
      expect(body).toContain(line);
  });

  it('of two processes in one (tests, `up`) do not share a registry', async () => {
    const first = createMetrics();
    const second = createMetrics();
    first.deliveryFinished({ channel: 'slack', state: 'sent' });
    expect((await second.expose()).body).not.toContain('state="sent"');
  });
});
