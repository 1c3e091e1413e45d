import { type OutturnError, PermanentError } from '#kit';

/** The oldest Redis whose commands the queue needs. */
const MINIMUM = { major: 6, minor: 2 };
const TOTAL_MEMORY_SHARE = 0.85;

/** `key:value` lines of Redis' INFO and CLUSTER INFO. */
export function parseInfo(text: string): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    if (colon > 0 && !line.startsWith('#')) facts.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return facts;
}

export interface Judgement {
  refusal: OutturnError | null;
  warnings: string[];
}

/**
 * What stands against using a Redis as the queue, by its INFO: `refusal` when it would lose or never accept jobs, `warnings`
 * when it may, after a crash or soon. `where` is `host:port`.
 */
export function judgeRedis(info: ReadonlyMap<string, string>, where: string): Judgement {
  const refuse = (message: string, hint: string): Judgement => ({
    refusal: new PermanentError('queue/unavailable', message, { hint, facts: { node: where } }),
    warnings: [],
  });
  const version = info.get('redis_version') ?? '0.0.0';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < MINIMUM.major || (major === MINIMUM.major && minor < MINIMUM.minor))
    return refuse(
      `Redis ${version} at ${where} is too old: the queue needs ${MINIMUM.major}.${MINIMUM.minor} or newer.`,
      'Update Redis, or unset REDIS_URL, REDIS_SENTINELS or REDIS_CLUSTER to keep the queue in PostgreSQL.',
    );
  const policy = info.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction')
    return refuse(
      `Redis at ${where} evicts keys when its memory is full (maxmemory-policy ${policy}): jobs would vanish.`,
      'Set `maxmemory-policy noeviction` in redis.conf, or run `redis-cli CONFIG SET maxmemory-policy noeviction`; on each node of a cluster.',
    );
  const warnings: string[] = [];
  if (info.get('aof_enabled') === '0')
    warnings.push(
      `Redis at ${where} keeps no append-only file: after a crash its newest jobs are gone until they are published again from the outbox. Set \`appendonly yes\`.`,
    );
  if (info.get('aof_last_write_status') === 'err')
    warnings.push(`Redis at ${where} cannot write its append-only file: look at its log and its disk.`);
  const limit = Number(info.get('maxmemory') ?? 0);
  const used = Number(info.get('used_memory') ?? 0);
  if (limit > 0 && used / limit >= TOTAL_MEMORY_SHARE)
    warnings.push(
      `Redis at ${where} uses ${Math.round((used / limit) * 100)} % of its maxmemory: once it is full it takes no more jobs. Raise \`maxmemory\`.`,
    );
  return { refusal: null, warnings };
}
