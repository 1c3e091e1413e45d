import { Redis } from 'ioredis';
import { type Logger, OutturnError, PermanentError, RetryableError } from '#kit';

/** The oldest Redis whose commands the queue needs. */
const MINIMUM = { major: 6, minor: 2 };

/** `key:value` lines of Redis' INFO. */
export function parseInfo(text: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}

/**
 * What stands against using a Redis as the queue: `refusal` when it would lose or never accept jobs, `warning` when it may
 * after a crash.
 */
export function judgeRedis(info: ReadonlyMap<string, string>): {
  refusal: OutturnError | null;
  warning: string | null;
} {
  const version = info.get('redis_version') ?? '0.0.0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < MINIMUM.major || (major === MINIMUM.major && minor < MINIMUM.minor))
    return {
      refusal: new PermanentError(
        'queue/unavailable',
        `Redis ${version} is too old: the queue needs ${MINIMUM.major}.${MINIMUM.minor} or newer.`,
        { hint: 'Update Redis, or unset REDIS_URL to keep the queue in PostgreSQL.' },
      ),
      warning: null,
    };
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    return {
      refusal: new PermanentError(
        'queue/unavailable',
        `Redis evicts keys when its memory is full (maxmemory-policy ${policy}): jobs would vanish.`,
        {
          hint: 'Set `maxmemory-policy noeviction` in redis.conf, or run `redis-cli CONFIG SET maxmemory-policy noeviction`.',
        },
      ),
      warning: null,
    };
  const isPersistent = info.get('aof_enabled') !== '0';
  return {
    refusal: null,
    warning: isPersistent
      ? null
      : 'Redis keeps no append-only file: after a crash its newest jobs are gone until they are published again from the outbox. Set `appendonly yes`.',
  };
}

/** Connects once, checks version and settings. Throws `queue/unavailable` naming the host and what to do. */
export async function checkRedis(url: string, target: string, log: Logger): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5_000,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
    enableOfflineQueue: false,
  });
  let lastError: Error | null = null;
  client.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await client.connect();
    const { refusal, warning } = judgeRedis(parseInfo(await client.info()));
    if (refusal !== null) throw refusal;
    if (warning !== null) log.warn({ target }, warning);
  } catch (error) {
    if (error instanceof OutturnError) throw error;
    const cause: unknown = lastError ?? error;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RetryableError('queue/unavailable', `Redis at ${target} cannot be used: ${reason}`, {
      hint: 'Check that Redis runs, and that REDIS_URL holds the right address, user and password.',
      cause,
    });
  } finally {
    client.disconnect();
  }
}
