import type { Redis } from 'ioredis';
import { OutturnError } from '#kit';
import { createProbe } from './clients.ts';
import { redisFailure } from './failure.ts';
import { judgeRedis, parseInfo } from './judge.ts';
import { addressText, type RedisAddress, type RedisSettings } from './settings.ts';

/** What the checks at start found out. */
export interface RedisFindings {
  /** What it is, in words: `Redis 7.0.15`, `Redis Cluster (6 nodes)`. */
  label: string;
  warnings: string[];
}
export type Access = Pick<RedisSettings, 'username' | 'password' | 'tls'>;

/** For `facts` of an error that the servers may mend by themselves within seconds. */
export const healing = { isHealing: true };

export function nameOf(info: ReadonlyMap<string, string>): string {
  const valkey = info.get('valkey_version');
  return valkey === undefined ? `Redis ${info.get('redis_version') ?? ''}`.trim() : `Valkey ${valkey}`;
}

/** Version and settings of one server. Throws `queue/unavailable`, also for what `judgeRedis` refuses. */
export async function checkNode(
  address: RedisAddress,
  access: Access,
): Promise<{ info: ReadonlyMap<string, string>; warnings: string[] }> {
  const where = addressText(address);
  const info = await asking(address, access, async (client) => parseInfo(await client.info()));
  const { refusal, warnings } = judgeRedis(info, where);
  if (refusal !== null) throw refusal;
  return { info, warnings };
}

/** Connects, asks and leaves. Throws `queue/unavailable` by the server's address. */
export async function asking<T>(address: RedisAddress, access: Access, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = createProbe(address, access);
  // `connect()` alone only says that the connection is closed.
  let connectionError: Error | null = null;
  client.on('error', (error: Error) => {
    connectionError ??= error;
  });
  try {
    await client.connect();
    return await ask(client);
  } catch (error) {
    throw redisFailure(addressText(address), error instanceof OutturnError ? error : (connectionError ?? error), {
      isEncrypted: access.tls !== undefined,
    });
  } finally {
    client.disconnect();
  }
}
