import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type ParsedMail, simpleParser } from 'mailparser';
import { programOf } from '../packages.ts';
import { pollUntil } from '../poll.ts';
import { freePort } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';
import { smtpGreeting } from './smtp-greeting.ts';

const run = promisify(execFile);
/** Debian's `nobody`: owns the mailboxes. */
const mailboxOwner = 65_534;

export interface ReceivedMail {
  /** The mailbox that it was delivered to. */
  mailbox: string;
  raw: string;
  mail: ParsedMail;
}

export interface PostfixServer {
  host: string;
  port: number;
  user: string;
  password: string;
  /** PEM of the self-signed certificate (127.0.0.1, localhost). */
  certificate: string;
  process: RunningProcess;
  /** What was delivered so far, oldest first. */
  messages(): Promise<ReceivedMail[]>;
  /** Waits until that many are there. */
  waitForMessages(count: number, timeoutMs?: number): Promise<ReceivedMail[]>;
  /** Postfix' own log. */
  log(): Promise<string>;
  close(): Promise<void>;
}

export interface PostfixOptions {
  /** Others answer 550. All at example.com. */
  mailboxes?: readonly string[];
  /** `required`: 530 to those who send without STARTTLS. */
  tls?: 'offered' | 'required';
  /** `required`: recipients are refused (554) unless logged in. */
  auth?: 'offered' | 'required';
  /** Larger mails answer 552. */
  messageSizeLimitBytes?: number;
}

/**
 * A real Postfix on loopback that delivers mail for example.com into Maildirs, with STARTTLS and AUTH (Cyrus SASL).
 * Needs root, as Postfix' master does.
 */
export async function startPostfix(options: PostfixOptions = {}): Promise<PostfixServer> {
  const {
    mailboxes = ['sponsor', 'finance'],
    tls = 'offered',
    auth = 'offered',
    messageSizeLimitBytes = 10_240_000,
  } = options;
  const directory = await temporaryDirectory('postfix');
  const at = (name: string): string => join(directory.path, name);
  // Postfix' daemons run under its own user, which must be able to pass.
  await chmod(directory.path, 0o755);
  for (const name of ['config', 'config/sasl', 'queue', 'data', 'mail']) await mkdir(at(name), { mode: 0o755 });
  const user = 'outturn';
  const password = 'correct horse';
  const port = await freePort();

  await makeCertificate(at('key.pem'), at('certificate.pem'));
  await writePassword(at('sasldb2'), user, password);
  await run('chown', ['postfix', at('data'), at('sasldb2')]);
  await run('chown', [`${mailboxOwner}:${mailboxOwner}`, at('mail')]);
  await writeFile(
    // Debian's Postfix looks below its configuration folder, whatever cyrus_sasl_config_path says.
    at('config/sasl/smtpd.conf'),
    `pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: ${at('sasldb2')}\nmech_list: PLAIN LOGIN\n`,
  );
  await writeFile(at('mailboxes'), mailboxes.map((name) => `${name}@example.com ${name}/\n`).join(''));
  const main: Record<string, string> = {
    compatibility_level: '3.6',
    queue_directory: at('queue'),
    data_directory: at('data'),
    maillog_file: at('postfix.log'),
    maillog_file_prefixes: directory.path,
    myhostname: 'mail.example.com',
    mydestination: '',
    mynetworks: '127.0.0.2/32',
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    smtpd_peername_lookup: 'no',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    virtual_mailbox_domains: 'example.com',
    virtual_mailbox_base: at('mail'),
    virtual_mailbox_maps: `texthash:${at('mailboxes')}`,
    virtual_uid_maps: `static:${mailboxOwner}`,
    virtual_gid_maps: `static:${mailboxOwner}`,
    message_size_limit: String(messageSizeLimitBytes),
    virtual_mailbox_limit: '0',
    // Postfix refuses mail (452) below 1.5 times the size limit of free disk space; a full machine is not what is tested.
    queue_minfree: '0',
    smtpd_tls_security_level: tls === 'required' ? 'encrypt' : 'may',
    smtpd_tls_cert_file: at('certificate.pem'),
    smtpd_tls_key_file: at('key.pem'),
    smtpd_tls_auth_only: 'yes',
    smtpd_tls_received_header: 'yes',
    smtpd_sasl_auth_enable: 'yes',
    smtpd_sasl_type: 'cyrus',
    smtpd_sasl_path: 'smtpd',
    smtpd_sasl_local_domain: 'example.com',
    cyrus_sasl_config_path: at('config/sasl'),
    smtpd_relay_restrictions: 'permit_sasl_authenticated, reject_unauth_destination',
    smtpd_recipient_restrictions:
      auth === 'required'
        ? 'reject_unlisted_recipient, permit_sasl_authenticated, reject'
        : 'reject_unlisted_recipient, permit',
  };
  await writeFile(
    at('config/main.cf'),
    Object.entries(main)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join(''),
  );
  await writeFile(at('config/master.cf'), services(port));

  // `postfix start-fg` would put a shell between us and the master, which would outlive it: this is what that shell does.
  await run(programOf('postfix', 'postfix'), ['-c', at('config'), 'check']);
  const { stdout } = await run(programOf('postfix', 'postconf'), ['-c', at('config'), '-h', 'daemon_directory']);
  const running = await startProcess({
    command: join(stdout.trim(), 'master'),
    args: ['-c', at('config'), '-s'],
    ready: () => smtpGreeting(port),
    timeoutMs: 30_000,
  });
  const messages = (): Promise<ReceivedMail[]> => readMailboxes(at('mail'));
  return {
    host: '127.0.0.1',
    port,
    user: `${user}@example.com`,
    password,
    certificate: await readFile(at('certificate.pem'), 'utf8'),
    process: running,
    messages,
    waitForMessages: (count, timeoutMs = 60_000) =>
      pollUntil(
        `${count} mails`,
        async () => {
          const received = await messages();
          return received.length >= count ? received : null;
        },
        { timeoutMs },
      ),
    log: () => readFile(at('postfix.log'), 'utf8'),
    async close() {
      await running.close();
      await directory.remove();
    },
  };
}

async function makeCertificate(keyFile: string, certificateFile: string): Promise<void> {
  await run(programOf('postfix', 'openssl'), [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-keyout', keyFile, '-out', certificateFile, '-subj', '/CN=mail.example.com'],
    ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:mail.example.com'],
  ]);
}

async function writePassword(file: string, user: string, password: string): Promise<void> {
  const command = execFile(programOf('postfix', 'saslpasswd2'), ['-p', '-c', '-f', file, '-u', 'example.com', user]);
  await new Promise<void>((resolve, reject) => {
    command.once('error', reject);
    command.once('exit', (status) => (status === 0 ? resolve() : reject(new Error(`saslpasswd2: status ${status}`))));
    command.stdin?.end(password);
  });
}

/** Name, type, private, unprivileged, chroot, wake-up, process limit, command: only what receiving needs. */
function services(port: number): string {
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'proxymap unix - - n - - proxymap',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'postlog unix-dgram n - n - 1 postlogd',
    '',
  ].join('\n');
}

async function readMailboxes(base: string): Promise<ReceivedMail[]> {
  const found: { mailbox: string; file: string; name: string }[] = [];
  for (const mailbox of await readdir(base)) {
    // A Maildir message is renamed into `new` when it is complete.
    const folder = join(base, mailbox, 'new');
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names) found.push({ mailbox, file: join(folder, name), name });
  }
  found.sort((one, other) => (one.name < other.name ? -1 : 1));
  return Promise.all(
    found.map(async ({ mailbox, file }) => {
      const raw = await readFile(file, 'utf8');
      return { mailbox: `${mailbox}@example.com`, raw, mail: await simpleParser(raw) };
    }),
  );
}
