import { formatDurationMs, type OutturnError, PermanentError, RetryableError, type SqlConnection } from '#kit';
import { BlockedAddressError } from './address-guard.ts';
import { blockedAddressError, codeOf, NETWORK_REASONS, TLS_HINTS } from './failures.ts';

/** `sql: role@host:5432/database`, for messages; never the password. */
export function placeOf({ user, host, port, database }: SqlConnection): string {
  return `sql: ${user}@${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

/** What PostgreSQL sends with an error besides its text. */
interface ServerError extends Error {
  code: string;
  detail?: string | undefined;
  hint?: string | undefined;
  position?: string | undefined;
}
const isServerError = (thrown: unknown): thrown is ServerError =>
  thrown instanceof Error && 'severity' in thrown && 'code' in thrown && /^[0-9A-Z]{5}$/.test(String(thrown.code));

export interface Attempted {
  connection: SqlConnection;
  /** Absent while connecting. */
  query?: { text: string; timeoutMs: number } | undefined;
}

/** A failure of PostgreSQL, of the network or of TLS as an error for people. */
export function sqlError(thrown: unknown, attempted: Attempted): OutturnError {
  if (thrown instanceof PermanentError || thrown instanceof RetryableError) return thrown;
  return isServerError(thrown) ? answeredError(thrown, attempted) : connectionError(thrown, attempted);
}

function answeredError(error: ServerError, { connection, query }: Attempted): OutturnError {
  const { user, database } = connection;
  const { code, detail, hint } = error;
  const said = [error.message, detail].filter((text) => text !== undefined && text !== '').join('. ');
  const line = query === undefined || error.position === undefined ? '' : `, ${placeIn(query.text, error.position)}`;
  const message = `${placeOf(connection)}: ${said}${line} (SQLSTATE ${code})`;
  const details = { facts: { sqlState: code }, cause: error };
  if (code === '28P01' || (code === '28000' && /authentication failed/.test(error.message)))
    return new PermanentError('source/unauthorised', message, {
      ...details,
      hint: 'Check user and password, and whether the role may log in and is still valid (VALID UNTIL).',
    });
  if (code === '28000')
    return new PermanentError('source/unauthorised', message, {
      ...details,
      hint: 'pg_hba.conf lets nobody in from this machine in this way: it needs a line for this role, database and address (and hostssl or hostnossl as tls says).',
    });
  if (code === '42501')
    return new PermanentError('source/forbidden', message, {
      ...details,
      hint: grantFor(error.message, connection, query?.text),
    });
  if (code === '3D000' || code === '3F000' || code === '42P01')
    return new PermanentError('source/not-found', message, {
      ...details,
      hint:
        code === '3D000'
          ? `Check database: the server has none of the name ${database}.`
          : 'Check the name in the query; outside the search_path it needs its schema (erp.bookings).',
    });
  if (code === '57014' && query !== undefined)
    return new RetryableError(
      'source/timeout',
      `${message}: it took longer than ${formatDurationMs(query.timeoutMs)}`,
      {
        ...details,
        hint: 'An index on what the query filters on may help, or a shorter window; else raise statementTimeout.',
      },
    );
  if (code === '55P03' || code === '25P03' || code === '25P04')
    return new RetryableError('source/timeout', message, details);
  if (code === '25006')
    return new PermanentError('source/bad-request', message, {
      ...details,
      hint: 'Only reading is allowed: the query runs in a READ ONLY transaction.',
    });
  if (code === '53300' || code === '53400')
    return new RetryableError('source/rate-limited', message, {
      ...details,
      hint: 'Every connection of the server or of the role is taken: lower concurrency, or raise CONNECTION LIMIT of the role.',
    });
  if (/^08/.test(code) || /^57P/.test(code)) return new RetryableError('source/unreachable', message, details);
  if (/^(40|53|58|XX|F0)/.test(code)) return new RetryableError('source/server-error', message, details);
  return new PermanentError('source/bad-request', message, {
    ...details,
    hint: hint ?? 'The server does not accept the query: try it in psql.',
  });
}

/** The line of the query that an error points to. Positions count characters from 1. */
function placeIn(text: string, position: string): string {
  const before = [...text].slice(0, Number(position) - 1).join('');
  return `line ${before.split('\n').length} of the query`;
}

/** What its owner must run. The server names a table without its schema, so that is read off the query. */
function grantFor(message: string, { user, database }: SqlConnection, query = ''): string {
  const role = quoted(user);
  const [, kind = '', name = ''] =
    /permission denied for (?:foreign |materialized )?(schema|database|function|table|view|sequence) (.+)$/.exec(
      message,
    ) ?? [];
  const schema = schemaIn(query, name, kind === 'function' ? FUNCTIONS : TABLES);
  const place = schema === null ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
  if (kind === 'schema') return `Let the owner of the schema run: GRANT USAGE ON SCHEMA ${quoted(name)} TO ${role};`;
  if (kind === 'database') return `Let its owner run: GRANT CONNECT ON DATABASE ${quoted(database)} TO ${role};`;
  if (kind === 'function') return `Let its owner run: GRANT EXECUTE ON FUNCTION ${place} TO ${role};`;
  if (name !== '') return `Let its owner run: GRANT SELECT ON ${place} TO ${role};`;
  return `The role ${user} lacks a privilege: GRANT it, or read something else.`;
}

const IDENTIFIER = '(?:"(?:[^"]|"")+"|[\\p{L}_][\\p{L}\\p{N}_$]*)';
const DOT = '\\s*\\.\\s*';
const QUALIFIER = `(?:${IDENTIFIER}${DOT})?(${IDENTIFIER})${DOT}`;
/** Where a table is named, likeliest first: elsewhere an alias and a column (`s.secret`) look like a schema and a table. */
const TABLES = [
  new RegExp(`\\b(?:from|join|only)[\\s(]+(?:${QUALIFIER})?(${IDENTIFIER})`, 'giu'),
  new RegExp(`,\\s*${QUALIFIER}(${IDENTIFIER})`, 'giu'),
];
const FUNCTIONS = [new RegExp(`${QUALIFIER}(${IDENTIFIER})\\s*\\(`, 'giu')];

/** The schema that the query writes before the name; null: none, or more than one. */
function schemaIn(query: string, name: string, patterns: readonly RegExp[]): string | null {
  for (const pattern of patterns) {
    const schemas = new Set<string>();
    for (const [, schema = '', named = ''] of query.matchAll(pattern))
      if (identified(named) === name) schemas.add(identified(schema));
    const [schema = ''] = schemas;
    if (schemas.size > 0) return schemas.size === 1 && schema !== '' ? schema : null;
  }
  return null;
}

/** The name that an identifier means: without quotes it is in lower case. */
const identified = (written: string): string =>
  written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written.toLowerCase();

/** Always in quotes: the name may be a word of SQL. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function connectionError(thrown: unknown, { connection, query }: Attempted): OutturnError {
  const place = placeOf(connection);
  const where = `${connection.host}:${connection.port}`;
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = codeOf(error);
  if (error instanceof BlockedAddressError) return blockedAddressError(place, error.message);
  if (/does not support SSL/.test(error.message))
    return new PermanentError('source/tls', `${place}: the server offers no TLS`, {
      hint: 'Turn ssl on there, or write tls: { mode: disable } if the way to it is safe.',
      cause: error,
    });
  const tlsHint = TLS_HINTS[code];
  if (tlsHint !== undefined || code.startsWith('CERT_') || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS'))
    return new PermanentError('source/tls', `${place}: no trusted TLS connection to ${where} (${code})`, {
      hint: (tlsHint ?? 'Compare the TLS versions and certificates of both sides.').replace('in url', 'as host'),
      cause: error,
    });
  if (error.message.startsWith('SASL') || /password must be a string/.test(error.message))
    return new PermanentError('source/unauthorised', `${place}: ${error.message}`, {
      hint: 'The server asks for a password that the connector does not have, or not in that form.',
      cause: error,
    });
  if (code === 'ETIMEDOUT' || /timeout expired|timeout exceeded/i.test(error.message))
    return new RetryableError('source/timeout', `${place}: ${where} did not let us in in time`, {
      hint: 'A firewall may drop the packets: check host and port.',
      cause: error,
    });
  const reason = NETWORK_REASONS[code];
  const hint = code === 'ECONNREFUSED' ? 'Nothing listens there: check host and port, and whether it runs.' : undefined;
  return new RetryableError(
    'source/unreachable',
    reason === undefined
      ? `${place}: ${query === undefined ? 'no connection' : 'the connection broke off'} (${error.message})`
      : `${place}: ${where} ${reason} (${code})`,
    { cause: error, hint },
  );
}
