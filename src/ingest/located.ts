import { asOutturnError, OutturnError, PermanentError, RetryableError } from '#kit';

/**
 * The thrown value as a typed error whose message says which stream it is about. Parsers know rows and fields, not where
 * the page came from; errors of storage and queue are not about the stream.
 */
export function located(thrown: unknown, { connector, stream }: { connector: string; stream: string }): OutturnError {
  const error = asOutturnError(thrown);
  const aboutSource = error.code.startsWith('source/') || error.code.startsWith('config/');
  if (!aboutSource || error.message.includes(connector)) return error;
  return reworded(error, `${connector}/${stream}: ${error.message}`);
}

/** The same error in other words. */
export function reworded(error: OutturnError, message: string): OutturnError {
  const details = { hint: error.hint, facts: error.facts, cause: error.cause };
  if (error instanceof RetryableError)
    return new RetryableError(error.code, message, { ...details, retryAfterMs: error.retryAfterMs });
  if (error instanceof PermanentError) return new PermanentError(error.code, message, details);
  return new OutturnError(error.code, message, details);
}
