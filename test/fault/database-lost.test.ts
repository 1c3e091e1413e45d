import { afterEach, describe, expect } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor, terminateSessions } from './harness/backends.ts';
import { slowdown } from './harness/load.ts';
import { mixedIntent } from './harness/mix.ts';
import { itSeeded } from './harness/seeded-test.ts';
import { startTcpProxy, type TcpProxy } from './harness/tcp-proxy.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

/** What the design promises, from the loss to the next pick-up, on a machine that has time for it. */
const pickupLimitMs = (): number => 10_000 * slowdown();

describe.each(backendsFor('postgres'))('the database’s connections lost, on %s', (backend) => {
  let world: FaultWorld;
  let proxy: TcpProxy | null = null;
  afterEach(async () => {
    await world.close();
    await proxy?.close();
  });

  /** Asks for one job and waits until it has begun; how long that took by the server's clock. */
  async function pickup(key: string): Promise<number> {
    const sinceMs = Date.now();
    const { id } = await pollUntil('the job is asked for', () => world.enqueue('fault-measure', { key }));
    const [run] = await pollUntil('it begins', async () => {
      const runs = await world.observer.query<{ at: string }>(
        `SELECT (extract(epoch FROM min(at)) * 1000)::text AS at FROM fault.run WHERE job_id = $1 HAVING count(*) > 0`,
        [id],
      );
      return runs.length > 0 ? runs : null;
    });
    return Number(run?.at) - sinceMs;
  }

  itSeeded('all sessions terminated in mid-work: pick-up resumes within 10 s and nothing is lost', async (random) => {
    world = await openFaultWorld(backend);
    await Promise.all([world.start(), world.start()]);
    for (let round = 0; round < 3; round += 1) {
      for (let number = 0; number < 15; number += 1) {
        const { kind, args } = mixedIntent(random, `${round} ${number}`, { longestMs: 600 });
        await pollUntil('it is asked for', () => world.enqueue(kind, args));
      }
      const wanted = random.integer(1, 4);
      await pollUntil('some run', async () => {
        const busy = await world.observer.query(`SELECT FROM fault.run LIMIT ${wanted + round * 10}`);
        return busy.length >= wanted + round * 10;
      });
      await terminateSessions(world.databaseUrl);
      expect(await pickup(`probe ${round}`)).toBeLessThan(pickupLimitMs());
    }
    await world.observer.untilIdle(120_000);
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [], quarantined: 0 });
  });

  itSeeded('a listening connection that is dead without a word: pick-up resumes within 10 s', async () => {
    world = await openFaultWorld(backend);
    proxy = await startTcpProxy(world.databaseUrl);
    await world.start({ databaseUrl: proxy.through(world.databaseUrl) });
    expect(await pickup('before')).toBeLessThan(pickupLimitMs());
    expect(proxy.silence((greeting) => greeting.includes(' listen'))).toBe(1);
    expect(await pickup('while nobody hears')).toBeLessThan(pickupLimitMs());
    await pollUntil('it listens again', () => world.workers[0]?.process.output().includes('no answer to a probe'));
    expect(await pickup('after')).toBeLessThan(pickupLimitMs());
    await world.observer.untilIdle(120_000);
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [] });
  });
});
