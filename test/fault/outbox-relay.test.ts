import { afterEach, describe, expect } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor } from './harness/backends.ts';
import { itSeeded } from './harness/seeded-test.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

describe.each(backendsFor('redis'))('between the outbox and the queue, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  itSeeded(
    'a rollback leaves no orphan, and a relay killed after publication neither loses nor doubles',
    async (random) => {
      world = await openFaultWorld(backend);
      const relay = await world.start({
        workers: false,
        failpoint: { point: 'published', at: random.integer(1, 3), action: 'kill' },
      });
      const worker = await world.start({ relay: false });
      let asked = 0;
      let undone = 0;
      // Each transaction wakes the relay, which dies at one of its publications; the worker runs what it finds meanwhile.
      for (let number = 0; number < 40 || !relay.process.exited(); number += 1) {
        const isUndone = random.chance(0.3);
        const keys = [`${number} a`, `${number} b`];
        await world.store
          .transaction(async (tx) => {
            for (const key of keys) {
              const kind = random.pick(['fault-measure', 'fault-keyed']);
              const args = { key, ...(kind === 'fault-keyed' ? { group: key } : {}) };
              await tx.outbox.enqueue({ kind, args, cause: 'fault' });
            }
            if (isUndone) throw new Error('rolled back');
          })
          .catch(() => undefined);
        if (isUndone) undone += keys.length;
        else asked += keys.length;
        if (number > 2)
          await pollUntil('the relay had its turn', async () => {
            const [open] = await world.observer.query<{ pending: number }>(
              `SELECT count(*)::int AS pending FROM outbox WHERE state = 'pending'`,
            );
            return relay.process.exited() || open?.pending === 0;
          });
      }
      await world.start({ workers: false });
      await world.observer.untilIdle(120_000);

      const verdict = await world.observer.verdict();
      expect(verdict).toMatchObject({ jobs: asked, runs: asked, lost: [], doubled: [], quarantined: 0 });
      expect(undone).toBeGreaterThan(0);
      // An orphan in the queue would be dropped with these words.
      expect(worker.process.output()).not.toContain('has no intent');
    },
  );
});
