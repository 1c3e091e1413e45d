import { asOutturnError, type ErrorCode, OutturnError, PermanentError, RetryableError } from './errors.ts';

/** An error as it crosses from a thread: classes do not survive that way. */
interface CrossingError {
  type: 'retryable' | 'permanent' | 'other';
  code: ErrorCode;
  message: string;
  hint: string | undefined;
  facts: Record<string, unknown> | undefined;
  retryAfterMs: number | undefined;
  /** Of a fault of ours alone. */
  stack: string | undefined;
}
/** What a thread makes of one task. */
export type ThreadAnswer<T> = { ok: true; value: T } | { ok: false; error: CrossingError };

/** Runs the task's work; what it throws becomes the answer. */
export async function answerOf<T>(work: () => Promise<T>): Promise<ThreadAnswer<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    const error = asOutturnError(thrown);
    const { code, message, hint, facts } = error;
    const origin = error.cause instanceof Error ? error.cause : error;
    return {
      ok: false,
      error: {
        type: error instanceof RetryableError ? 'retryable' : error instanceof PermanentError ? 'permanent' : 'other',
        code,
        message,
        hint,
        // Only what can cross: facts are JSON by their contract, and a fact must not hide the error.
        facts: facts === undefined ? undefined : (JSON.parse(JSON.stringify(facts)) as Record<string, unknown>),
        retryAfterMs: error instanceof RetryableError ? error.retryAfterMs : undefined,
        stack: code === 'internal' ? origin.stack : undefined,
      },
    };
  }
}

/** The error as the thread threw it. */
export function thrownFrom({ type, code, message, hint, facts, retryAfterMs, stack }: CrossingError): OutturnError {
  let cause: Error | undefined;
  if (stack !== undefined) {
    cause = new Error(message);
    cause.stack = stack;
  }
  const details = { hint, facts, cause };
  if (type === 'retryable') return new RetryableError(code, message, { ...details, retryAfterMs });
  return type === 'permanent' ? new PermanentError(code, message, details) : new OutturnError(code, message, details);
}
