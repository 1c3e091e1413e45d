import { OutturnError, PermanentError, RetryableError } from '#kit';

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_SIGNATURE_FAILURE',
]);

const HUNG_UP = /ECONNRESET|EPIPE|Connection is closed|socket disconnected|socket hang up/i;

interface Reason {
  is(code: string, message: string): boolean;
  says(where: string, message: string): string;
  hint: string;
}

const reasons: readonly Reason[] = [
  {
    is: (code) => UNTRUSTED.has(code),
    says: (where, message) =>
      `The certificate of Redis at ${where} is signed by an authority that is not trusted: ${message}.`,
    hint: "Name the file of that authority's certificate by REDIS_TLS_CA.",
  },
  {
    is: (code) => code === 'ERR_TLS_CERT_ALTNAME_INVALID',
    says: (where, message) => `The certificate of Redis at ${where} is for another name: ${message}.`,
    hint: 'Give the address by a name that the certificate bears, or name it by REDIS_TLS_SERVER_NAME.',
  },
  {
    is: (code) => code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID',
    says: (where, message) => `The certificate of Redis at ${where} is not valid now: ${message}.`,
    hint: "Renew it, and check this host's clock.",
  },
  {
    is: (_code, message) => /alert (certificate required|bad certificate|unknown ca|handshake failure)/.test(message),
    says: (where) => `Redis at ${where} wants another certificate of the client.`,
    hint: 'Name a certificate that it trusts by REDIS_TLS_CERT and its key by REDIS_TLS_KEY.',
  },
  {
    is: (code) => code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    says: (where) => `Redis at ${where} does not speak TLS.`,
    hint: 'Begin the address with redis:// rather than rediss://, or use the TLS port.',
  },
  {
    is: (_code, message) => /^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/.test(message),
    says: (where) => `Redis at ${where} refused the user or the password.`,
    hint: 'Check user and password in the address, or REDIS_USERNAME and REDIS_PASSWORD; for sentinels REDIS_SENTINEL_PASSWORD.',
  },
  {
    is: (_code, message) => message.startsWith('NOPERM'),
    says: (where, message) => `The user of Redis at ${where} may not do what the queue needs: ${message}.`,
    hint: 'docs/redis.md has the rules (ACL) of a user for the queue.',
  },
];

/**
 * Why a Redis cannot be used, as `queue/unavailable`; permanent when only a person can mend it. What the client threw is not
 * kept as the cause: it may hold the arguments of AUTH.
 */
export function redisFailure(where: string, thrown: unknown, { isEncrypted = false } = {}): OutturnError {
  if (thrown instanceof OutturnError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  const message = (thrown instanceof Error ? thrown.message || code : String(thrown)).replace(/\.$/, '');
  const facts = { node: where };
  const known = reasons.find((reason) => reason.is(code, message));
  if (known !== undefined)
    return new PermanentError('queue/unavailable', known.says(where, message), { hint: known.hint, facts });
  // The alert that says so often loses the race against the end of the connection.
  if (isEncrypted && HUNG_UP.test(message))
    return new RetryableError(
      'queue/unavailable',
      `Redis at ${where} hung up after the TLS greeting (${message}): it went away, or wants another certificate of the client.`,
      {
        hint: 'If it stays so, name a certificate that it trusts by REDIS_TLS_CERT and its key by REDIS_TLS_KEY.',
        facts,
      },
    );
  return new RetryableError('queue/unavailable', `Redis at ${where} cannot be used: ${message}.`, {
    hint: hintFor(message, isEncrypted),
    facts,
  });
}

function hintFor(message: string, isEncrypted: boolean): string {
  if (!isEncrypted && HUNG_UP.test(message))
    return 'It hangs up: check that the port is right, and whether it wants TLS (rediss://).';
  if (isEncrypted && /ETIMEDOUT|timed out/.test(message))
    return 'A Redis without TLS leaves such a greeting unanswered: check that the port is its TLS port, or begin the address with redis://.';
  return 'Check that Redis runs there, and that REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER holds the right address.';
}
