import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { silentLog } from '../harness/database.ts';
import { pollUntil } from '../harness/poll.ts';
import { backendsFor } from './harness/backends.ts';
import { faultJobs } from './harness/jobs.ts';
import { type FaultWorld, openFaultWorld } from './harness/world.ts';

describe.each(backendsFor('postgres'))('old and new workers side by side, on %s', (backend) => {
  let world: FaultWorld;
  afterEach(() => world.close());

  it('leave a newer payload to the newer worker and upgrade an older one: none is dead for its schema', async () => {
    world = await openFaultWorld(backend);
    const older = await openStore({
      url: world.databaseUrl,
      resolver: createIntentResolver(faultJobs({ version: 1 })),
      clock: { nowMs: () => Date.now() },
      newId: randomUUID,
      log: silentLog,
      applicationName: 'fault test, older release',
    });
    const old = await world.start({ version: 1 });
    const newer = await world.enqueue('fault-versioned', { key: 'new', place: 'Bonn' });
    await pollUntil('the old worker has seen what it does not know', () =>
      old.process.output().includes('put back for a newer worker'),
    );
    const byOld = await older.outbox.enqueue({ kind: 'fault-versioned', args: { key: 'old' }, cause: 'fault' });
    await pollUntil('the old worker goes on with what it knows', async () => {
      const row = await world.store.outbox.get(byOld.id);
      return row?.state === 'succeeded';
    });
    // The roll: the new one is there before the old one goes.
    await world.start();
    const inOldForm = await older.outbox.enqueue({
      kind: 'fault-versioned',
      args: { key: 'late' },
      cause: 'fault',
      notBeforeMs: Date.now() + 500,
    });
    old.signal('SIGTERM');
    await world.observer.untilIdle(120_000);
    await older.close();

    expect((await world.store.outbox.get(newer.id))?.result).toEqual({ key: 'new', place: 'Bonn', by: 2 });
    expect((await world.store.outbox.get(byOld.id))?.result).toEqual({ key: 'old', by: 1 });
    const late = (await world.store.outbox.get(inOldForm.id))?.result;
    expect([
      { key: 'late', by: 1 },
      { key: 'late', place: 'unnamed', by: 2 },
    ]).toContainEqual(late);
    expect(await world.observer.query('SELECT FROM dead_letter')).toEqual([]);
    expect(await world.observer.verdict()).toMatchObject({ lost: [], doubled: [] });
  });
});
