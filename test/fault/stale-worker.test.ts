import { afterEach, describe, expect, it } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor } from './harness/backends.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

/** Longer than a lock lives unattended and another worker needs to find that out. */
const BLOCKED_MS = 17_000;

describe.each(backendsFor('redis'))('a worker that stood still past its lock, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  const startedBy = (id: string, instance: string): Promise<unknown> =>
    pollUntil(`${instance} runs ${id}`, async () => {
      const runs = await world.observer.query(`SELECT FROM job_run WHERE job_id = $1 AND instance = $2`, [
        id,
        instance,
      ]);
      return runs.length > 0;
    });

  it('cannot commit any more: its successor’s result stands, whether it was frozen or its event loop was blocked', async () => {
    world = await openFaultWorld(backend);
    const frozen = await world.start({ concurrency: 1 });
    const inFrozen = await world.enqueue('fault-register', { key: 'frozen', ms: 1_500 });
    await startedBy(inFrozen.id, frozen.instance);
    frozen.signal('SIGSTOP');
    const blocked = await world.start({ concurrency: 1 });
    const inBlocked = await world.enqueue('fault-register', { key: 'blocked', ms: 100, blockMs: BLOCKED_MS });
    await startedBy(inBlocked.id, blocked.instance);

    const successor = await world.start();
    await world.observer.untilIdle(120_000);
    frozen.signal('SIGCONT');
    const stale = [frozen.instance, blocked.instance];
    await pollUntil('both have tried to commit and were refused', async () => {
      const ended = await world.observer.query(
        `SELECT FROM job_run WHERE instance = ANY($1) AND outcome = 'lost' AND token = 1`,
        [stale],
      );
      return ended.length === 2;
    });

    for (const { id, args } of [inFrozen, inBlocked]) {
      const { key } = args as { key: string };
      const last = (await world.store.runs.list(id)).at(-1);
      expect(last).toMatchObject({ instance: successor.instance, outcome: 'succeeded' });
      expect((await world.store.outbox.get(id))?.result).toEqual({ registered: last?.token });
      const written = await world.observer.query(
        `SELECT value AS token FROM series JOIN measurement ON series_id = series.id WHERE labels ->> 'key' = $1`,
        [key],
      );
      expect(written).toEqual([{ token: last?.token }]);
    }
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [] });
  });
});
