import {
  asOutturnError,
  type ConnectorContext,
  type Finding,
  firstRowLine,
  formatDurationMs,
  PermanentError,
  type SqlBatch,
  type SqlQuery,
  type StreamContext,
} from '#kit';
import { bodyOf, parsePage, requireColumns } from './answer.ts';
import { addressOf, connectionOf, ownQuery, zoneOf } from './connection.ts';
import type { SqlOptions, SqlStream } from './options.ts';
import { compileQuery } from './query.ts';

const ASPECTS: Readonly<Record<string, string>> = {
  'source/unreachable': 'connectivity',
  'source/timeout': 'connectivity',
  'source/blocked-address': 'connectivity',
  'source/server-error': 'connectivity',
  'source/rate-limited': 'connectivity',
  'source/tls': 'tls',
  'config/unreadable-file': 'tls',
  'source/unauthorised': 'credentials',
  'source/forbidden': 'permission',
};
/** Clocks further apart than this make samples look late or early. */
const CLOCK_TOLERANCE_MS = 30_000;
const EXPIRES_SOON_MS = 14 * 86_400_000;
/** What a sample is looked for in. */
const SAMPLE_WINDOW_MS = 30 * 86_400_000;

const SESSION_FACTS = `SELECT session_user::text AS role, current_setting('server_version') AS version,
  trunc(extract(epoch FROM clock_timestamp()) * 1000)::text AS clock_ms,
  (SELECT CASE WHEN isfinite(rolvaliduntil) THEN trunc(extract(epoch FROM rolvaliduntil) * 1000)::text END
    FROM pg_catalog.pg_roles WHERE rolname = session_user) AS valid_until_ms,
  (SELECT rolsuper::text FROM pg_catalog.pg_roles WHERE rolname = session_user) AS is_superuser,
  (SELECT CASE WHEN ssl THEN version || ' ' || cipher END FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls,
  (SELECT count(*)::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
      AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')) AS writable_tables`;

/** The failure as a line of `outturn check`; a cancelled check stays an error. */
function failed(thrown: unknown, aspect: string, stream?: string): Finding {
  const error = asOutturnError(thrown);
  if (error.code === 'internal' || error.code.startsWith('queue/')) throw thrown;
  return { level: 'error', aspect: ASPECTS[error.code] ?? aspect, stream, message: error.message, hint: error.hint };
}

/** The first batch of a query; it is broken off after that. */
async function firstBatch(ctx: ConnectorContext<SqlOptions>, query: SqlQuery): Promise<SqlBatch> {
  for await (const batch of ctx.sql.query(connectionOf(ctx.options), query, ctx.signal)) return batch;
  return { fields: [], rows: [] };
}

/** Whether the database is there, lets us in, for how long, how safely, and whether the role could do more than read. */
export async function checkDatabase(ctx: ConnectorContext<SqlOptions>): Promise<Finding[]> {
  let facts: Record<string, string | null>;
  try {
    const { fields, rows } = await firstBatch(ctx, ownQuery(SESSION_FACTS));
    facts = Object.fromEntries(fields.map(({ name }, index) => [name, rows[0]?.[index] ?? null]));
  } catch (thrown) {
    return [failed(thrown, 'connectivity')];
  }
  const nowMs = ctx.nowMs();
  const { mode } = connectionOf(ctx.options).tls;
  return [
    { level: 'ok', aspect: 'connectivity', message: `${addressOf(ctx.options)}: PostgreSQL ${facts['version'] ?? ''}` },
    mode === 'verify-full'
      ? { level: 'ok', aspect: 'tls', message: `encrypted and verified (${facts['tls'] ?? 'TLS'})` }
      : {
          level: 'warning',
          aspect: 'tls',
          message:
            mode === 'require' ? 'encrypted, but nobody verifies who answers' : 'the connection is not encrypted',
          hint: 'Write tls: { mode: verify-full }, with caFile for a private CA.',
        },
    credentials(facts, nowMs),
    clock(facts, nowMs),
    ...privileges(facts),
  ];
}

function credentials({ role, valid_until_ms: validUntil }: Record<string, string | null>, nowMs: number): Finding {
  const message = `logged in as ${role ?? '?'}`;
  if (validUntil === null || validUntil === undefined)
    return { level: 'ok', aspect: 'credentials', message: `${message}; the password does not expire` };
  const expiresAtMs = Number(validUntil);
  const isSoon = expiresAtMs - nowMs < EXPIRES_SOON_MS;
  return {
    level: isSoon ? 'warning' : 'ok',
    aspect: 'credentials',
    message: `${message}; the password is valid until ${new Date(expiresAtMs).toISOString()}`,
    expiresAtMs,
    ...(isSoon ? { hint: `Let its owner run: ALTER ROLE ${role ?? ''} VALID UNTIL '…';` } : {}),
  };
}

function clock({ clock_ms: clockMs }: Record<string, string | null>, nowMs: number): Finding {
  const difference = Number(clockMs) - nowMs;
  const apart = formatDurationMs(Math.round(Math.abs(difference) / 1000) * 1000);
  if (Math.abs(difference) <= CLOCK_TOLERANCE_MS)
    return { level: 'ok', aspect: 'clock', message: `its clock and ours differ by ${apart}` };
  return {
    level: 'warning',
    aspect: 'clock',
    message: `its clock is ${apart} ${difference > 0 ? 'ahead of' : 'behind'} ours`,
    hint: 'Set both by NTP: the window of a pull ends now by our clock.',
  };
}

function privileges({ is_superuser: isSuper, writable_tables: writable }: Record<string, string | null>): Finding[] {
  const hint =
    'Queries run in a READ ONLY transaction all the same; a role with SELECT alone is safer (docs/files-and-sql.md).';
  if (isSuper === 'true')
    return [{ level: 'warning', aspect: 'permission', message: 'the role is a superuser: it may do everything', hint }];
  const count = Number(writable ?? 0);
  if (count === 0) return [];
  const message = `the role may also write to ${count} ${count === 1 ? 'table' : 'tables'}`;
  return [{ level: 'warning', aspect: 'permission', message, hint }];
}

/** Whether the server would run the query (EXPLAIN asks for names, types and privileges), then one row for real. */
export async function checkStream(ctx: StreamContext<SqlOptions, SqlStream>): Promise<Finding[]> {
  const { stream, streamId } = ctx;
  const toMs = ctx.nowMs();
  const compiled = compileQuery(stream.query, stream.parameters, { fromMs: toMs - SAMPLE_WINDOW_MS, toMs });
  const limits = { timeoutMs: Math.min(ctx.options.statementTimeout, 60_000), timeZone: zoneOf(stream) };
  const findings: Finding[] = [];
  try {
    await firstBatch(ctx, { ...compiled, ...limits, batchRows: 100, planOnly: true });
    findings.push({
      level: 'ok',
      aspect: 'permission',
      stream: streamId,
      message: 'the server accepts the query, and the role may read what it names',
    });
  } catch (thrown) {
    return [failed(thrown, 'query', streamId)];
  }
  try {
    const batch = await firstBatch(ctx, { ...compiled, ...limits, batchRows: 1 });
    requireColumns(batch.fields, stream);
    findings.push(sample(batch, ctx));
  } catch (thrown) {
    findings.push(failed(thrown, 'sample', streamId));
  }
  return findings;
}

function sample(batch: SqlBatch, ctx: StreamContext<SqlOptions, SqlStream>): Finding {
  const common = { aspect: 'sample', stream: ctx.streamId };
  if (batch.rows.length === 0)
    return {
      ...common,
      level: 'warning',
      message: 'no row in the last 30 days',
      hint: 'Either there is none yet, or the conditions of the query leave out all (row-level security too).',
    };
  const page = {
    body: bodyOf(batch),
    contentType: 'application/json',
    request: { method: 'QUERY', url: '' },
    receivedAtMs: ctx.nowMs(),
    meta: { firstRow: 1 },
  };
  const parsed = parsePage(page, ctx);
  const line = firstRowLine(parsed);
  if (line !== null) return { ...common, level: 'ok', message: `row 1: ${line}` };
  throw new PermanentError('source/bad-shape', `the first row gives nothing: ${parsed.warnings.join('; ')}`);
}
