import type { SqlConnection } from '#kit';

type Address = Omit<SqlConnection, 'connectTimeoutMs' | 'concurrency'>;

const MODES: Readonly<Record<string, SqlConnection['tls']['mode']>> = {
  disable: 'disable',
  require: 'require',
  'verify-full': 'verify-full',
};
const KNOWN = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name', 'connect_timeout'];

/** What is wrong with a connection URI; no message repeats what stands in it, for it holds the password. */
export function problemsOfDsn(dsn: string): string[] {
  const url = read(dsn);
  if (url === null) return ['expected postgresql://user:password@host:port/database'];
  const problems: string[] = [];
  if (url.username === '') problems.push('names no user: postgresql://user:password@host:port/database');
  if (url.pathname.length < 2) problems.push('names no database: postgresql://user:password@host:port/database');
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && !Object.hasOwn(MODES, mode))
    problems.push(
      'sslmode: expected disable, require or verify-full: the others can end up without a checked certificate',
    );
  if (url.searchParams.has('sslcert') !== url.searchParams.has('sslkey'))
    problems.push('sslcert and sslkey belong together');
  if ([...url.searchParams.keys()].some((name) => !KNOWN.includes(name)))
    problems.push(`has a parameter that means nothing here; known are ${KNOWN.join(', ')}`);
  return problems;
}

/** The parts of a connection URI without problems (PostgreSQL documentation, "Connection URIs"). */
export function readDsn(dsn: string): Address {
  const url = read(dsn) ?? new URL('postgresql://');
  const option = (name: string): string | null => url.searchParams.get(name);
  return {
    host: url.hostname.replace(/^\[|\]$/g, '') === '' ? 'localhost' : decoded(url.hostname.replace(/^\[|\]$/g, '')),
    port: url.port === '' ? 5432 : Number(url.port),
    database: decoded(url.pathname.slice(1)),
    user: decoded(url.username),
    password: decoded(url.password),
    tls: {
      mode: MODES[option('sslmode') ?? ''] ?? 'verify-full',
      caFile: option('sslrootcert'),
      certFile: option('sslcert'),
      keyFile: option('sslkey'),
    },
  };
}

function read(dsn: string): URL | null {
  if (!/^postgres(ql)?:\/\//.test(dsn) || !URL.canParse(dsn)) return null;
  const url = new URL(dsn);
  try {
    for (const part of [url.username, url.password, url.pathname, url.hostname]) decodeURIComponent(part);
  } catch {
    return null;
  }
  return url;
}

const decoded = (part: string): string => decodeURIComponent(part);
