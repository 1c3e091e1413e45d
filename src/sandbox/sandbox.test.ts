import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogLevel, type Logger as SlackLogger, WebClient } from '@slack/web-api';
import nodemailer, { type Transporter } from 'nodemailer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Logger } from '#kit';
import { basic } from './http.ts';
import { type Sandbox, sandboxConfigYaml, startSandbox } from './index.ts';

const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
const quiet: SlackLogger = {
  ...silent,
  setLevel: () => undefined,
  getLevel: () => LogLevel.ERROR,
  setName: () => undefined,
};
const nowMs = Date.parse('2026-11-23T06:15:00Z');
const hourS = 3_600;
const lastHourS = Date.parse('2026-11-23T06:00:00Z') / 1_000;

let directory: string;
let sandbox: Sandbox;
const secrets = { prometheus: '', odata: '', smtp: '', slack: '' };
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outturn-sandbox-'));
  sandbox = await startSandbox({ nowMs, directory, log: silent });
  for (const name of Object.keys(secrets) as (keyof typeof secrets)[])
    secrets[name] = (await readFile(sandbox.secretFiles[name], 'utf8')).trim();
});
afterAll(async () => {
  await sandbox?.close();
  await rm(directory, { recursive: true, force: true });
});

interface Answer {
  status: number;
  body: {
    status?: string;
    error?: unknown;
    data?: { resultType: string; result: { metric: Record<string, string>; values: [number, string][] }[] };
    value?: Record<string, unknown>[];
    '@odata.nextLink'?: string;
    '@odata.count'?: number;
  };
}
async function ask(url: string, password: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, {
    ...init,
    headers: { ...init.headers, authorization: basic('outturn', password) },
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {} };
}

describe('the Prometheus of the sandbox', () => {
  const range = (query: string, startS: number, endS: number, step: string, method = 'GET'): Promise<Answer> => {
    const form = new URLSearchParams({ query, start: String(startS), end: String(endS), step });
    const url = `${sandbox.prometheusUrl}/api/v1/query_range`;
    return method === 'GET'
      ? ask(`${url}?${form}`, secrets.prometheus)
      : ask(url, secrets.prometheus, { method, body: form });
  };

  it('gives hourly increases as strings, both ends included, by GET and by POST', async () => {
    const query = 'sum(increase(checkout_failures_total[1h]))';
    const got = await range(query, lastHourS - 24 * hourS, lastHourS, '1h');
    const [series] = got.body.data?.result ?? [];
    expect(series?.metric).toEqual({});
    expect(series?.values).toHaveLength(25);
    expect(series?.values.every(([, value]) => /^\d+$/.test(value))).toBe(true);
    expect(await range(query, lastHourS - 24 * hourS, lastHourS, '3600', 'POST')).toEqual(got);
  });

  it('has increases that add up to the rise of the counters', async () => {
    const raw = await range('sum by (shop) (checkout_failures_total)', lastHourS - 24 * hourS, lastHourS, '24h');
    const hourly = await range(
      'sum by (shop) (increase(checkout_failures_total[1h]))',
      lastHourS - 23 * hourS,
      lastHourS,
      '1h',
    );
    for (const { metric, values } of raw.body.data?.result ?? []) {
      const rise = Number(values[1]?.[1]) - Number(values[0]?.[1]);
      const same = hourly.body.data?.result.find((series) => series.metric['shop'] === metric['shop']);
      expect(same?.values.reduce((sum, [, value]) => sum + Number(value), 0)).toBe(rise);
    }
    expect(raw.body.data?.result.map((series) => series.metric)).toEqual([{ shop: 'at' }, { shop: 'de' }]);
  });

  it('answers at the times asked for, not at round ones', async () => {
    const got = await range('checkout_failures_total{shop="de"}', lastHourS - 90, lastHourS - 30, '30s');
    expect(got.body.data?.result[0]?.values.map(([at]) => at)).toEqual([
      lastHourS - 90,
      lastHourS - 60,
      lastHourS - 30,
    ]);
  });

  it('has nothing before the history and five minutes after it', async () => {
    const before = await range(
      'pick_errors_total',
      Date.parse('2026-01-01T00:00:00Z') / 1_000,
      Date.parse('2026-01-02T00:00:00Z') / 1_000,
      '1h',
    );
    expect(before.body.data?.result).toEqual([]);
    const after = await range('pick_errors_total', lastHourS, lastHourS + 600, '1m');
    expect(after.body.data?.result[0]?.values).toHaveLength(5);
  });

  it('refuses more than 11,000 steps, a broken query, a wrong time and an unknown function in Prometheus’ words', async () => {
    const error = async (answer: Promise<Answer>): Promise<unknown> => {
      const { status, body } = await answer;
      expect([status, body.status]).toEqual([400, 'error']);
      return body.error;
    };
    expect(await error(range('x', 0, 11_001, '1'))).toContain('exceeded maximum resolution of 11,000 points');
    expect((await range('x', 0, 11_000, '1')).status).toBe(200);
    expect(await error(range('sum(', 0, 1, '1'))).toBe('1:5: parse error: unclosed left parenthesis');
    expect(await error(range('x', Number.NaN, 1, '1'))).toBe(
      'invalid parameter "start": cannot parse "NaN" to a valid timestamp',
    );
    expect(await error(range('x', 2, 1, '1'))).toContain('end timestamp must not be before start time');
    expect(await error(range('nope(x)', 0, 1, '1'))).toContain('unknown function with name "nope"');
    expect(await error(range('checkout_failures_total[1h]', 0, 1, '1'))).toContain('range vector');
  });

  it('lets nobody in without the password', async () => {
    expect((await ask(`${sandbox.prometheusUrl}/api/v1/query?query=1`, 'wrong')).status).toBe(401);
  });
});

describe('the ERP of the sandbox', () => {
  const odata = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(`${sandbox.odataUrl}/${path}`, secrets.odata, { headers });

  it('turns pages by a relative next link until every row was there once', async () => {
    const numbers: unknown[] = [];
    let pages = 0;
    let next: string | undefined = 'ServiceHours?$orderby=WorkDate&$select=Hours&$count=true';
    let counted = 0;
    while (next !== undefined) {
      const { body }: Answer = await odata(next, { prefer: 'odata.maxpagesize=1000' });
      numbers.push(...(body.value ?? []).map((row) => row['EntryNo']));
      expect(body.value?.length).toBeLessThanOrEqual(50);
      counted = body['@odata.count'] ?? 0;
      next = body['@odata.nextLink'];
      pages++;
    }
    expect(pages).toBeGreaterThan(5);
    expect(numbers).toHaveLength(counted);
    expect(new Set(numbers).size).toBe(counted);
  });

  it('filters by date, text and parentheses, with decimals as numbers', async () => {
    const { body } = await odata(
      "ProjectCosts?$filter=(CompanyCode eq '1010') and PostingDate ge 2026-06-01 and PostingDate lt 2026-07-01 and (WbsElement eq 'P-1001' or ValueType ne '04')",
    );
    const rows = body.value ?? [];
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows) {
      expect(String(row['PostingDate']).startsWith('2026-06-')).toBe(true);
      expect(typeof row['Amount']).toBe('number');
    }
  });

  it.each([
    ['an unknown field', '$filter=Nope eq 1', 'Property "Nope" does not exist in "ProjectCostsService.ProjectCosts"'],
    ['half a comparison', '$filter=PostingDate ge', 'Parsing URL failed at position 14: unexpected end of input.'],
    ['an unknown column', '$select=Nope', 'Property "Nope" does not exist in "ProjectCostsService.ProjectCosts"'],
    [
      'an open parenthesis',
      "$filter=(CompanyCode eq '1010'",
      'Parsing URL failed at position 22: unexpected end of input.',
    ],
  ])('answers 400 to %s', async (_what, query, message) => {
    const { status, body } = await odata(`ProjectCosts?${query}`);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ message, code: '400' });
  });

  it('answers 404 to an unknown entity set and 401 to a wrong password', async () => {
    expect((await odata('Nope')).status).toBe(404);
    expect((await ask(`${sandbox.odataUrl}/ProjectCosts`, 'wrong')).status).toBe(401);
  });
});

describe('the mail server of the sandbox', () => {
  const transport = (password: string): Transporter =>
    nodemailer.createTransport({
      host: '127.0.0.1',
      port: sandbox.smtpPort,
      auth: { user: 'outturn', pass: password },
    });
  const message = {
    from: 'outturn@example.com',
    to: 'commerce@example.com',
    subject: 'ROI 42 %',
    text: 'Größe',
    messageId: '<d-1@outturn.example.com>',
  };

  it('keeps each mail as a file, and counts repeats of a Message-ID', async () => {
    await transport(secrets.smtp).sendMail(message);
    await transport(secrets.smtp).sendMail(message);
    expect(sandbox.mailsByMessageId().get('d-1@outturn.example.com')).toBe(2);
    expect(await readdir(sandbox.mailDirectory)).toEqual([
      'commerce@example.com-d-1-again-2.eml',
      'commerce@example.com-d-1.eml',
    ]);
    expect(await readFile(join(sandbox.mailDirectory, 'commerce@example.com-d-1.eml'), 'utf8')).toContain(
      'Subject: ROI 42 %',
    );
  });

  it('refuses a wrong password with 535', async () => {
    await expect(transport('wrong').sendMail(message)).rejects.toMatchObject({ responseCode: 535 });
  });
});

describe('the Slack of the sandbox', () => {
  const client = (token = secrets.slack): WebClient =>
    new WebClient(token, { slackApiUrl: sandbox.slackApiUrl, retryConfig: { retries: 0 }, logger: quiet });
  const metadata = { event_type: 'outturn_delivery', event_payload: { idempotency_key: 'k-1' } };

  it('takes a message with an uploaded chart, and has it in its history and its folder', async () => {
    const slack = client();
    const png = Buffer.from('89504e470d0a1a0a', 'hex');
    const target = await slack.files.getUploadURLExternal({
      filename: 'chart.png',
      length: png.length,
      alt_text: 'ROI',
    });
    expect((await fetch(target.upload_url ?? '', { method: 'POST', body: new Uint8Array(png) })).ok).toBe(true);
    await slack.files.completeUploadExternal({ files: [{ id: target.file_id ?? '', title: 'chart.png' }] });
    const posted = await slack.apiCall('chat.postMessage', {
      channel: sandbox.channel.id,
      text: 'ROI 42 %',
      blocks: [
        { type: 'header', text: { type: 'plain_text', text: 'Checkout <rewrite>' } },
        { type: 'image', slack_file: { id: target.file_id }, alt_text: 'ROI' },
      ],
      metadata,
    });
    const { messages } = await slack.conversations.history({ channel: sandbox.channel.id, include_all_metadata: true });
    expect(messages?.[0]).toMatchObject({ ts: Reflect.get(posted, 'ts'), text: 'ROI 42 %', metadata });
    const page = await readFile(join(sandbox.slackDirectory, `${sandbox.channel.id}.html`), 'utf8');
    expect(page).toContain('<h2>Checkout &lt;rewrite&gt;</h2>');
    expect(page).toContain(`files/${target.file_id}-chart.png`);
  });

  it('still knows after a restart what was posted before', async () => {
    const again = await startSandbox({ nowMs, directory, log: silent });
    try {
      const token = (await readFile(again.secretFiles.slack, 'utf8')).trim();
      const slack = new WebClient(token, {
        slackApiUrl: again.slackApiUrl,
        retryConfig: { retries: 0 },
        logger: quiet,
      });
      const { messages } = await slack.conversations.history({ channel: again.channel.id, include_all_metadata: true });
      expect(messages?.[0]).toMatchObject({ metadata });
    } finally {
      await again.close();
    }
  });

  it.each([
    ['channel_not_found', { channel: 'C0NOWHERE', text: 'x' }],
    ['no_text', { channel: 'C0ITVALUE' }],
    [
      'invalid_blocks',
      {
        channel: 'C0ITVALUE',
        text: 'x',
        blocks: [{ type: 'header', text: { type: 'plain_text', text: 'x'.repeat(151) } }],
      },
    ],
    [
      'invalid_blocks',
      { channel: 'C0ITVALUE', text: 'x', blocks: Array.from({ length: 51 }, () => ({ type: 'divider' })) },
    ],
  ])('answers %s as Slack does', async (error, args) => {
    await expect(client().apiCall('chat.postMessage', args)).rejects.toMatchObject({ data: { ok: false, error } });
  });

  it('refuses a wrong token and a method that it has not', async () => {
    await expect(client('xoxb-wrong').auth.test()).rejects.toMatchObject({ data: { error: 'invalid_auth' } });
    await expect(client().apiCall('chat.nope')).rejects.toMatchObject({ data: { error: 'unknown_method' } });
  });
});

describe('the configuration of the sandbox', () => {
  it('is YAML with three connectors, two projects and two subscriptions, and holds no secret', async () => {
    const files = sandboxConfigYaml(sandbox, { objectsDirectory: '/tmp/with "quotes"' });
    const all = Object.assign({}, ...Object.values(files).map((text) => parse(text) as object)) as Record<
      string,
      object
    >;
    expect(Object.keys(all['connectors'] ?? {})).toEqual(['monitoring', 'erp', 'ecb']);
    expect(Object.keys(all['projects'] ?? {})).toEqual(['checkout-rewrite', 'scanner-rollout']);
    expect(Object.keys(all['subscriptions'] ?? {})).toEqual(['checkout-weekly', 'scanner-weekly']);
    for (const secret of Object.values(secrets)) expect(Object.values(files).join()).not.toContain(secret);
  });

  it('keeps secrets in files that only their owner can read', async () => {
    for (const file of Object.values(sandbox.secretFiles)) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });
});
