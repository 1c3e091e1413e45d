import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pollUntil } from '../../harness/poll.ts';
import { type RedisServer, startRedis } from '../../harness/servers/redis.ts';
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
  dump: async () => {
    const texts: string[] = [];
    for (const key of await client.keys('*')) {
      const type = await client.type(key);
      texts.push(key);
      if (type === 'hash') texts.push(JSON.stringify(await client.hgetall(key)));
      else if (type === 'string') texts.push(JSON.stringify(await client.get(key)));
      else if (type === 'list') texts.push(JSON.stringify(await client.lrange(key, 0, -1)));
      else if (type === 'zset') texts.push(JSON.stringify(await client.zrange(key, '0', '-1')));
      else if (type === 'set') texts.push(JSON.stringify(await client.smembers(key)));
      else if (type === 'stream') texts.push(JSON.stringify(await client.xrange(key, '-', '+')));
    }
    return texts.join('\n');
  },
};
queueContract(server);

const serverAt = (url: string): QueueServer => ({ ...server, backend: () => ({ kind: 'redis', url }) });

describe('a Redis server', () => {
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
