import { Redis } from 'ioredis';
import { Client } from 'pg';
import { startRedis } from '../../harness/servers/redis.ts';
import type { QueueBackend } from './worker-settings.ts';

export type BackendName = 'postgres' | 'redis';
export const backendNames: readonly BackendName[] = ['postgres', 'redis'];

/** The server that a world's queue lies in, and what can be done to it. */
export interface BackendServer {
  name: BackendName;
  backend(databaseUrl: string): QueueBackend;
  /** Every job of the queue is gone, as after a FLUSHALL. */
  wipe(databaseUrl: string): Promise<void>;
  close(): Promise<void>;
}

export async function startBackend(name: BackendName): Promise<BackendServer> {
  if (name === 'postgres')
    return {
      name,
      backend: (url) => ({ kind: 'postgres', url }),
      wipe: (url) =>
        onDatabase(url, (client) => client.query('TRUNCATE bullmq.job, bullmq.dedup, bullmq.dedup_next CASCADE')),
      close: async () => undefined,
    };
  const server = await startRedis();
  return {
    name,
    backend: () => ({ kind: 'redis', url: server.url }),
    async wipe() {
      const client = new Redis(server.url);
      await client.flushall();
      client.disconnect();
    },
    close: () => server.close(),
  };
}

/** One session, for as long as the work takes. */
export async function onDatabase(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
