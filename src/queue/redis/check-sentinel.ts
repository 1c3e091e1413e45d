import type { Redis } from 'ioredis';
import { nearest, type OutturnError, PermanentError, RetryableError } from '#kit';
import { asking, checkNode, healing, nameOf, type RedisFindings } from './check-node.ts';
import { addressesText, addressText, type RedisAddress, type SentinelRedis } from './settings.ts';

interface Watched {
  master: RedisAddress;
  sentinels: number;
  replicas: number;
  /** What the sentinel says against a failover being possible. */
  quorumProblem: string | null;
}

/** The sentinels know the name, and the master that they name may hold jobs. Throws `queue/unavailable`. */
export async function checkSentinel(settings: SentinelRedis): Promise<RedisFindings> {
  const watched = await askAnySentinel(settings);
  const where = addressText(watched.master);
  const { info, warnings } = await checkMaster(watched.master, settings);
  if (info.get('role') !== 'master')
    throw new RetryableError(
      'queue/unavailable',
      `Redis at ${where} is a replica, though the sentinels name it master.`,
      {
        hint: 'They may be electing another one: try again in some seconds.',
        facts: { node: where, ...healing },
      },
    );
  if (watched.replicas === 0)
    warnings.push(`The master ${where} has no replica: if it dies, the queue stops until it is back.`);
  if (watched.quorumProblem !== null)
    warnings.push(`The sentinels could not elect another master now: ${watched.quorumProblem}`);
  return { label: `${nameOf(info)} with ${watched.sentinels} sentinels`, warnings };
}

async function checkMaster(master: RedisAddress, settings: SentinelRedis): ReturnType<typeof checkNode> {
  try {
    return await checkNode(master, settings);
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    throw new RetryableError(
      'queue/unavailable',
      `The sentinels name a master at ${addressText(master)}, which cannot be used from here: ${error.message}`,
      {
        hint: 'Check that it is reachable from this host; behind NAT or in containers set `replica-announce-ip` and `sentinel announce-ip`.',
        facts: { ...error.facts, ...healing },
      },
    );
  }
}

async function askAnySentinel(settings: SentinelRedis): Promise<Watched> {
  const access = { username: settings.sentinelUsername, password: settings.sentinelPassword, tls: settings.tls };
  const failures: OutturnError[] = [];
  for (const sentinel of settings.sentinels) {
    try {
      return await asking(sentinel, access, (client) => watchedBy(client, sentinel, settings.name));
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      failures.push(error);
    }
  }
  throw new RetryableError(
    'queue/unavailable',
    `No sentinel at ${addressesText(settings.sentinels)} can be used. ${failures[0]?.message ?? ''}`.trim(),
    { hint: 'Check that the sentinels run, and that REDIS_SENTINELS names them (their port is usually 26379).' },
  );
}

async function watchedBy(client: Redis, sentinel: RedisAddress, name: string): Promise<Watched> {
  const masters = ((await client.call('SENTINEL', 'MASTERS')) as unknown[]).map(fieldsOf);
  const found = masters.find((master) => master.get('name') === name);
  if (found === undefined) {
    const names = masters.map((master) => master.get('name') ?? '');
    const meant = nearest(name, names);
    throw new PermanentError(
      'queue/unavailable',
      `The sentinel at ${addressText(sentinel)} watches no master named "${name}".`,
      {
        hint: `REDIS_SENTINEL_NAME must be the name of \`sentinel monitor\`${meant !== null ? `: did you mean ${meant}?` : names.length > 0 ? `, here ${names.join(', ')}.` : '.'}`,
      },
    );
  }
  return {
    master: { host: found.get('ip') ?? '', port: Number(found.get('port')) },
    sentinels: Number(found.get('num-other-sentinels') ?? 0) + 1,
    replicas: Number(found.get('num-slaves') ?? 0),
    quorumProblem: await quorumProblem(client, name),
  };
}

async function quorumProblem(client: Redis, name: string): Promise<string | null> {
  try {
    await client.call('SENTINEL', 'CKQUORUM', name);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.startsWith('NOQUORUM') || message.startsWith('NOGOODSLAVE') ? message : null;
  }
}

/** A flat list of names and values. */
function fieldsOf(answer: unknown): Map<string, string> {
  const flat = Array.isArray(answer) ? (answer as unknown[]).map(String) : [];
  const fields = new Map<string, string>();
  for (let index = 0; index + 1 < flat.length; index += 2) fields.set(flat[index] ?? '', flat[index + 1] ?? '');
  return fields;
}
