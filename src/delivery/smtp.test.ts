import { createServer, type Server } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { Logger, OutgoingMessage, RenderedMail, Settings, SmtpConfig } from '#kit';
import { digestFacts } from '../../test/factories/digest.ts';
import { createMessenger } from './index.ts';
import { createMailer } from './smtp.ts';

const PASSWORD = 'correct-horse-battery';
const PNG = Buffer.from('iVBORw0KGgo=', 'base64');

const log: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
};
const clock = { nowMs: () => Date.parse('2026-09-14T06:00:00Z') };

const rendered: RenderedMail = {
  subject: '[Checkout] ROI 42%',
  text: 'ROI 42%\n',
  html: '<p>ROI 42% <img src="cid:chart@outturn" alt="chart"></p>',
  attachments: [{ filename: 'chart.png', contentType: 'image/png', body: PNG, contentId: 'chart@outturn' }],
};
const renderer = {
  mail: async () => rendered,
  slack: async () => ({ text: '', blocks: [], chart: null }),
};

interface Received {
  from: string;
  to: string[];
  raw: string;
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function mailServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
  return { received, port: portOf(server.server) };
}

function portOf(server: { address(): ReturnType<Server['address']> }): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function messenger(smtp: Partial<SmtpConfig> & { port: number }) {
  const config: SmtpConfig = {
    host: '127.0.0.1',
    user: null,
    password: null,
    from: 'Outturn <outturn@example.com>',
    tls: 'none',
    rejectUnauthorized: true,
    ...smtp,
  };
  const timeouts = { connectMs: 2_000, socketMs: 400 };
  const mailer = createMailer({
    smtp: config,
    renderer,
    clock,
    publicHost: 'outturn.example.com',
    redact: (text) => text.replaceAll(PASSWORD, '[redacted]'),
    timeouts,
  });
  open.push(mailer);
  return mailer;
}

function message(overrides: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return {
    channel: 'email',
    address: 'sponsor@example.com',
    recipientName: 'Head of Commerce',
    facts: digestFacts(),
    idempotencyKey: 'checkout-weekly/2026-09-14T06:00:00Z/email/sponsor@example.com',
    test: false,
    ...overrides,
  };
}

const running = new AbortController().signal;

describe('a digest by mail', () => {
  it('arrives as text first, HTML, and the chart that the HTML refers to', async () => {
    const { received, port } = await mailServer();
    const outcome = await messenger({ port }).deliver(message(), running);
    expect(outcome.state).toBe('sent');
    const mail = await simpleParser(received[0]?.raw ?? '');
    expect(mail.subject).toBe('[Checkout] ROI 42%');
    expect(mail.text).toContain('ROI 42%');
    expect(mail.attachments[0]).toMatchObject({ cid: 'chart@outturn', contentType: 'image/png', content: PNG });
    expect(mail.from?.text).toContain('outturn@example.com');
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(mail.date?.toISOString()).toBe('2026-09-14T06:00:00.000Z');
    const raw = received[0]?.raw ?? '';
    expect(raw.indexOf('text/plain')).toBeLessThan(raw.indexOf('text/html'));
  });

  it('carries the same Message-ID each time it is sent, and another for another delivery', async () => {
    const { received, port } = await mailServer();
    const mailer = messenger({ port });
    const first = await mailer.deliver(message(), running);
    const second = await mailer.deliver(message(), running);
    const other = await mailer.deliver(message({ idempotencyKey: 'other' }), running);
    expect(first).toEqual(second);
    expect(other).not.toEqual(first);
    expect(first).toMatchObject({ messageId: expect.stringMatching(/^<[0-9a-f]{40}@outturn\.example\.com>$/) });
    expect((await simpleParser(received[0]?.raw ?? '')).messageId).toBe('messageId' in first ? first.messageId : '');
  });

  it('offers one-click unsubscription when there is an address for it', async () => {
    const { received, port } = await mailServer();
    const facts = digestFacts({ unsubscribeUrl: 'https://outturn.example.com/u/opaque' });
    await messenger({ port }).deliver(message({ facts }), running);
    expect(received[0]?.raw).toContain('List-Unsubscribe: <https://outturn.example.com/u/opaque>');
    expect(received[0]?.raw).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click');
  });

  it('cannot be bent by line breaks in names into other headers or recipients', async () => {
    const { received, port } = await mailServer();
    const recipientName = 'Head\r\nBcc: thief@example.com\r\n';
    await messenger({ port }).deliver(message({ recipientName }), running);
    expect(received[0]?.to).toEqual(['sponsor@example.com']);
    expect(received[0]?.raw).not.toMatch(/^Bcc:/im);
  });

  it.each(['a@example.com, thief@example.com', 'a@example.com\r\nBcc: b@example.com', 'nobody', '<a@example.com>', ''])(
    'refuses %j as an address',
    async (address) => {
      const { received, port } = await mailServer();
      await expect(messenger({ port }).deliver(message({ address }), running)).rejects.toMatchObject({
        name: 'PermanentError',
        code: 'delivery/rejected',
      });
      expect(received).toEqual([]);
    },
  );
});

describe('a mail server that refuses', () => {
  const answer = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code });

  it('for now (4xx): the delivery is tried again later', async () => {
    const { port } = await mailServer({ onRcptTo: (_, __, done) => done(answer(452, 'mailbox full')) });
    await expect(messenger({ port }).deliver(message(), running)).rejects.toMatchObject({
      name: 'RetryableError',
      message: expect.stringContaining('mailbox full'),
    });
  });

  it('for good (5xx): the delivery ends, and the reason names server and recipient', async () => {
    const { port } = await mailServer({ onRcptTo: (_, __, done) => done(answer(550, 'no such user')) });
    await expect(messenger({ port }).deliver(message(), running)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'delivery/rejected',
      message: expect.stringMatching(/127\.0\.0\.1:\d+ rejects the mail to sponsor@example\.com.*no such user/),
    });
  });

  it.each([
    [451, 'RetryableError'],
    [554, 'PermanentError'],
  ])('after the whole mail with %d: its answer decides, there is no doubt', async (code, name) => {
    const { port } = await mailServer({
      onData(stream, _, done) {
        stream.on('end', () => done(answer(code, 'no thanks')));
        stream.resume();
      },
    });
    await expect(messenger({ port }).deliver(message(), running)).rejects.toMatchObject({ name });
  });

  it('the login: the error says which setting to check, and never the password', async () => {
    const { port } = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (auth, _, done) => done(new Error(`535 wrong password ${auth.password}`)),
    });
    const attempt = messenger({ port, user: 'outturn', password: PASSWORD }).deliver(message(), running);
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'PermanentError', hint: expect.stringContaining('settings.smtp.password') });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(PASSWORD);
  });

  it('to encrypt, although TLS is required: nothing is sent', async () => {
    const { received, port } = await mailServer();
    await expect(messenger({ port, tls: 'required' }).deliver(message(), running)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'delivery/unreachable',
      hint: expect.stringContaining('settings.smtp.tls'),
    });
    expect(received).toEqual([]);
  });
});

describe('STARTTLS', () => {
  it('is used, and a certificate of nobody known is refused', async () => {
    const { received, port } = await mailServer({ disabledCommands: [] });
    await expect(messenger({ port, tls: 'required' }).deliver(message(), running)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'delivery/unreachable',
    });
    expect(received).toEqual([]);
    const outcome = await messenger({ port, tls: 'required', rejectUnauthorized: false }).deliver(message(), running);
    expect(outcome.state).toBe('sent');
  });
});

describe('a connection that fails', () => {
  it('before anything was sent: the delivery is tried again', async () => {
    const { port } = await mailServer();
    await open.pop()?.close();
    await expect(messenger({ port }).deliver(message(), running)).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'delivery/unreachable',
    });
  });

  it('without an answer after the whole mail: the outcome is unknown', async () => {
    const { port } = await mailServer({ onData: (stream) => stream.resume() });
    expect(await messenger({ port }).deliver(message(), running)).toMatchObject({ state: 'unknown' });
  });

  it('closed after the whole mail: the outcome is unknown', async () => {
    const server = createServer((socket) => {
      let data = false;
      socket.write('220 ready\r\n');
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        const text = chunk.toString();
        if (data) return void (text.includes('\r\n.\r\n') && socket.destroy());
        data = /^DATA/m.test(text);
        for (const line of text.split('\r\n').filter(Boolean))
          socket.write(line.startsWith('DATA') ? '354 go\r\n' : '250 ok\r\n');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
    expect(await messenger({ port: portOf(server) }).deliver(message(), running)).toMatchObject({ state: 'unknown' });
  });

  it('cut by shutdown before anything was sent: tried again, not doubtful', async () => {
    const { received, port } = await mailServer();
    await expect(messenger({ port }).deliver(message(), AbortSignal.abort())).rejects.toMatchObject({
      name: 'RetryableError',
      code: 'queue/cancelled',
    });
    expect(received).toEqual([]);
  });
});

describe('a channel that is not configured', () => {
  it.each([
    ['email', 'settings.smtp'],
    ['slack', 'settings.slack'],
  ] as const)('%s: says which setting is missing', async (channel, key) => {
    const settings: Settings = {
      timeZone: 'UTC',
      apply: 'automatic',
      publicUrl: null,
      smtp: null,
      slack: null,
      objects: { kind: 'folder', path: '/nowhere' },
      api: { host: '127.0.0.1', port: 0, token: null },
    };
    const all = createMessenger({ settings, renderer, clock, log, publicHost: null });
    await expect(all.deliver(message({ channel }), running)).rejects.toMatchObject({
      name: 'PermanentError',
      message: expect.stringContaining(key),
    });
    await all.close();
  });
});
