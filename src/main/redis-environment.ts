import { readFileSync } from 'node:fs';
import { type OutturnError, PermanentError, type Redactor } from '#kit';
import type { RedisAddress, RedisSettings, RedisTls } from '#src/queue/index';

const DEFAULT_PORT = { REDIS_CLUSTER: 6_379, REDIS_SENTINELS: 26_379 };
type ListVariable = keyof typeof DEFAULT_PORT;
const ADDRESSES = ['REDIS_URL', 'REDIS_SENTINELS', 'REDIS_CLUSTER'] as const;
const EXAMPLE = {
  REDIS_URL: 'redis://user:password@host:6379',
  REDIS_SENTINELS: 'host:26379,host:26379,host:26379',
  REDIS_CLUSTER: 'host:6379,host:6379,host:6379',
};

/**
 * Where the queue lies by the `REDIS_…` variables, null when none names a server. Passwords are made known to the redactor.
 * Throws `config/invalid-value` or `config/unreadable-file`; a value is shown nowhere, it may hold a password in any place.
 */
export function readRedis(variables: NodeJS.ProcessEnv, redactor: Redactor): RedisSettings | null {
  const of = (name: string): string | undefined => variables[name] || undefined;
  for (const name of ['REDIS_PASSWORD', 'REDIS_SENTINEL_PASSWORD']) redactor.add(of(name) ?? '');
  const [name, other] = ADDRESSES.filter((each) => of(each) !== undefined);
  if (name === undefined) {
    if (of('REDIS_SENTINEL_NAME') === undefined) return null;
    throw invalid('REDIS_SENTINEL_NAME is set, but REDIS_SENTINELS is not.', 'Name the sentinels, or unset it.');
  }
  if (other !== undefined)
    throw invalid(`${name} and ${other} are both set, but the queue lies in one place.`, `Unset ${name} or ${other}.`);
  const given = of(name) ?? '';
  const access = { username: of('REDIS_USERNAME'), password: of('REDIS_PASSWORD') };
  if (name === 'REDIS_URL') {
    const url = singleUrl(given);
    const tls = readTls(name, url.protocol === 'rediss:', of);
    return { kind: 'redis', url: given, ...access, tls };
  }
  const list = readList(name, given, redactor);
  const tls = readTls(name, list.isEncrypted, of);
  if (name === 'REDIS_CLUSTER') {
    if (list.database !== 0)
      throw invalid('REDIS_CLUSTER names a database, but a cluster has database 0 alone.', `Write ${EXAMPLE[name]}.`);
    const { username = access.username, password = access.password } = list;
    return { kind: 'redis-cluster', nodes: list.addresses, username, password, tls };
  }
  if (list.username !== undefined || list.password !== undefined)
    throw invalid(
      'REDIS_SENTINELS takes no user and no password.',
      'Those of Redis are REDIS_USERNAME and REDIS_PASSWORD, those of the sentinels REDIS_SENTINEL_USERNAME and REDIS_SENTINEL_PASSWORD.',
    );
  const master = of('REDIS_SENTINEL_NAME');
  if (master === undefined)
    throw invalid(
      'REDIS_SENTINELS is set, but REDIS_SENTINEL_NAME is not.',
      'Give the name of `sentinel monitor`, often mymaster.',
    );
  return {
    kind: 'redis-sentinel',
    sentinels: list.addresses,
    name: master,
    database: list.database,
    ...access,
    sentinelUsername: of('REDIS_SENTINEL_USERNAME'),
    sentinelPassword: of('REDIS_SENTINEL_PASSWORD'),
    tls,
  };
}

/** What the queue lies in, in words, before anything was asked. */
export function redisLabel(settings: RedisSettings | null): string {
  if (settings === null) return 'PostgreSQL';
  return { redis: 'Redis', 'redis-sentinel': 'Redis with sentinels', 'redis-cluster': 'Redis Cluster' }[settings.kind];
}

function invalid(message: string, hint: string): OutturnError {
  return new PermanentError('config/invalid-value', message, { hint });
}

function singleUrl(given: string): URL {
  const hint = `Write ${EXAMPLE.REDIS_URL}, special characters in the password as %XX; or unset REDIS_URL.`;
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url === null && given.includes(','))
    throw invalid(
      'REDIS_URL names one server, but this is a list.',
      'Name the nodes of a cluster by REDIS_CLUSTER, sentinels by REDIS_SENTINELS.',
    );
  if (url !== null && decoded(url.username + url.password) === null)
    throw invalid('REDIS_URL has a % that no code follows.', 'Write a % in the password as %25.');
  if (url === null) throw invalid('REDIS_URL is no address.', hint);
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:')
    throw invalid('REDIS_URL must begin with redis:// or rediss://.', hint);
  const database = url.pathname.slice(1) || url.searchParams.get('db') || '0';
  if (!/^\d{1,5}$/.test(database))
    throw invalid(
      'REDIS_URL ends in something that is no number of a database.',
      'Write redis://host:6379/0, or leave the end away.',
    );
  return url;
}

interface AddressList {
  addresses: RedisAddress[];
  database: number;
  isEncrypted: boolean;
  username?: string;
  password?: string;
}

/** `[redis://|rediss://][user:password@]host:port,host:port[/database]`; IPv6 in brackets. */
function readList(name: ListVariable, given: string, redactor: Redactor): AddressList {
  const malformed = (what: string): OutturnError =>
    invalid(`${name} ${what}.`, `Write ${EXAMPLE[name]}, before it rediss:// for TLS; or unset ${name}.`);
  const [, scheme, credentials, hosts = '', database] =
    given.match(/^(?:([a-z][a-z0-9+.-]*):\/\/)?(?:(.*)@)?([^@/]*?)(?:\/(\d{1,5})?)?$/i) ?? [];
  const [username, password] = credentials === undefined ? [] : splitOnce(credentials);
  for (const secret of [password ?? '', decoded(password ?? '')]) redactor.add(secret ?? '');
  if (scheme !== undefined && scheme !== 'redis' && scheme !== 'rediss')
    throw malformed('must begin with redis:// or rediss://, or with a host');
  const entries = hosts.split(',').map((entry) => entry.trim());
  if (entries.at(-1) === '') entries.pop();
  if (entries.length === 0) throw malformed('names no host');
  const addresses = entries.map((entry, index): RedisAddress => {
    const [, bracketed, plain, port] = entry.match(/^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i) ?? [];
    const host = bracketed ?? plain;
    const number = port === undefined ? DEFAULT_PORT[name] : Number(port);
    // The place, not the text: it may be a part of a password.
    if (host === undefined || number < 1 || number > 65_535)
      throw malformed(`has no host:port in place ${index + 1} of ${entries.length}`);
    return { host, port: number };
  });
  return {
    addresses,
    database: Number(database ?? 0),
    isEncrypted: scheme === 'rediss',
    // A lone % was meant as one.
    ...(username ? { username: decoded(username) ?? username } : {}),
    ...(password ? { password: decoded(password) ?? password } : {}),
  };
}

function splitOnce(credentials: string): [string, string | undefined] {
  const colon = credentials.indexOf(':');
  return colon < 0 ? [credentials, undefined] : [credentials.slice(0, colon), credentials.slice(colon + 1)];
}

/** Null where a % is followed by no code. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Files are read at once, so that a wrong path is told at start. */
function readTls(
  addressName: string,
  isEncrypted: boolean,
  of: (name: string) => string | undefined,
): RedisTls | undefined {
  const names = ['REDIS_TLS_CA', 'REDIS_TLS_CERT', 'REDIS_TLS_KEY', 'REDIS_TLS_SERVER_NAME'].filter(of);
  if (!isEncrypted) {
    if (names[0] === undefined) return undefined;
    throw invalid(
      `${names[0]} is set, but ${addressName} does not ask for TLS.`,
      `Begin ${addressName} with rediss://, or unset ${names[0]}.`,
    );
  }
  if ((of('REDIS_TLS_CERT') === undefined) !== (of('REDIS_TLS_KEY') === undefined))
    throw invalid(
      'REDIS_TLS_CERT and REDIS_TLS_KEY belong together, but one of them is not set.',
      "Give the client's certificate and its key, or neither.",
    );
  return {
    ca: readPem('REDIS_TLS_CA', of),
    cert: readPem('REDIS_TLS_CERT', of),
    key: readPem('REDIS_TLS_KEY', of),
    serverName: of('REDIS_TLS_SERVER_NAME'),
    isUnverified: yes('REDIS_TLS_INSECURE', of),
  };
}

function yes(name: string, of: (name: string) => string | undefined): boolean {
  const given = of(name)?.toLowerCase();
  if (given === undefined || ['0', 'no', 'false'].includes(given)) return false;
  if (['1', 'yes', 'true'].includes(given)) return true;
  throw invalid(`${name} is neither yes nor no.`, `Write yes or no, or unset ${name}.`);
}

function readPem(name: string, of: (name: string) => string | undefined): string | undefined {
  const file = of(name);
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new PermanentError('config/unreadable-file', `${name}: ${file} cannot be read (${code}).`, {
      hint: 'Name a file that the account which runs Outturn may read.',
    });
  }
  if (text.includes('-----BEGIN ')) return text;
  throw invalid(`${name}: ${file} holds no PEM text.`, 'A file in PEM format has a line "-----BEGIN …-----".');
}
