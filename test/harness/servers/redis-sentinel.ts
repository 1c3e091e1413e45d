import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programOf } from '../packages.ts';
import { pollUntil } from '../poll.ts';
import { freePorts } from '../ports.ts';
import { type RunningProcess, startProcess } from '../process.ts';
import { temporaryDirectory } from '../temporary.ts';
import { type RedisServer, startRedis } from './redis.ts';

export const SENTINEL_MASTER_NAME = 'queue-master';
const SENTINELS = 3;
const QUORUM = 2;

export interface RedisSentinel {
  /** As `REDIS_SENTINELS` takes them. */
  addresses: string;
  name: string;
  /** Of the two Redis servers. */
  password: string;
  sentinelPassword: string;
  servers: readonly RedisServer[];
  /** The server that takes writes now. */
  master(): Promise<RedisServer>;
  /** Until another server than this one is master. */
  untilFailedOver(from: RedisServer): Promise<RedisServer>;
  close(): Promise<void>;
}

/** One master, one replica and three sentinels, each with a password; a dead master is replaced after about 2 s. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const password = 'data-of-the-queue';
  const sentinelPassword = 'watch-the-queue';
  const directory = await temporaryDirectory('sentinel');
  const servers: RedisServer[] = [];
  const sentinels: RunningProcess[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sentinels.map((sentinel) => sentinel.close()));
    await Promise.all(servers.map((server) => server.close()));
    await directory.remove();
  };
  const ports = await freePorts(SENTINELS + 2);
  const sentinelPorts = ports.slice(0, SENTINELS);
  const roleOf = async (server: RedisServer): Promise<string> =>
    server.process.exited() ? '' : server.command('INFO', 'replication');
  const master = async (): Promise<RedisServer> => {
    for (const server of servers) if ((await roleOf(server)).includes('role:master')) return server;
    throw new Error('no Redis is master');
  };
  try {
    const args = ['--masterauth', password, '--repl-diskless-sync-delay', '0'];
    const first = await startRedis({ port: ports[SENTINELS] ?? 0, password, args });
    servers.push(first);
    servers.push(
      await startRedis({
        port: ports[SENTINELS + 1] ?? 0,
        password,
        args: [...args, '--replicaof', '127.0.0.1', String(first.port)],
      }),
    );
    await pollUntil('the replica follows', async () => (await roleOf(first)).includes('state=online'));
    for (const port of sentinelPorts) {
      // A sentinel writes what it learns into its own file.
      const file = join(directory.path, `sentinel-${port}.conf`);
      const name = SENTINEL_MASTER_NAME;
      await writeFile(
        file,
        [
          `bind 127.0.0.1\nport ${port}\ndir ${directory.path}`,
          `requirepass ${sentinelPassword}\nsentinel sentinel-pass ${sentinelPassword}`,
          `sentinel monitor ${name} 127.0.0.1 ${first.port} ${QUORUM}`,
          `sentinel auth-pass ${name} ${password}`,
          `sentinel down-after-milliseconds ${name} 1000\nsentinel failover-timeout ${name} 5000\n`,
        ].join('\n'),
      );
      sentinels.push(
        await startProcess({
          command: programOf('redis', 'redis-server'),
          args: [file, '--sentinel'],
          ready: (output) => output.includes('+monitor master'),
        }),
      );
    }
    // A sentinel that has not met the others cannot win a vote.
    await pollUntil('the sentinels know each other and the replica', () =>
      sentinels.every(
        (sentinel) =>
          sentinel.output().split('+sentinel sentinel').length === SENTINELS && sentinel.output().includes('+slave '),
      ),
    );
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: sentinelPorts.map((port) => `127.0.0.1:${port}`).join(','),
    name: SENTINEL_MASTER_NAME,
    password,
    sentinelPassword,
    servers,
    master,
    untilFailedOver: (from) =>
      pollUntil('another Redis is master', async () => {
        const now = await master().catch(() => from);
        return now === from ? null : now;
      }),
    close,
  };
}
