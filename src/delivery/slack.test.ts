import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { WebClient } from '@slack/web-api';
import { createEmulator } from 'emulate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Logger, OutgoingMessage } from '#kit';
import { digestFacts } from '../../test/factories/digest.ts';
import { createSlack } from './slack.ts';

const TOKEN = 'xoxb-outturn-test';
const NARROW_TOKEN = 'xoxb-without-files';
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
};
const renderer = {
  mail: async () => ({ subject: '', text: '', html: '', attachments: [] }),
  slack: async () => ({
    text: '[Checkout] ROI 42%',
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: '*ROI 42%*' } },
      { type: 'divider' },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'why you get this' }] },
    ],
    chart: { png: PNG, altText: 'Cumulative benefit and cost', filename: 'chart.png' },
  }),
};
const running = new AbortController().signal;

let emulator: Awaited<ReturnType<typeof createEmulator>>;
let reader: WebClient;
let channel = '';
let deliveries = 0;

beforeAll(async () => {
  const tokens = {
    [TOKEN]: {
      login: 'U000000001',
      scopes: [
        'chat:write',
        'files:write',
        'files:read',
        'channels:read',
        'channels:history',
        'im:write',
        'im:history',
        'users:read',
      ],
    },
    [NARROW_TOKEN]: { login: 'U000000001', scopes: ['chat:write'] },
  };
  const slack = {
    team: { name: 'Example' },
    channels: [{ name: 'it-value' }],
    users: [{ name: 'sponsor', email: 'sponsor@example.com' }],
    tokens: Object.entries(tokens).map(([token, { login, scopes }]) => ({ token, user: login, scopes })),
    strict_scopes: true,
  };
  emulator = await createEmulator({ service: 'slack', port: await freePort(), seed: { tokens, slack } });
  reader = new WebClient(TOKEN, { slackApiUrl: `${emulator.url}/api/` });
  const { channels } = await reader.conversations.list();
  channel = channels?.find(({ name }) => name === 'it-value')?.id ?? '';
});
afterAll(() => emulator.close());

async function freePort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function slackAt(apiUrl: string, token = TOKEN) {
  return createSlack({
    slack: { token, apiUrl },
    renderer,
    log,
    redact: (text) => text.replaceAll(token, '[redacted]'),
    timeoutMs: 3_000,
  });
}
const slack = (token?: string) => slackAt(`${emulator.url}/api/`, token);

function message(overrides: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    channel: 'slack',
    address: channel,
    recipientName: '#it-value',
    facts: digestFacts(),
    idempotencyKey: `checkout-weekly/${++deliveries}/slack`,
    test: false,
    ...overrides,
  };
}

async function newest() {
  const { messages } = await reader.conversations.history({ channel, limit: 1, include_all_metadata: true });
  return messages?.[0];
}

/** Slack as it behaves on a bad day: every call that `answer` does not handle goes to the emulator. */
async function withProxy<T>(
  answer: (method: string, response: ServerResponse) => boolean,
  work: (url: string) => Promise<T>,
  afterwards: (method: string) => boolean = () => false,
): Promise<T> {
  const server = createServer((request, response) => void forward(request, response));
  async function forward(request: IncomingMessage, response: ServerResponse) {
    const method = (request.url ?? '').replace('/api/', '');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (answer(method, response)) return;
    const { authorization = '', 'content-type': contentType = '' } = request.headers;
    const upstream = await fetch(`${emulator.url}${request.url}`, {
      method: 'POST',
      headers: { authorization, 'content-type': contentType },
      body: Buffer.concat(chunks),
    });
    if (afterwards(method)) return void response.destroy();
    response.writeHead(upstream.status, { 'content-type': 'application/json' });
    response.end(await upstream.text());
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    return await work(`http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/api/`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('a digest in Slack', () => {
  it('arrives with its blocks, the chart before the footer, and the key of the delivery', async () => {
    const sent = message();
    const outcome = await slack().deliver(sent, running);
    const posted = await newest();
    expect(outcome).toEqual({ state: 'sent', messageId: `${channel}/${posted?.ts}` });
    expect(posted?.text).toBe('[Checkout] ROI 42%');
    expect(posted?.blocks?.map(({ type }) => type)).toEqual(['section', 'image', 'divider', 'context']);
    expect(posted?.metadata?.event_payload).toEqual({ idempotency_key: sent.idempotencyKey });
  });

  it('goes without its chart when the app may not upload files', async () => {
    const outcome = await slack(NARROW_TOKEN).deliver(message(), running);
    expect(outcome.state).toBe('sent');
    expect((await newest())?.blocks?.map(({ type }) => type)).toEqual(['section', 'divider', 'context']);
  });

  it('goes without its chart when Slack refuses the image', async () => {
    let posts = 0;
    const refuseFirst = (method: string, response: ServerResponse) => {
      if (method !== 'chat.postMessage' || ++posts > 1) return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ok: false, error: 'invalid_blocks' }));
      return true;
    };
    const outcome = await withProxy(refuseFirst, (url) => slackAt(url).deliver(message(), running));
    expect(outcome.state).toBe('sent');
    expect((await newest())?.blocks?.some(({ type }) => type === 'image')).toBe(false);
  });
});

describe('Slack refuses', () => {
  it('a channel that is not there: permanently, saying what to do, and never the token', async () => {
    const error: unknown = await slack()
      .deliver(message({ address: 'C0NOTTHERE' }), running)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'PermanentError',
      code: 'delivery/rejected',
      message: 'Slack refuses the message to C0NOTTHERE: channel_not_found',
      hint: expect.stringContaining('channel id'),
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(TOKEN);
  });

  it.each([
    ['not_in_channel', '/invite'],
    ['invalid_auth', 'settings.slack.token'],
    ['account_inactive', 'install the app again'],
    ['missing_scope', 'chat:write'],
    ['is_archived', 'Unarchive'],
  ])('%s: permanently, saying what to do', async (code, hint) => {
    const refuse = (method: string, response: ServerResponse) => {
      if (method !== 'chat.postMessage') return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ok: false, error: code }));
      return true;
    };
    await expect(withProxy(refuse, (url) => slackAt(url).deliver(message(), running))).rejects.toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining(code),
      hint: expect.stringContaining(hint),
    });
  });

  it('a busy channel: the delivery waits as long as Slack asks', async () => {
    const limit = (method: string, response: ServerResponse) => {
      if (method !== 'chat.postMessage') return false;
      response.writeHead(429, { 'retry-after': '17' }).end();
      return true;
    };
    await expect(withProxy(limit, (url) => slackAt(url).deliver(message(), running))).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'delivery/rate-limited',
      retryAfterMs: 17_000,
    });
  });
});

describe('a doubtful delivery', () => {
  it('is unknown when the answer is lost, and found by its key', async () => {
    const sent = message();
    const lose = (method: string) => method === 'chat.postMessage';
    const outcome = await withProxy(
      () => false,
      (url) => slackAt(url).deliver(sent, running),
      lose,
    );
    expect(outcome.state).toBe('unknown');
    const posted = await newest();
    expect(await slack().reconcile(channel, sent.idempotencyKey)).toEqual({ messageId: `${channel}/${posted?.ts}` });
  });

  it('is absent when the history does not hold its key', async () => {
    expect(await slack().reconcile(channel, 'never-sent')).toBe('absent');
  });

  it('cannot be told when the app may not read the history', async () => {
    expect(await slack(NARROW_TOKEN).reconcile(channel, 'any')).toBe('cannot-tell');
  });

  it('to a person is looked up in the direct conversation', async () => {
    const { members } = await reader.users.list({});
    const person = members?.find(({ name }) => name === 'sponsor')?.id ?? '';
    const sent = message({ address: person });
    expect((await slack().deliver(sent, running)).state).toBe('sent');
    expect(await slack().reconcile(person, sent.idempotencyKey)).toMatchObject({ messageId: expect.any(String) });
  });
});

describe('Slack out of reach', () => {
  it('before the request could arrive: tried again', async () => {
    const port = await freePort();
    await expect(slackAt(`http://127.0.0.1:${port}/api/`).deliver(message(), running)).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'delivery/unreachable',
    });
  });

  it('by shutdown before anything was sent: tried again', async () => {
    await expect(slack().deliver(message(), AbortSignal.abort())).rejects.toMatchObject({ code: 'queue/cancelled' });
  });
});
