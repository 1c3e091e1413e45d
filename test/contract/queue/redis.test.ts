import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pollUntil } from '../../harness/poll.ts';
import { type RedisServer, startRedis } from '../../harness/servers/redis.ts';
import { dumpRedis } from '../../harness/servers/redis-cluster.ts';
import { leavesNoConnection } from './failover.ts';
import { openWorld, type QueueServer } from './fixture.ts';
import { queueContract } from './suite.ts';

let redis: RedisServer;
let client: Redis;
beforeAll(async () => {
  redis = await startRedis();
  client = new Redis(redis.url);
});
beforeEach(async () => {
  await client.flushall();
});
afterAll(async () => {
  client.disconnect();
  await redis.close();
});

const server: QueueServer = {
  name: 'redis',
  backend: () => ({ kind: 'redis', url: redis.url }),
  wipe: async () => {
    await client.flushall();
  },
  interrupt: async () => {
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  },
  dump: () => dumpRedis(redis),
};
queueContract(server);

const serverAt = (url: string): QueueServer => ({ ...server, backend: () => ({ kind: 'redis', url }) });

describe('a Redis server', () => {
  it('needs to give its user no more than the rights that docs/redis.md names', async () => {
    const page = await readFile(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    const rule =
      page
        .match(/^ACL SETUSER outturn (.*)$/m)?.[1]
        ?.replace('PASSWORD', 'open-sesame')
        .split(' ') ?? [];
    await redis.command('ACL', 'SETUSER', 'outturn', ...rule);
    const world = await openWorld(serverAt(redis.url.replace('://', '://outturn:open-sesame@')), async () => null);
    try {
      const runtime = await world.runtime();
      await world.enqueue('plain', { name: 'one' });
      await world.enqueue('keyed', { name: 'two', key: 'k' }, 'high');
      await runtime.idle({ timeoutMs: 30_000 });
      expect(world.names().toSorted()).toEqual(['one', 'two']);
      await runtime.pause();
      expect((await runtime.counts()).compute.paused).toBe(true);
      await runtime.resume();
      await runtime.rebuild();
      expect(world.lines.join('')).not.toContain('NOPERM');
    } finally {
      await world.close();
      await redis.command('ACL', 'DELUSER', 'outturn');
    }
  });

  it('whose user may not even look is refused in words', async () => {
    await redis.command('ACL', 'SETUSER', 'meek', 'on', '>open-sesame', '~*', '+ping');
    const world = await openWorld(serverAt(redis.url.replace('://', '://meek:open-sesame@')), async () => null);
    try {
      await expect(world.runtime()).rejects.toMatchObject({
        code: 'queue/unavailable',
        message: expect.stringContaining('may not do what the queue needs'),
        hint: expect.stringContaining('docs/redis.md'),
      });
    } finally {
      await world.close();
      await redis.command('ACL', 'DELUSER', 'meek');
    }
  });

  it('that is a replica is refused, naming its master', async () => {
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(redis.port)] });
    const world = await openWorld(serverAt(replica.url), async () => null);
    try {
      await expect(world.runtime()).rejects.toMatchObject({
        code: 'queue/unavailable',
        message: expect.stringContaining('is a replica'),
        hint: expect.stringContaining(`127.0.0.1:${redis.port}`),
      });
    } finally {
      await world.close();
      await replica.close();
    }
  });

  it('that was made a replica for a moment is written to again when it is master', async () => {
    const lone = await startRedis();
    const world = await openWorld(serverAt(lone.url), async () => null);
    try {
      const runtime = await world.runtime();
      await lone.command('REPLICAOF', '127.0.0.1', '1');
      const row = await world.enqueue('plain', { name: 'waits' });
      await pollUntil('a write was refused', async () =>
        (await lone.command('INFO', 'errorstats')).includes('errorstat_READONLY'),
      );
      await lone.command('REPLICAOF', 'NO', 'ONE');
      await runtime.idle({ timeoutMs: 60_000 });
      expect((await world.row(row.id)).state).toBe('succeeded');
    } finally {
      await world.close();
      await lone.close();
    }
  });

  it('is left by a runtime that is closed: no connection stays', async () => {
    const lone = await startRedis();
    const world = await openWorld(serverAt(lone.url), async () => null);
    await world.runtime();
    await world.close();
    await leavesNoConnection([lone]);
    await lone.close();
  });

  it('that evicts keys is refused, with what to do', async () => {
    const evicting = await startRedis({ maxmemoryPolicy: 'allkeys-lru' });
    const world = await openWorld(serverAt(evicting.url), async () => null);
    try {
      await expect(world.runtime()).rejects.toMatchObject({
        code: 'queue/unavailable',
        message: expect.stringContaining('allkeys-lru'),
        hint: expect.stringContaining('noeviction'),
      });
    } finally {
      await world.close();
      await evicting.close();
    }
  });

  it('that goes away ends neither the process nor the outbox; who asks is told where it was', async () => {
    const doomed = await startRedis();
    const world = await openWorld(serverAt(doomed.url), async () => null);
    try {
      const runtime = await world.runtime();
      await doomed.close();
      const row = await world.enqueue('plain', { name: 'waits' });
      await pollUntil('the relay says so', () => world.lines.some((line) => line.includes('could not be published')));
      expect((await world.row(row.id)).state).toBe('pending');
      await expect(runtime.health()).rejects.toMatchObject({
        code: 'queue/unavailable',
        message: expect.stringContaining(`127.0.0.1:${doomed.port}`),
      });
    } finally {
      await world.close();
    }
  });
});
