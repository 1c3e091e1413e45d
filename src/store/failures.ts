import { OutturnError, PermanentError, RetryableError } from '#kit';

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
]);

/** `host:port/database` of a connection URL; never its user or password. */
export function databaseLabel(url: string): string {
  try {
    const parsed = new URL(url);
    const host = parsed.hostname || parsed.searchParams.get('host') || 'localhost';
    return `${host}:${parsed.port || '5432'}${parsed.pathname === '' ? '/' : parsed.pathname}`;
  } catch {
    return 'the database (its address is not a valid URL)';
  }
}

/**
 * What PostgreSQL or the connection said, as a typed error. Only the message and the code are kept: statements and values
 * may hold what a source answered.
 */
export function storeError(thrown: unknown, url: string): OutturnError {
  if (thrown instanceof OutturnError) return thrown;
  const at = databaseLabel(url);
  const { code, message } = rootCause(thrown);
  const facts = { database: at, ...(code === null ? {} : { sqlState: code }) };
  if (code === '53100') {
    return new RetryableError('storage/disk-full', `No space is left on the disk of the database ${at}`, {
      hint: 'Free space on the disk that holds the database; work resumes by itself.',
      facts,
    });
  }
  if (code === '28P01' || code === '28000') {
    return new PermanentError('storage/unavailable', `The database ${at} refused the user or password`, {
      hint: 'Check DATABASE_URL.',
      facts,
    });
  }
  if (code === '3D000') {
    return new PermanentError('storage/unavailable', `The database ${at} does not exist`, {
      hint: 'Create it, or correct the name at the end of DATABASE_URL.',
      facts,
    });
  }
  if (code === '42P01' || code === '42703' || code === '42883') {
    return new PermanentError('storage/migration-failed', `The schema of ${at} is not the one expected: ${message}`, {
      hint: 'Run outturn migrate.',
      facts,
    });
  }
  if (code === '57014') {
    return new RetryableError('storage/unavailable', `A statement on ${at} took too long and was stopped`, {
      hint: 'The database is overloaded or something holds a lock; see pg_stat_activity.',
      facts,
    });
  }
  if (isUnavailable(code, message)) {
    return new RetryableError('storage/unavailable', `The database ${at} cannot be reached: ${message}`, {
      hint: 'Check that PostgreSQL runs and that DATABASE_URL names it.',
      facts,
    });
  }
  if (code?.startsWith('40') || code === '55P03') {
    return new RetryableError('storage/unavailable', `The database ${at} was too busy with the same rows: ${message}`, {
      facts,
    });
  }
  return new OutturnError('internal', message, { facts });
}

function isUnavailable(code: string | null, message: string): boolean {
  if (code !== null && (networkCodes.has(code) || /^(08|53|57P|58)/.test(code) || code === '25P03')) return true;
  return /backend has been terminated|connection terminated|connection timeout|timeout exp|timeout exceeded|not queryable|econn/i.test(
    message,
  );
}

/** The innermost error with a code, else the innermost one. */
function rootCause(thrown: unknown): { code: string | null; message: string } {
  let message = thrown instanceof Error ? thrown.message : String(thrown);
  let code: string | null = null;
  for (let at: unknown = thrown; at instanceof Error; at = nextCause(at)) {
    const candidate = (at as Error & { code?: unknown }).code;
    if (typeof candidate === 'string') code = candidate;
    if (at.message !== '') message = at.message;
  }
  return { code, message };
}

function nextCause(error: Error): unknown {
  // Node reports "all addresses failed" as an AggregateError whose own message is empty.
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors[0];
  return error.cause;
}
