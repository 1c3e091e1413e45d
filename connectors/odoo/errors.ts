import { asRecord, type OutturnError, PermanentError, RetryableError } from '#kit';

/** What Odoo says of an exception: its Python name and its message, the same object in both APIs. Never the traceback. */
interface Exception {
  name: string;
  message: string;
}

function exceptionOf(value: unknown): Exception | null {
  const record = asRecord(value);
  if (record === null) return null;
  const { name, message } = record;
  if (typeof name !== 'string' || typeof message !== 'string') return null;
  return { name: name.slice(0, 120), message: message.trim().slice(0, 500) };
}

/** The reason that a JSON-2 refusal gives in its body; null: it is none of Odoo's. */
export function explainJson2(body: string): string | null {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return null;
  }
  // Odoo 19.0 answered with a mere text at first.
  if (typeof document === 'string') return document.slice(0, 500);
  const exception = exceptionOf(document);
  return exception === null ? null : `${exception.name}: ${exception.message}`;
}

/** Whether an answer of JSON-RPC says that the session is over; it does so inside an HTTP 200. */
export function isSessionOver(body: string): boolean {
  if (!body.includes('SessionExpiredException') && !/"code":\s*100\b/.test(body)) return false;
  try {
    const error = asRecord(asRecord(JSON.parse(body))?.['error']);
    const name = exceptionOf(error?.['data'])?.name ?? '';
    return error !== null && (error['code'] === 100 || name.endsWith('SessionExpiredException'));
  } catch {
    return false;
  }
}

/** The error object of a JSON-RPC answer, told by the name of the exception in it. */
export function rpcError(error: unknown, what: string): OutturnError {
  const record = asRecord(error);
  const exception = exceptionOf(record?.['data']);
  const name = exception?.name.replace(/^.*\./, '') ?? '';
  const shown =
    typeof record?.['message'] === 'string' ? record['message'].slice(0, 200) : 'an error without a message';
  const message = `${what}: ${exception === null ? shown : `${exception.message || shown} (${name})`}`;
  switch (name) {
    case 'AccessDenied':
    case 'SessionExpiredException':
      return new PermanentError('source/unauthorised', message, {
        hint: 'Check database, user and key: API keys end after three months at the latest.',
      });
    case 'AccessError':
      return new PermanentError('source/forbidden', message, {
        hint: 'Give the user a group that may read this model, and the companies in companies.',
      });
    case 'MissingError':
      return new RetryableError('source/server-error', message, { hint: 'A record was removed while it was read.' });
    case 'UserError':
    case 'ValidationError':
    case 'ValueError':
    case 'TypeError':
    case 'KeyError':
      return new PermanentError('source/bad-request', message, {
        hint: 'Check model, domain and fields: outturn check compares them.',
      });
    default:
      if (record?.['code'] === 404) return new PermanentError('source/not-found', message);
      // Locks, serialisation failures, a database that is being restored: they pass.
      return new RetryableError('source/server-error', message);
  }
}
