import { afterEach, describe, expect, it } from 'vitest';
import { backendsFor } from './harness/backends.ts';
import { startFleet } from './harness/fleet.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

const NEIGHBOURS = 10;
/** Small enough to be exhausted in a moment. */
const nodeOptions = ['--max-old-space-size=96'];

describe.each(backendsFor('redis'))('a job that kills its worker, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  it('is in quarantine after three deaths, by its memory or by its exit, and its neighbours complete', async () => {
    world = await openFaultWorld(backend);
    const deadly = [
      await world.enqueue('fault-killer', { key: 'memory', way: 'memory', ms: 300 }),
      await world.enqueue('fault-killer', { key: 'exit', way: 'exit', ms: 300 }),
    ];
    for (let number = 0; number < NEIGHBOURS; number += 1)
      await world.enqueue('fault-register', { key: `neighbour ${number}`, ms: 500 });
    // Started again when they die, as a service manager does.
    const fleet = await startFleet(world, 2, { nodeOptions });
    await world.observer.untilIdle(120_000);
    await fleet.stop();

    for (const { id } of deadly) {
      expect(await world.store.outbox.get(id)).toMatchObject({ state: 'failed', errorCode: 'queue/quarantined' });
      const ended = (await world.store.runs.list(id)).map(({ outcome }) => outcome);
      expect(ended).toEqual([null, null, null, 'failed']);
    }
    const verdict = await world.observer.verdict();
    expect(verdict).toMatchObject({ lost: [], doubled: [], quarantined: deadly.length });
    const [neighbours] = await world.observer.query<{ done: number }>(
      `SELECT count(*)::int AS done FROM outbox WHERE kind = 'fault-register' AND state = 'succeeded'`,
    );
    expect(neighbours?.done).toBe(NEIGHBOURS);
  });
});
