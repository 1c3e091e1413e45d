import { closeRedisClient, createRedisClient, type RedisClient } from './clients.ts';
import type { RedisSettings } from './settings.ts';

/** The connections of one process: one for all queues, one for all workers, and one more that each worker blocks on. */
export interface RedisConnections {
  producer(): RedisClient;
  consumer(): RedisClient;
  /** Ends all of them, also those that BullMQ made and those that are trying to connect. */
  close(): Promise<void>;
}

/** Nothing is connected before it is asked for. */
export function createRedisConnections(settings: RedisSettings): RedisConnections {
  const open = new Set<RedisClient>();
  const shared = new Map<'producer' | 'consumer', RedisClient>();

  function keep<T extends RedisClient>(client: T): T {
    open.add(client);
    client.once('end', () => open.delete(client));
    // Queues and workers log these; without any listener the client would write to the console itself.
    client.on('error', () => undefined);
    return client;
  }

  function get(role: 'producer' | 'consumer'): RedisClient {
    const known = shared.get(role);
    if (known !== undefined) return known;
    const client = keep(createRedisClient(settings, role));
    const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => RedisClient;
    // BullMQ closes its copies when it can; one that is just reconnecting would go on for ever.
    Object.assign(client, { duplicate: (...args: unknown[]) => keep(duplicate(...args)) });
    shared.set(role, client);
    return client;
  }

  return {
    producer: () => get('producer'),
    consumer: () => get('consumer'),
    close: async () => {
      await Promise.all([...open].map(closeRedisClient));
      open.clear();
      shared.clear();
    },
  };
}
