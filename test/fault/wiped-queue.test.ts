import { afterEach, describe, expect } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import type { BackendName } from './harness/backends.ts';
import { mixedIntent } from './harness/mix.ts';
import type { SeededRandom } from './harness/seed.ts';
import { itSeeded } from './harness/seeded-test.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

const JOBS = 80;
const backends: readonly BackendName[] = ['redis'];

describe.each(backends)('a queue that forgets, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  async function enqueue(random: SeededRandom, name: string): Promise<void> {
    for (let number = 0; number < JOBS; number += 1) {
      const { kind, args } = mixedIntent(random, `${name}${number}`, { longestMs: 1_500 });
      await world.enqueue(kind, args);
    }
  }

  /** A fleet in the middle of its work. */
  async function working(random: SeededRandom): Promise<void> {
    world = await openFaultWorld(backend);
    await enqueue(random, 'w');
    await Promise.all([world.start(), world.start()]);
    const wanted = random.integer(5, 30);
    await pollUntil('some have ended', async () => {
      const [row] = await world.observer.query<{ ended: number }>(
        `SELECT count(*)::int AS ended FROM outbox WHERE acknowledged_at IS NOT NULL`,
      );
      return (row?.ended ?? 0) >= wanted;
    });
  }

  itSeeded('is filled again by itself after FLUSHALL', async (random) => {
    await working(random);
    await world.server.wipe(world.databaseUrl);
    await world.observer.untilIdle(120_000);
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [] });
  });

  itSeeded('is filled again when it was restarted without its last writes', async (random) => {
    await working(random);
    // Jobs that are new to the queue, so that its last writes are such as nobody else knows of.
    await enqueue(random, 'late');
    await pollUntil('all are in the queue', async () => {
      const [row] = await world.observer.query<{ pending: number }>(
        `SELECT count(*)::int AS pending FROM outbox WHERE state = 'pending' AND not_before IS NULL`,
      );
      return row?.pending === 0;
    });
    await world.server.crash?.({ loses: 'half of its writes', random });
    await world.observer.untilIdle(120_000);
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [] });
  });
});
