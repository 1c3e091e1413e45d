import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { programOf } from '../packages.ts';
import { pollUntil } from '../poll.ts';
import { freePorts } from '../ports.ts';
import { type RedisServer, startRedis } from './redis.ts';

const run = promisify(execFile);
const MASTERS = 3;
const NODES = 6;

export interface RedisCluster {
  /** Of all nodes, as `REDIS_CLUSTER` takes them: `127.0.0.1:7001,127.0.0.1:7002,…`. */
  addresses: string;
  nodes: readonly RedisServer[];
  /** The node that takes the writes of this key; the queue keeps all of its keys in the slot of `{outturn}`. */
  masterOf(key?: string): Promise<RedisServer>;
  /** The node that follows this master. */
  replicaOf(master: RedisServer): Promise<RedisServer>;
  /** Until the others serve without this master, which may be stopped or dead. */
  untilReplaced(master: RedisServer): Promise<void>;
  /** The living masters. */
  masters(): Promise<RedisServer[]>;
  /** Until every slot is served, every node that lives says so, and every replica follows its master. */
  untilHealthy(): Promise<void>;
  flushAll(): Promise<void>;
  /** Everything that the masters hold, one value a line. */
  dump(): Promise<string>;
  close(): Promise<void>;
}

/** Three masters with a replica each. A dead master is replaced after about 3 s; kill and start are the nodes' own. */
export async function startRedisCluster({
  nodeTimeoutMs = 2_000,
}: {
  nodeTimeoutMs?: number;
} = {}): Promise<RedisCluster> {
  const ports = await freePorts(NODES * 2);
  const started = await Promise.allSettled(
    Array.from({ length: NODES }, (_, index) =>
      startRedis({
        port: ports[index] ?? 0,
        args: [
          ...['--cluster-enabled', 'yes', '--cluster-node-timeout', String(nodeTimeoutMs)],
          // The default, the port + 10,000, may be beyond the last port.
          ...['--cluster-port', String(ports[NODES + index])],
          ...['--cluster-replica-validity-factor', '0', '--repl-diskless-sync-delay', '0'],
        ],
      }),
    ),
  );
  const nodes = started.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const close = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.close()));
  };
  const living = (): RedisServer[] => nodes.filter((node) => !node.process.exited());
  const rows = async (): Promise<string[][]> => {
    const [first] = living();
    if (first === undefined) throw new Error('no node of the cluster lives');
    return (await first.command('CLUSTER', 'NODES')).split('\n').map((line) => line.split(' '));
  };
  const masters = async (): Promise<RedisServer[]> => {
    const taken = (await rows())
      .filter((row) => row[2]?.includes('master') && !/fail|handshake/.test(row[2]) && row.length > 8)
      .map((row) => row[1]?.split('@')[0]);
    return nodes.filter((node) => taken.includes(node.address) && !node.process.exited());
  };
  const untilHealthy = async (): Promise<void> => {
    await pollUntil(
      'every node of the Redis Cluster is well',
      async () => {
        const states = await Promise.all(living().map((node) => stateOf(node)));
        // What one node knows of another comes by gossip, a little later.
        const replicas = states.length - MASTERS;
        return (
          states.every((state) => state.isOk && state.knownReplicas === replicas) &&
          states.filter((state) => state.isMaster).length === MASTERS
        );
      },
      { intervalMs: 100 },
    );
  };
  try {
    for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
    await run(
      programOf('redis', 'redis-cli'),
      ['--cluster', 'create', ...nodes.map((node) => node.address), '--cluster-replicas', '1', '--cluster-yes'],
      { timeout: 60_000 },
    );
    await untilHealthy();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    addresses: nodes.map((node) => node.address).join(','),
    nodes,
    async masterOf(key = '{outturn}') {
      const [first] = living();
      const slot = Number(await first?.command('CLUSTER', 'KEYSLOT', key));
      const serves = (range: string): boolean => {
        const [from, to = from] = range.split('-').map(Number);
        return from !== undefined && to !== undefined && slot >= from && slot <= to;
      };
      const row = (await rows()).find((each) => !each[2]?.includes('fail') && each.slice(8).some(serves));
      const master = nodes.find((node) => node.address === row?.[1]?.split('@')[0]);
      if (master === undefined) throw new Error(`no master serves slot ${slot}`);
      return master;
    },
    async replicaOf(master) {
      for (const node of living())
        if ((await node.command('INFO', 'replication')).includes(`master_port:${master.port}`)) return node;
      throw new Error(`no node follows ${master.address}`);
    },
    untilReplaced: async (master) => {
      const others = living().filter((node) => node !== master);
      await pollUntil(`the Redis Cluster serves without ${master.address}`, async () => {
        const states = await Promise.all(others.map((node) => stateOf(node)));
        const nodes = await Promise.all(others.map((node) => node.command('CLUSTER', 'NODES')));
        const isGone = nodes.every((text) =>
          text.split('\n').some((row) => row.includes(master.address) && /fail /.test(row)),
        );
        return (
          isGone && states.every((state) => state.isOk) && states.filter((state) => state.isMaster).length === MASTERS
        );
      });
    },
    masters,
    untilHealthy,
    flushAll: async () => {
      await Promise.all((await masters()).map((node) => node.flushAll()));
    },
    dump: async () => (await Promise.all((await masters()).map(dumpRedis))).join('\n'),
    close,
  };
}

async function stateOf(node: RedisServer): Promise<{ isOk: boolean; isMaster: boolean; knownReplicas: number }> {
  const [cluster, nodes, replication] = await Promise.all([
    node.command('CLUSTER', 'INFO'),
    node.command('CLUSTER', 'NODES'),
    node.command('INFO', 'replication'),
  ]);
  const isMaster = replication.includes('role:master');
  return {
    isMaster,
    knownReplicas: nodes.split('\n').filter((row) => /slave/.test(row) && !/slave,fail|handshake/.test(row)).length,
    isOk: cluster.includes('cluster_state:ok') && (isMaster || replication.includes('master_link_status:up')),
  };
}

/** Every key of a server with its value, as text; for searches. */
export async function dumpRedis(node: Pick<RedisServer, 'command'>): Promise<string> {
  const reader: Record<string, (key: string) => string[]> = {
    hash: (key) => ['HGETALL', key],
    string: (key) => ['GET', key],
    list: (key) => ['LRANGE', key, '0', '-1'],
    zset: (key) => ['ZRANGE', key, '0', '-1'],
    set: (key) => ['SMEMBERS', key],
    stream: (key) => ['XRANGE', key, '-', '+'],
  };
  const keys = (await node.command('KEYS', '*')).split('\n').filter((key) => key !== '');
  const texts: string[] = [];
  for (const key of keys) {
    const read = reader[await node.command('TYPE', key)];
    texts.push(key, read === undefined ? '' : await node.command(...read(key)));
  }
  return texts.join('\n');
}
