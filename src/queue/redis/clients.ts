import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis } from 'ioredis';
import { partsOf, type RedisAddress, type RedisSettings, type RedisTls } from './settings.ts';

export type RedisClient = Redis | Cluster;

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * A peer that is gone without a word (a lost machine, a cut cable) is given up after this. A worker's blocking read takes up
 * to 10 s.
 */
const SILENCE_TIMEOUT_MS = { producer: 8_000, consumer: 12_000 };
const RETRY_DELAY_MS = 200;
const QUIT_TIMEOUT_MS = 2_000;
/**
 * How often a cluster's command may be sent anew, each time after `RETRY_DELAY_MS`. A worker sits out a failover, which takes a
 * cluster of the default `cluster-node-timeout` about 20 s; a producer holds a transaction open and must come back.
 */
const MAX_REDIRECTIONS = { producer: 25, consumer: 300 };

const retryDelayMs = (times: number): number => Math.min(times * RETRY_DELAY_MS, 2_000);

export function tlsOptions(tls: RedisTls | undefined): ConnectionOptions | undefined {
  if (tls === undefined) return undefined;
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(tls.isUnverified === true ? { rejectUnauthorized: false } : {}),
  };
}

/** User, password and TLS as the client takes them. `family: 0` is either of IPv4 and IPv6. */
function accessOptions(access: {
  username?: string | undefined;
  password?: string | undefined;
  tls?: RedisTls | undefined;
}) {
  const tls = tlsOptions(access.tls);
  return {
    family: 0,
    ...(access.username === undefined ? {} : { username: access.username }),
    ...(access.password === undefined ? {} : { password: access.password }),
    ...(tls === undefined ? {} : { tls }),
  };
}

/**
 * A connection for the queue. A producer must come back with an error, for it holds a transaction open; a consumer waits
 * for its server, whatever happens to it.
 */
export function createRedisClient(settings: RedisSettings, role: 'producer' | 'consumer'): RedisClient {
  const common = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SILENCE_TIMEOUT_MS[role],
    maxRetriesPerRequest: role === 'producer' ? 2 : null,
  };
  if (settings.kind === 'redis-cluster')
    return new Cluster([...settings.nodes], {
      clusterRetryStrategy: retryDelayMs,
      retryDelayOnFailover: RETRY_DELAY_MS,
      retryDelayOnClusterDown: RETRY_DELAY_MS,
      retryDelayOnTryAgain: RETRY_DELAY_MS,
      // While a failover settles, two nodes may point at each other.
      retryDelayOnMoved: 20,
      maxRedirections: MAX_REDIRECTIONS[role],
      slotsRefreshTimeout: 3_000,
      // A certificate bears names: an address looked up beforehand would not match it.
      ...(settings.tls === undefined ? {} : { dnsLookup: (address, done) => done(null, address) }),
      redisOptions: { ...common, ...accessOptions(settings) },
    });
  const server = {
    ...common,
    retryStrategy: retryDelayMs,
    // A master that became a replica refuses writes: ask anew who is master, and send the command there.
    reconnectOnError: (error: Error) => (error.message.includes('READONLY') ? (2 as const) : false),
  };
  if (settings.kind === 'redis') {
    const { address, database, ...access } = partsOf(settings);
    return new Redis({ ...server, ...address, ...accessOptions(access), db: database });
  }
  const tls = tlsOptions(settings.tls);
  return new Redis({
    ...server,
    ...accessOptions(settings),
    db: settings.database ?? 0,
    name: settings.name,
    sentinels: settings.sentinels.map((each) => ({ ...each })),
    sentinelRetryStrategy: retryDelayMs,
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    ...(settings.sentinelUsername === undefined ? {} : { sentinelUsername: settings.sentinelUsername }),
    ...(settings.sentinelPassword === undefined ? {} : { sentinelPassword: settings.sentinelPassword }),
    ...(tls === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: tls }),
  });
}

/** A connection to exactly one server, which fails rather than waits. */
export function createProbe(
  address: RedisAddress,
  access: Pick<RedisSettings, 'username' | 'password' | 'tls'>,
): Redis {
  return new Redis({
    ...address,
    ...accessOptions(access),
    lazyConnect: true,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: CONNECT_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    // Sentinels know no such check, and a server that loads its data answers what a probe asks.
    enableReadyCheck: false,
  });
}

/** Says goodbye where the server listens, and leaves in any case. */
export async function closeRedisClient(client: RedisClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, QUIT_TIMEOUT_MS);
  });
  try {
    if (client.status === 'ready') await Promise.race([client.quit(), tooLong]);
  } catch {
    // It is gone already.
  } finally {
    clearTimeout(timer);
    if (client.status !== 'end') client.disconnect();
  }
}
