import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect } from 'vitest';
import type { BackendName } from './harness/backends.ts';
import { recoveryLimitMs } from './harness/load.ts';
import { mixedIntent } from './harness/mix.ts';
import { itSeeded } from './harness/seeded-test.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

/** The first of all promises is kept on both in every run. */
const backends: readonly BackendName[] = ['postgres', 'redis'];
/** The soak takes many more; here three deaths among these. */
const JOBS = 250;
const KILLS = 3;

describe.each(backends)('workers killed at random points, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  itSeeded(
    'every job ends exactly once, no effect comes twice, and the dead worker’s jobs run again within 15 s',
    async (random) => {
      world = await openFaultWorld(backend);
      for (let number = 0; number < JOBS; number += 1) {
        const { kind, args } = mixedIntent(random, `k${number}`, { longestMs: 800 });
        await world.enqueue(kind, args);
      }
      await Promise.all([world.start(), world.start()]);
      for (let kill = 0; kill < KILLS; kill += 1) {
        await delay(random.integer(300, 2_500));
        const alive = world.workers.filter((worker) => !worker.process.exited());
        const replacement = world.start();
        await random.pick(alive).kill();
        await replacement;
      }
      await world.observer.untilIdle(150_000);
      const limitMs = recoveryLimitMs();
      const verdict = await world.observer.verdict();
      expect(verdict).toMatchObject({ lost: [], doubled: [] });
      expect(verdict.jobs).toBeGreaterThanOrEqual(JOBS);
      expect(verdict.recoveries.length, 'no kill met a running job').toBeGreaterThan(0);
      expect(verdict.recoveries.filter(({ longestMs }) => longestMs >= limitMs)).toEqual([]);
    },
  );
});
