import { afterEach, describe, expect } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor } from './harness/backends.ts';
import { slowdown } from './harness/load.ts';
import { itSeeded } from './harness/seeded-test.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

const GRACE_MS = 4_000;
const SHORT_JOBS = 12;

describe.each(backendsFor('redis'))('SIGTERM in mid-batch, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  itSeeded(
    'what fits into the grace ends there, the rest goes on at once elsewhere, and no acknowledgement is lost',
    async (random) => {
      world = await openFaultWorld(backend);
      const long = await world.enqueue('fault-register', { key: 'long', ms: 8_000 });
      const stopping = await world.start({ graceMs: GRACE_MS });
      await pollUntil('the long one runs', async () => (await world.store.outbox.get(long.id))?.state === 'running');
      for (let number = 0; number < SHORT_JOBS; number += 1)
        await world.enqueue('fault-measure', {
          key: `short ${number}`,
          ms: random.integer(100, 1_500),
          follow: random.chance(0.5),
        });
      await pollUntil('some run', async () => {
        const running = await world.observer.query(
          `SELECT FROM outbox WHERE kind = 'fault-measure' AND state = 'running'`,
        );
        return running.length > 0;
      });
      stopping.signal('SIGTERM');
      const other = await world.start();
      await pollUntil('the stopped one is gone', () => stopping.process.exited());
      await world.observer.untilIdle(120_000);

      const verdict = await world.observer.verdict();
      expect(verdict).toMatchObject({ lost: [], doubled: [], quarantined: 0, recoveries: [] });
      // Each began once, but for the one that was given back.
      expect(verdict.runs).toBe(verdict.jobs + 1);
      const runs = await world.store.runs.list(long.id);
      expect(runs).toMatchObject([
        { instance: stopping.instance, outcome: 'released' },
        { instance: other.instance, outcome: 'succeeded' },
      ]);
      const [first, second] = runs;
      expect((second?.startedAtMs ?? 0) - (first?.endedAtMs ?? 0), 'given back at once').toBeLessThan(
        5_000 * slowdown(),
      );
      expect(await world.observer.query('SELECT FROM job_run WHERE ended_at IS NULL')).toEqual([]);
    },
  );
});
