export interface RedisAddress {
  host: string;
  port: number;
}

/** Of an encrypted connection; what is absent is Node's default. Certificates and keys are PEM text. */
export interface RedisTls {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
  /** The name that the certificate must bear, where it is not the host's. */
  serverName?: string | undefined;
  /** Encrypted, but to whoever answers. */
  isUnverified?: boolean | undefined;
}

interface RedisAccess {
  username?: string | undefined;
  password?: string | undefined;
  /** Absent: not encrypted. */
  tls?: RedisTls | undefined;
}

/** One server; `url` is `redis://` or `rediss://`, and its user and password go before the separate ones. */
export interface SingleRedis extends RedisAccess {
  kind: 'redis';
  url: string;
}
/** The server that the sentinels name master under `name`. */
export interface SentinelRedis extends RedisAccess {
  kind: 'redis-sentinel';
  sentinels: readonly RedisAddress[];
  name: string;
  database?: number | undefined;
  sentinelUsername?: string | undefined;
  sentinelPassword?: string | undefined;
}
/** `nodes` are asked for all the others. */
export interface ClusterRedis extends RedisAccess {
  kind: 'redis-cluster';
  nodes: readonly RedisAddress[];
}
export type RedisSettings = SingleRedis | SentinelRedis | ClusterRedis;

export const addressText = ({ host, port }: RedisAddress): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** Up to three addresses and the number of the others. */
export function addressesText(addresses: readonly RedisAddress[]): string {
  const SHOWN = 3;
  const rest = addresses.length - SHOWN;
  return `${addresses.slice(0, SHOWN).map(addressText).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Where the settings lead, for messages: no credentials. */
export function redisTarget(settings: RedisSettings): string {
  if (settings.kind === 'redis') return addressText(partsOf(settings).address);
  if (settings.kind === 'redis-cluster') return addressesText(settings.nodes);
  return `${settings.name} (sentinels ${addressesText(settings.sentinels)})`;
}

export interface SingleParts extends RedisAccess {
  address: RedisAddress;
  database: number;
}

/** What the address of a single server says: host, port, database, user, password, and whether TLS. */
export function partsOf(settings: SingleRedis): SingleParts {
  const url = new URL(settings.url);
  const database = Number(url.pathname.slice(1) || url.searchParams.get('db') || 0);
  return {
    address: { host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost', port: Number(url.port || 6_379) },
    database,
    username: decodeURIComponent(url.username) || settings.username,
    password: decodeURIComponent(url.password) || settings.password,
    tls: url.protocol === 'rediss:' ? (settings.tls ?? {}) : undefined,
  };
}
