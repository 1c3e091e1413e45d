import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { type Logger, PermanentError } from '#kit';

export interface SmtpSink {
  port: number;
  /** How often each Message-ID was received since the start: more than once is a repeat. */
  received(): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Takes every mail of whoever logs in, and writes it as `.eml` into a folder before it says 250. Nothing is passed on. */
export async function startSmtpSink(options: {
  directory: string;
  username: string;
  password: string;
  log: Logger;
}): Promise<SmtpSink> {
  await mkdir(options.directory, { recursive: true });
  const received = new Map<string, number>();
  const server = new SMTPServer({
    banner: 'Outturn sandbox',
    // No certificate that anybody would trust: plain text on loopback.
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    disableReverseLookup: true,
    size: 16 * 1024 * 1024,
    onAuth(auth, _session, callback) {
      if (auth.username === options.username && auth.password === options.password)
        return callback(null, { user: options.username });
      callback(Object.assign(new Error('Authentication credentials invalid'), { responseCode: 535 }));
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('error', (error) => callback(error));
      stream.on('end', () => {
        if (stream.sizeExceeded)
          return callback(
            Object.assign(new Error('Message exceeds fixed maximum message size'), { responseCode: 552 }),
          );
        const mail = Buffer.concat(chunks);
        const recipients = session.envelope.rcptTo.map(({ address }) => address);
        const messageId = messageIdOf(mail);
        keep(options.directory, mail, messageId, recipients).then(
          (file) => {
            received.set(messageId, (received.get(messageId) ?? 0) + 1);
            options.log.debug({ file }, 'the sandbox received a mail');
            callback(null, `OK ${messageId}`);
          },
          (error: unknown) => callback(Object.assign(asError(error), { responseCode: 452 })),
        );
      });
    },
  });
  server.on('error', (error) =>
    options.log.debug({ reason: error.message }, 'a connection to the sandbox mail server broke'),
  );
  const port = await new Promise<number>((resolve, reject) => {
    const listener = server.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      if (address === null || typeof address === 'string') reject(new PermanentError('internal', 'no port'));
      else resolve(address.port);
    });
    listener.once('error', reject);
  });
  return {
    port,
    received: () => received,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** The Message-ID header, unfolded; a hash of the mail where there is none. */
export function messageIdOf(mail: Buffer): string {
  const end = mail.indexOf('\r\n\r\n');
  const header = mail
    .subarray(0, end < 0 ? mail.length : end)
    .toString('latin1')
    .replace(/\r\n[ \t]+/g, ' ');
  const found = /^message-id:\s*<([^>\r\n]+)>/im.exec(header)?.[1];
  return found ?? `${createHash('sha256').update(mail).digest('hex').slice(0, 24)}@sandbox`;
}

/** One file a mail, named after recipient and Message-ID; a repeat gets a file of its own. */
async function keep(
  directory: string,
  mail: Buffer,
  messageId: string,
  recipients: readonly string[],
): Promise<string> {
  const safe = (text: string): string => text.replace(/[^A-Za-z0-9.@_-]+/g, '-').slice(0, 100);
  const stem = `${safe(recipients[0] ?? 'nobody')}-${safe(messageId.split('@')[0] ?? messageId)}`;
  const present = new Set(await readdir(directory));
  let name = `${stem}.eml`;
  for (let copy = 2; present.has(name); copy++) name = `${stem}-again-${copy}.eml`;
  const file = join(directory, name);
  // Renamed when whole, so that nobody opens half a mail.
  await writeFile(`${file}.part`, mail);
  await rename(`${file}.part`, file);
  return file;
}
