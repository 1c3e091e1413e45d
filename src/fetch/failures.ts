import { formatDurationMs, OutturnError, PermanentError, RetryableError } from '#kit';
import { hostAndPort } from './address.ts';
import { BlockedAddressError } from './address-guard.ts';

/** What a failed request was, for messages. `label` is `connector shop: GET http://host/path`, already redacted. */
export interface RequestLabel {
  label: string;
  address: URL;
  /** Set when the connection goes to a proxy first. */
  proxy: URL | null;
}

/**
 * Status → error class: 401, 403, 404 and other 4xx are permanent, 408, 425, 429 and 5xx can be tried again.
 * `excerpt`: what the source said, redacted.
 */
export function statusError(
  request: RequestLabel,
  status: number,
  excerpt: string,
  retryAfterMs: number | undefined,
): OutturnError {
  const message = `${request.label}: the source answered ${status}${excerpt === '' ? '' : ` (${excerpt})`}`;
  const facts = { status };
  if (status === 401)
    return new PermanentError('source/unauthorised', message, {
      hint: 'The source does not accept the credentials: check auth, and whether they have expired.',
      facts,
    });
  if (status === 403)
    return new PermanentError('source/forbidden', message, {
      hint: 'The credentials are known but lack the permission to read this.',
      facts,
    });
  if (status === 404)
    return new PermanentError('source/not-found', message, {
      hint: 'Nothing is there: check the path in url, and the names in the stream.',
      facts,
    });
  if (status === 407)
    return new PermanentError('source/unauthorised', message, {
      hint: 'The proxy wants credentials: write them into proxy (http://user:password@host:port).',
      facts,
    });
  if (status === 429) return limitError(request, status, excerpt, retryAfterMs);
  if (status === 408 || status === 425) return new RetryableError('source/timeout', message, { facts, retryAfterMs });
  if (status >= 500) return new RetryableError('source/server-error', message, { facts, retryAfterMs });
  return new PermanentError('source/bad-request', message, {
    hint: 'The source does not accept the request: check the options of the stream.',
    facts,
  });
}

/** One request too many; some sources say it by 403. */
export function limitError(
  request: RequestLabel,
  status: number,
  excerpt: string,
  retryAfterMs: number | undefined,
): RetryableError {
  return new RetryableError(
    'source/rate-limited',
    `${request.label}: the source answered ${status}${excerpt === '' ? '' : ` (${excerpt})`}`,
    {
      hint: 'The source limits requests: lower requestsPerMinute of its account or budget, or pull less often.',
      facts: { status },
      retryAfterMs,
    },
  );
}

export const TLS_HINTS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate is self-signed: name its CA in tls.caFile.',
  SELF_SIGNED_CERT_IN_CHAIN: 'A private CA signed the certificate: name it in tls.caFile.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'The CA is unknown, or the server leaves out an intermediate certificate: name the CA in tls.caFile.',
  UNABLE_TO_GET_ISSUER_CERT: 'The CA is unknown: name it in tls.caFile.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'The CA is unknown: name it in tls.caFile.',
  CERT_HAS_EXPIRED: 'The certificate of the source has expired: it must be renewed there.',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet: compare the clocks of both machines.',
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'The source wants a certificate of this client: name it and its key in tls.certFile and tls.keyFile.',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE:
    'The source refuses the certificate of this client, or misses one: check tls.certFile and tls.keyFile.',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA:
    'The source does not know the CA of the certificate in tls.certFile: name one that it issued, with its chain.',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'The certificate in tls.certFile has expired: renew it.',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'The source does not accept the certificate in tls.certFile.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate was issued for another name: use the name that it carries in url.',
};
export const NETWORK_REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ENOTFOUND: 'is a name that DNS does not know',
  EAI_AGAIN: 'could not be looked up, DNS did not answer',
  ECONNRESET: 'broke the connection off',
  ECONNABORTED: 'broke the connection off',
  EPIPE: 'broke the connection off',
  EHOSTUNREACH: 'has no route to it',
  ENETUNREACH: 'has no route to it',
  EHOSTDOWN: 'is down',
  ERR_STREAM_PREMATURE_CLOSE: 'broke the connection off before the answer was complete',
  ERR_BAD_RESPONSE: 'broke the connection off before the answer was complete',
};
const NETWORK_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there: check host and port in url, and whether the source runs.',
  ENOTFOUND: 'Check the host name in url.',
};

/** Codes along the chain of causes: axios, `AggregateError` of happy eyeballs, and node wrap each other. */
function* causes(thrown: unknown): Generator<Error> {
  let current = thrown;
  for (let depth = 0; depth < 6 && current instanceof Error; depth += 1) {
    yield current;
    if (current instanceof AggregateError) for (const inner of current.errors) if (inner instanceof Error) yield inner;
    current = current.cause;
  }
}

export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A failure below HTTP (DNS, TCP, TLS, broken answer) as an error for people. */
export function transportError(request: RequestLabel, thrown: unknown, redact: (text: string) => string): OutturnError {
  const peer = request.proxy ?? request.address;
  const where = `${request.proxy === null ? '' : 'proxy '}${hostAndPort(peer)}`;
  const chain = [...causes(thrown)];
  for (const error of chain)
    if (error instanceof BlockedAddressError) return blockedAddressError(request.label, error.message);
  for (const error of chain) {
    const code = codeOf(error);
    const tlsHint = TLS_HINTS[code];
    const plainAnswer = code === 'EPROTO' || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS');
    if (tlsHint !== undefined || plainAnswer || code.startsWith('CERT_'))
      return new PermanentError('source/tls', `${request.label}: no trusted TLS connection to ${where} (${code})`, {
        hint: tlsHint ?? 'The port may speak plain HTTP: try http:// in url, or check the TLS versions of both sides.',
        cause: scrubbed(error, redact),
      });
    if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT')
      return new RetryableError('source/timeout', `${request.label}: ${where} did not accept the connection in time`, {
        hint: 'A firewall may drop the packets: check host and port in url.',
        cause: scrubbed(error, redact),
      });
    if (code.startsWith('HPE_'))
      return new PermanentError('source/bad-shape', `${request.label}: ${where} does not answer in HTTP (${code})`, {
        hint: 'Another service listens on that port, or it speaks TLS: check url (https://?).',
        cause: scrubbed(error, redact),
      });
    if (code === 'Z_DATA_ERROR' || code === 'Z_BUF_ERROR')
      return new RetryableError('source/unreachable', `${request.label}: the compressed answer of ${where} is broken`, {
        cause: scrubbed(error, redact),
      });
  }
  for (const error of chain) {
    const code = codeOf(error);
    const reason = NETWORK_REASONS[code];
    if (reason !== undefined)
      return new RetryableError('source/unreachable', `${request.label}: ${where} ${reason} (${code})`, {
        hint: NETWORK_HINTS[code],
        cause: scrubbed(error, redact),
      });
  }
  const last = chain.at(-1);
  return new RetryableError(
    'source/unreachable',
    `${request.label}: no answer from ${where} (${redact(last?.message ?? String(thrown))})`,
    last === undefined ? {} : { cause: scrubbed(last, redact) },
  );
}

/** Axios errors carry the whole request, with credentials: only the text and the code go on. */
function scrubbed(error: Error, redact: (text: string) => string): Error {
  const code = codeOf(error);
  return new Error(redact(code === '' ? error.message : `${code}: ${error.message}`));
}

export function blockedAddressError(label: string, reason: string): PermanentError {
  return new PermanentError('source/blocked-address', `${label}: refused, ${reason}`, {
    hint: 'Link-local and cloud metadata addresses are never asked; redirects into private ranges only with allowPrivateRedirects: true.',
  });
}

export function timeoutError(request: RequestLabel, timeoutMs: number, receivedBytes: number | null): RetryableError {
  const where = hostAndPort(request.proxy ?? request.address);
  const message =
    receivedBytes === null
      ? `${request.label}: ${where} did not answer within ${formatDurationMs(timeoutMs)}`
      : `${request.label}: the answer was not complete within ${formatDurationMs(timeoutMs)} (${receivedBytes} bytes came)`;
  return new RetryableError('source/timeout', message, {
    hint: 'Raise timeout, or ask for less at once.',
    facts: { timeoutMs },
  });
}

export function tooLargeError(request: RequestLabel, maxBytes: number): PermanentError {
  return new PermanentError(
    'source/too-large',
    `${request.label}: the answer is longer than ${maxBytes} bytes (maxResponse)`,
    {
      hint: 'Ask for less (a coarser step, a narrower filter, smaller pages), or raise maxResponse.',
      facts: { maxBytes },
    },
  );
}

/** Of a body that nobody understands its beginning is enough. */
const MOST_OF_A_BODY = 240;
/** What a source says in words, where the position in a selector or the id of a transaction may stand at the end. */
const MOST_OF_WORDS = 500;

/** One line of an unexpected body, for messages; `said`: what the protocol found in it, of which more is shown. */
export function excerptOf(body: string, redact: (text: string) => string, said: string | null = null): string {
  const line = redact((said ?? body).slice(0, 2000))
    .replace(/\s+/g, ' ')
    .trim();
  const most = said === null ? MOST_OF_A_BODY : MOST_OF_WORDS;
  return line.length > most ? `${line.slice(0, most)}…` : line;
}

/** HTML (a login page, a proxy's notice) is permanent; JSON that breaks off may be whole the next time. */
export function notJsonError(
  label: string,
  contentType: string,
  body: string,
  redact: (text: string) => string,
): OutturnError {
  const type = contentType === '' ? 'no content type' : contentType;
  if (body.trim() === '')
    return new RetryableError('source/empty-answer', `${label}: the answer is empty (${type})`, {
      hint: 'A source that is starting, or a proxy in between, may answer so.',
    });
  if (/^\s*[[{]/.test(body))
    return new RetryableError(
      'source/not-json',
      `${label}: the answer is broken JSON (${type}, ${body.length} characters, ends with ${JSON.stringify(redact(body.slice(-40)))})`,
      { hint: 'It may have been cut off on the way.' },
    );
  return new PermanentError(
    'source/not-json',
    `${label}: the answer is not JSON but ${type}, beginning with ${JSON.stringify(excerptOf(body, redact).slice(0, 80))}`,
    { hint: 'A login page or a proxy may have answered in place of the source: check url and auth.' },
  );
}

/** What an aborted request throws: the typed reason that the caller gave, else `queue/cancelled`. */
export function cancellation(signal: AbortSignal, label: string): OutturnError {
  const reason: unknown = signal.reason;
  if (reason instanceof OutturnError) return reason;
  return new RetryableError('queue/cancelled', `${label}: cancelled`);
}
