/** The closed list of error codes. Each is documented in docs/errors.md; a test compares both ways. */
export const errorCodes = [
  'config/yaml-syntax',
  'config/unknown-key',
  'config/invalid-value',
  'config/unknown-kind',
  'config/unknown-reference',
  'config/duplicate-id',
  'config/missing-variable',
  'config/missing-secret',
  'config/plain-secret',
  'config/unreadable-file',
  'config/not-found',
  'config/frozen-plan',
  'config/not-applied',
  'source/unreachable',
  'source/timeout',
  'source/tls',
  'source/unauthorised',
  'source/forbidden',
  'source/not-found',
  'source/rate-limited',
  'source/server-error',
  'source/bad-request',
  'source/not-json',
  'source/bad-shape',
  'source/empty-answer',
  'source/bad-number',
  'source/bad-expression',
  'source/too-large',
  'source/partial',
  'source/blocked-address',
  'source/unit-mismatch',
  'secret/no-key',
  'secret/unreadable',
  'secret/in-use',
  'value/no-baseline',
  'value/missing-fx-rate',
  'value/bad-input',
  'storage/unavailable',
  'storage/directory-in-use',
  'storage/directory-unwritable',
  'storage/disk-full',
  'storage/migration-failed',
  'storage/stopped',
  'queue/unavailable',
  'queue/unknown-kind',
  'queue/invalid-arguments',
  'queue/timeout',
  'queue/cancelled',
  'queue/interrupted',
  'queue/quarantined',
  'object/unavailable',
  'object/not-found',
  'render/out-of-memory',
  'render/timeout',
  'delivery/rejected',
  'delivery/unreachable',
  'delivery/rate-limited',
  'delivery/unknown-outcome',
  'api/port-in-use',
  'api/unauthorised',
  'api/bad-request',
  'api/method-not-allowed',
  'api/conflict',
  'api/precondition-failed',
  'api/precondition-required',
  'api/too-large',
  'api/unsupported-media-type',
  'api/invalid-request',
  'api/key-reused',
  'api/rate-limited',
  'usage',
  'not-found',
  'internal',
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorDetails {
  /** What the reader can do about it, one sentence. */
  hint?: string | undefined;
  cause?: unknown;
  /** Structured facts for logs and `--json`; never secrets. */
  facts?: Record<string, unknown> | undefined;
}

/** What a source sends may be of any length, and errors quote it. */
const LONGEST_SOURCE_MESSAGE = 2_000;
const bounded = (code: ErrorCode, message: string): string =>
  code.startsWith('source/') && message.length > LONGEST_SOURCE_MESSAGE
    ? `${message.slice(0, LONGEST_SOURCE_MESSAGE)}…`
    : message;

/** An error whose code and message are meant for people. Prefer the two subclasses. */
export class OutturnError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly facts: Record<string, unknown> | undefined;
  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(bounded(code, message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = details.hint;
    this.facts = details.facts;
  }
}

/** Trying again can help. With `retryAfterMs` the job is delayed without spending an attempt. */
export class RetryableError extends OutturnError {
  readonly retryAfterMs: number | undefined;
  constructor(code: ErrorCode, message: string, details: ErrorDetails & { retryAfterMs?: number | undefined } = {}) {
    super(code, message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** Trying again cannot help until a person changes something. */
export class PermanentError extends OutturnError {}

/** Any thrown value as an OutturnError; what is unknown becomes `internal`. */
export function asOutturnError(thrown: unknown): OutturnError {
  if (thrown instanceof OutturnError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new OutturnError('internal', message, { cause: thrown });
}
