import { Client } from 'pg';
import { startRedis } from '../../harness/servers/redis.ts';
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts';
import type { SeededRandom } from './seed.ts';
import type { QueueBackend } from './worker-settings.ts';

export type BackendName = 'postgres' | 'redis' | 'cluster';

const isLong = process.env['OUTTURN_FAULTS'] === 'long';

/** On which queues a fault is tried: on both in the long form (`npm run test:long`), in `npm test` on the one that is named. */
export const backendsFor = (named: BackendName): readonly BackendName[] => (isLong ? ['postgres', 'redis'] : [named]);

/** The server that a world's queue lies in, and what can be done to it. */
export interface BackendServer {
  name: BackendName;
  backend(databaseUrl: string): QueueBackend;
  /** Every job of the queue is gone, as after a FLUSHALL. */
  wipe(databaseUrl: string): Promise<void>;
  /** Killed and started again; null where the queue has no server of its own. */
  crash:
    | ((options: { loses: 'nothing' | 'last writes' | 'half of its writes'; random: SeededRandom }) => Promise<void>)
    | null;
  close(): Promise<void>;
}

export async function startBackend(name: BackendName): Promise<BackendServer> {
  return { postgres: onPostgres, redis: onRedis, cluster: onCluster }[name]();
}

async function onPostgres(): Promise<BackendServer> {
  return {
    name: 'postgres',
    backend: (url) => ({ kind: 'postgres', url }),
    wipe: (url) =>
      onDatabase(url, (client) => client.query('TRUNCATE bullmq.job, bullmq.dedup, bullmq.dedup_next CASCADE')),
    crash: null,
    close: async () => undefined,
  };
}

async function onRedis(): Promise<BackendServer> {
  const server = await startRedis();
  return {
    name: 'redis',
    backend: () => ({ kind: 'redis', url: server.url }),
    wipe: () => server.flushAll(),
    async crash({ loses, random }) {
      await server.kill();
      if (loses === 'last writes') await server.truncateAppendFile(0.5 + random.next() / 2);
      if (loses === 'half of its writes') await server.truncateAppendFile(0.5);
      await server.start();
    },
    close: () => server.close(),
  };
}

async function onCluster(): Promise<BackendServer> {
  const cluster = await startRedisCluster();
  const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  return {
    name: 'cluster',
    backend: () => ({ kind: 'redis-cluster', nodes }),
    wipe: () => cluster.flushAll(),
    /** A replica takes over; the dead node comes back as its replica. */
    async crash() {
      const master = await cluster.masterOf();
      await master.kill();
      await cluster.untilHealthy();
      await master.start();
    },
    close: () => cluster.close(),
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

/** Ends every session on the database but the asker's. */
export function terminateSessions(url: string): Promise<void> {
  return onDatabase(url, (client) =>
    client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    ),
  );
}
