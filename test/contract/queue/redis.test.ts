import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type RedisServer, startRedis } from '../../harness/servers/redis.ts';
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

queueContract({
  name: 'redis',
  backend: () => ({ kind: 'redis', url: redis.url }),
  wipe: async () => {
    await client.flushall();
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
});
