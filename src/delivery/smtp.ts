import { createHash } from 'node:crypto';
import { createTransport, type SentMessageInfo, type Transporter } from 'nodemailer';
import {
  type Clock,
  type DeliveryOutcome,
  type MessageRenderer,
  type OutgoingMessage,
  PermanentError,
  RetryableError,
  type SmtpConfig,
} from '#kit';
import type { Channel } from './channel.ts';
import { smtpError } from './smtp-errors.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const SOCKET_TIMEOUT_MS = 30_000;
const IDLE_MS = 5_000;
/** One recipient for each message; anything that could add another is refused. */
const ADDRESS = /^[^\s<>(),;:\\"[\]@]+@[^\s<>(),;:\\"@]+$/;

interface MailerOptions {
  smtp: SmtpConfig;
  renderer: MessageRenderer;
  clock: Clock;
  publicHost: string | null;
  redact(text: string): string;
  timeouts?: { connectMs: number; socketMs: number } | undefined;
}

export function createMailer({ smtp, renderer, clock, publicHost, redact, timeouts }: MailerOptions): Channel {
  const transport = openTransport(smtp, timeouts);
  const host = publicHost ?? /@([^\s<>]+?)>?$/.exec(smtp.from)?.[1] ?? 'localhost';

  async function deliver(message: OutgoingMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    if (!ADDRESS.test(message.address))
      throw new PermanentError('delivery/rejected', `Not one e-mail address: ${JSON.stringify(message.address)}`, {
        hint: 'Correct the address of the stakeholder or of the subscription’s target.',
      });
    const mail = await renderer.mail(message.facts, { test: message.test, signal });
    if (signal.aborted) throw new RetryableError('queue/cancelled', 'Stopped before the mail was sent');
    const { unsubscribeUrl } = message.facts;
    const messageId = messageIdOf(message.idempotencyKey, host);
    const began = { data: () => false };
    try {
      await transport.sendMail({
        from: smtp.from,
        to: { name: oneLine(message.recipientName), address: message.address },
        subject: oneLine(mail.subject),
        text: mail.text,
        html: mail.html,
        attachments: mail.attachments.map(({ filename, contentType, body, contentId }) => ({
          filename,
          contentType,
          content: body,
          cid: contentId,
          contentDisposition: 'inline' as const,
        })),
        messageId,
        date: new Date(clock.nowMs()),
        headers: {
          // Absence replies must not answer a machine.
          'Auto-Submitted': 'auto-generated',
          ...(unsubscribeUrl === null
            ? {}
            : {
                'List-Unsubscribe': `<${oneLine(unsubscribeUrl)}>`,
                'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
              }),
        },
        ...{ signal, [BEGAN]: began },
      });
      return { state: 'sent', messageId };
    } catch (error) {
      const found = smtpError(error, { smtp, address: message.address, dataSent: began.data(), redact });
      if (found.kind === 'unknown') return { state: 'unknown', reason: found.reason };
      throw found.error;
    }
  }

  return {
    deliver,
    async check() {
      try {
        await transport.verify();
      } catch (error) {
        const found = smtpError(error, { smtp, address: 'nobody', dataSent: false, redact });
        if (found.kind === 'error') throw found.error;
      }
    },
    // SMTP cannot be asked; the deterministic Message-ID lets a person or the mail server recognise a second copy.
    reconcile: async () => 'cannot-tell',
    close: async () => transport.close(),
  };
}

/** The same delivery always carries the same one. */
export function messageIdOf(idempotencyKey: string, host: string): string {
  const hash = createHash('sha256').update(idempotencyKey).digest('hex').slice(0, 40);
  return `<${hash}@${host.replace(/[^A-Za-z0-9.-]/g, '') || 'localhost'}>`;
}

const BEGAN = 'outturnBegan';

function openTransport(smtp: SmtpConfig, timeouts: MailerOptions['timeouts']): Transporter<SentMessageInfo> {
  const connectMs = timeouts?.connectMs ?? CONNECT_TIMEOUT_MS;
  const transport = createTransport({
    pool: true,
    maxConnections: 3,
    host: smtp.host,
    port: smtp.port,
    secure: smtp.tls === 'implicit',
    requireTLS: smtp.tls === 'required',
    ignoreTLS: smtp.tls === 'none',
    tls: { rejectUnauthorized: smtp.rejectUnauthorized },
    ...(smtp.user === null ? {} : { auth: { user: smtp.user, pass: smtp.password ?? '' } }),
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: timeouts?.socketMs ?? SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
    // A second try is the ledger's to decide.
    ...{ maxRequeues: 0, idleTimeout: IDLE_MS },
  });
  // Whether a byte of the message left tells a failure that is safe to repeat from a doubtful one.
  transport.use('stream', (mail, done) => {
    const began: unknown = Reflect.get(mail.data, BEGAN);
    const create = mail.message.createReadStream.bind(mail.message);
    mail.message.createReadStream = (streamOptions) => {
      const stream = create(streamOptions);
      if (isBegan(began)) began.data = () => stream.readableDidRead;
      return stream;
    };
    done();
  });
  return transport;
}

function isBegan(value: unknown): value is { data: () => boolean } {
  return typeof value === 'object' && value !== null && 'data' in value;
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ').trim();
}
