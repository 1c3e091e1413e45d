import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RedisSentinel, startRedisSentinel } from '../../harness/servers/redis-sentinel.ts';
import { leavesNoConnection, losesNothingInFailover } from './failover.ts';
import { type BackendSettings, openWorld, type QueueServer } from './fixture.ts';

type SentinelSettings = Extract<BackendSettings, { kind: 'redis-sentinel' }>;

let watched: RedisSentinel;
beforeAll(async () => {
  watched = await startRedisSentinel();
});
afterAll(() => watched.close());

const settings = (changes: Partial<SentinelSettings> = {}): SentinelSettings => ({
  kind: 'redis-sentinel',
  sentinels: watched.addresses.split(',').map((each) => ({ host: '127.0.0.1', port: Number(each.split(':')[1]) })),
  name: watched.name,
  password: watched.password,
  sentinelPassword: watched.sentinelPassword,
  ...changes,
});
const serverAt = (changes: Partial<SentinelSettings> = {}): QueueServer => ({
  name: 'redis',
  backend: () => settings(changes),
  wipe: async () => undefined,
  interrupt: async () => undefined,
  dump: async () => '',
});

describe('a Redis behind sentinels', () => {
  it('is found by any sentinel that answers, and named with their number', async () => {
    const [, last] = settings().sentinels;
    const world = await openWorld(
      serverAt({ sentinels: [{ host: '127.0.0.1', port: 1 }, last ?? { host: '', port: 0 }] }),
      async () => null,
    );
    try {
      const runtime = await world.runtime();
      expect(await runtime.health()).toMatchObject({
        backend: 'redis',
        label: expect.stringMatching(/^Redis \d+\.\d+\.\d+ with 3 sentinels$/),
        warnings: [],
      });
      await world.enqueue('plain', { name: 'found' });
      await runtime.idle({ timeoutMs: 30_000 });
      expect(world.names()).toEqual(['found']);
    } finally {
      await world.close();
    }
    await leavesNoConnection([await watched.master()]);
  });

  it.each([
    ['another name', { name: 'queue-mater' }, 'watches no master named "queue-mater"', 'did you mean queue-master'],
    ['a wrong password of Redis', { password: 'wrong' }, 'refused the user or the password', 'REDIS_PASSWORD'],
    ['no password of the sentinels', { sentinelPassword: undefined }, 'refused', 'REDIS_SENTINEL_PASSWORD'],
    ['no sentinel', { sentinels: [{ host: '127.0.0.1', port: 1 }] }, 'No sentinel at 127.0.0.1:1', 'REDIS_SENTINELS'],
  ])('under %s is refused in words', async (_what, changes, message, hint) => {
    const world = await openWorld(serverAt(changes), async () => null);
    try {
      const refusal = world.runtime();
      await expect(refusal).rejects.toMatchObject({
        code: 'queue/unavailable',
        message: expect.stringContaining(message),
        hint: expect.stringContaining(hint),
      });
      await expect(refusal).rejects.not.toThrow(/data-of-the-queue|watch-the-queue/);
    } finally {
      await world.close();
    }
  });

  // The last: it ends with one server of the two.
  it('whose master dies in the midst of work loses nothing and doubles nothing; who starts then waits for the new one', async () => {
    const master = await watched.master();
    await losesNothingInFailover(serverAt(), () => master.kill());
    expect((await watched.untilFailedOver(master)).port).not.toBe(master.port);
    const world = await openWorld(serverAt(), async () => null);
    try {
      const { warnings } = await (await world.runtime()).health();
      // The sentinels still count the dead one as its replica.
      expect(warnings).toEqual([]);
    } finally {
      await world.close();
    }
  });
});
