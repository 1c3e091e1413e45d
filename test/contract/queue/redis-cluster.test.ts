import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startRedis } from '../../harness/servers/redis.ts';
import { type RedisCluster, startRedisCluster } from '../../harness/servers/redis-cluster.ts';
import { leavesNoConnection, losesNothingInFailover } from './failover.ts';
import { type BackendSettings, openWorld, type QueueServer } from './fixture.ts';
import { queueContract } from './suite.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
});
beforeEach(async () => {
  await cluster.flushAll();
});
afterAll(() => cluster.close());

const address = (port: number) => ({ host: '127.0.0.1', port });
const server: QueueServer = {
  name: 'redis',
  backend: () => ({ kind: 'redis-cluster', nodes: cluster.nodes.map(({ port }) => address(port)) }),
  wipe: () => cluster.flushAll(),
  interrupt: async () => {
    const masters = await cluster.masters();
    await Promise.all(masters.map((node) => node.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')));
  },
  dump: () => cluster.dump(),
};
const serverAt = (backend: () => BackendSettings): QueueServer => ({ ...server, backend });

describe('on a Redis Cluster', () => {
  queueContract(server);
});

describe('a Redis Cluster', () => {
  it('is named with the number of its nodes, found by any one of them', async () => {
    const [, , , , , last] = cluster.nodes;
    const world = await openWorld(
      serverAt(() => ({ kind: 'redis-cluster', nodes: [address(1), address(last?.port ?? 0)] })),
      async () => null,
    );
    try {
      expect(await (await world.runtime()).health()).toMatchObject({
        backend: 'redis',
        label: 'Redis Cluster (6 nodes)',
        warnings: [],
      });
    } finally {
      await world.close();
    }
    await leavesNoConnection(cluster.nodes);
  });

  it('keeps all of the queue on one master, as its scripts need it', async () => {
    const world = await openWorld(server, async () => null);
    try {
      const runtime = await world.runtime();
      await world.enqueue('plain', { name: 'one' });
      await world.enqueue('other-queue', { name: 'two' });
      await runtime.idle({ timeoutMs: 30_000 });
      const owner = await cluster.masterOf();
      const sizes = await Promise.all(
        (await cluster.masters()).map(async (node) => [node.port, Number(await node.command('DBSIZE'))] as const),
      );
      for (const [port, size] of sizes) expect(size > 0).toBe(port === owner.port);
    } finally {
      await world.close();
    }
  });

  it('is refused when one of its masters evicts keys, naming that master', async () => {
    const [, second] = await cluster.masters();
    await second?.command('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    const world = await openWorld(server, async () => null);
    try {
      await expect(world.runtime()).rejects.toMatchObject({
        code: 'queue/unavailable',
        message: expect.stringMatching(new RegExp(`${second?.address}.*volatile-lru`)),
        hint: expect.stringContaining('each node'),
      });
    } finally {
      await second?.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await world.close();
    }
  });

  it('of which a master keeps no append-only file is taken with a warning that names it', async () => {
    const [, , third] = await cluster.masters();
    await third?.command('CONFIG', 'SET', 'appendonly', 'no');
    const world = await openWorld(server, async () => null);
    try {
      const { warnings } = await (await world.runtime()).health();
      expect(warnings).toEqual([expect.stringMatching(new RegExp(`${third?.address} keeps no append-only file`))]);
      expect(world.lines.join('')).toContain('keeps no append-only file');
    } finally {
      await third?.command('CONFIG', 'SET', 'appendonly', 'yes');
      await world.close();
    }
  });

  it('and one Redis are not taken for each other', async () => {
    const single = await startRedis();
    const refused = async (backend: BackendSettings, message: string, hint: string): Promise<void> => {
      const world = await openWorld(
        serverAt(() => backend),
        async () => null,
      );
      try {
        await expect(world.runtime()).rejects.toMatchObject({
          code: 'queue/unavailable',
          message: expect.stringContaining(message),
          hint: expect.stringContaining(hint),
        });
      } finally {
        await world.close();
      }
    };
    try {
      const [node] = cluster.nodes;
      await refused({ kind: 'redis', url: node?.url ?? '' }, 'is a node of a Redis Cluster', 'REDIS_CLUSTER');
      await refused({ kind: 'redis-cluster', nodes: [address(single.port)] }, 'is not part of', single.url);
    } finally {
      await single.close();
    }
  });

  it('whose master is relieved while it lives (a planned failover) loses nothing either', async () => {
    const master = await cluster.masterOf();
    const successor = await cluster.replicaOf(master);
    await losesNothingInFailover(server, async () => {
      await successor.command('CLUSTER', 'FAILOVER');
      await cluster.untilHealthy();
    });
    expect((await cluster.masterOf()).port).toBe(successor.port);
  });

  it('whose master falls silent without hanging up is left for the new one', async () => {
    const master = await cluster.masterOf();
    try {
      await losesNothingInFailover(server, async () => {
        process.kill(master.process.pid, 'SIGSTOP');
        await cluster.untilReplaced(master);
      });
    } finally {
      process.kill(master.process.pid, 'SIGCONT');
    }
    await cluster.untilHealthy();
  });

  // The last: a node is another's replica afterwards.
  it('whose master dies in the midst of work loses nothing and doubles nothing', async () => {
    const master = await cluster.masterOf();
    await losesNothingInFailover(server, () => master.kill());
    await leavesNoConnection(cluster.nodes);
    await master.start();
    await cluster.untilHealthy();
    expect((await cluster.masterOf()).port).not.toBe(master.port);
  });
});
