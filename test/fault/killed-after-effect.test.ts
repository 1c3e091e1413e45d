import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor } from './harness/backends.ts';
import { objectKeyOf } from './harness/jobs.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

describe.each(backendsFor('postgres'))(
  'a worker killed between an effect and its acknowledgement, on %s',
  (backend) => {
    let world: FaultWorld;
    afterEach(() => world.close());

    it('leaves one measurement, one further job, one object and one message for each key', async () => {
      world = await openFaultWorld(backend);
      // Each has its own queue, so that it meets the job that it is to die with.
      const doomed = await Promise.all([
        world.start({ concurrency: { pull: 1 }, failpoint: { point: 'measured', at: 1, action: 'kill' } }),
        world.start({ concurrency: { report: 1 }, failpoint: { point: 'put', at: 1, action: 'kill' } }),
        world.start({ concurrency: { delivery: 1 }, failpoint: { point: 'sent', at: 1, action: 'kill' } }),
      ]);
      await world.enqueue('fault-announce', { key: 'a' });
      await pollUntil('the message is announced', async () => (await world.store.deliveries.list(1)).length === 1);
      const measure = await world.enqueue('fault-measure', { key: 'm', follow: true });
      await pollUntil('all three have died', () => doomed.every(({ process }) => process.exited()));
      for (const { instance } of doomed) world.observer.died(instance);
      // The time for which a sender may still live is over.
      await world.observer.query(
        `UPDATE delivery SET updated_at = updated_at - interval '2 minutes' WHERE state = 'sending'`,
      );
      await world.start();
      await world.observer.untilIdle(120_000);

      const verdict = await world.observer.verdict();
      expect(verdict).toMatchObject({ lost: [], doubled: [], quarantined: 0 });
      expect(verdict.recoveries.length).toBe(3);
      const measured = await world.observer.query(
        `SELECT revision FROM series JOIN measurement ON series_id = series.id WHERE stream = 'measure'`,
      );
      expect(measured).toEqual([{ revision: 1 }]);
      const further = await world.observer.query(`SELECT kind FROM outbox WHERE parent_id = $1`, [measure.id]);
      expect(further).toEqual([{ kind: 'fault-object' }]);
      const object = join(world.objectsPath, objectKeyOf('m'));
      expect(await readdir(dirname(object))).toEqual(['m.txt']);
      expect([...world.sink.received]).toEqual([['a', 1]]);
    });
  },
);
