import { afterEach, describe, expect, it } from 'vitest';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor } from './harness/backends.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

const AHEAD_MS = 60_000;
/** Several checks for lost locks long. */
const JOB_MS = 9_000;

describe.each(backendsFor('postgres'))('a worker whose clock is a minute ahead, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  it('takes no living job from another, wherever the jump comes from', async () => {
    world = await openFaultWorld(backend);
    const right = await world.start();
    const rows = [];
    for (const key of ['one', 'two', 'three']) rows.push(await world.enqueue('fault-register', { key, ms: JOB_MS }));
    await pollUntil('all of them run', async () => {
      const running = await world.observer.query(`SELECT FROM outbox WHERE state = 'running'`);
      return running.length === rows.length;
    });

    const jumping = await world.start({ clockStepMs: AHEAD_MS });
    jumping.signal('SIGUSR2');
    const refused = await world.start({ clockStepMs: AHEAD_MS, clockStepsAtStart: true }).then(
      () => null,
      (error: Error) => error.message,
    );
    // Redis counts the locks' time itself; there the worker may work.
    if (backend === 'postgres') expect(refused).toMatch(/clock differs .* by -?60\.\d s/);
    await world.observer.untilIdle(120_000);

    for (const { id } of rows)
      expect((await world.store.runs.list(id)).map(({ instance, outcome }) => ({ instance, outcome }))).toEqual([
        { instance: right.instance, outcome: 'succeeded' },
      ]);
    expect(jumping.process.output()).toContain('clock stepped');
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [] });
  });
});
