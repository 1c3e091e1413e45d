import { describe, expect, it } from 'vitest';
import type { OutboxRow, Store } from '#kit';
import { silentLog } from '../../test/harness/silent-log.ts';
import { createRelay } from './relay.ts';

describe('a relay that is stopped', () => {
  it('while it has more to publish than it can ends after the batch in hand', async () => {
    const row = { id: 'a', kind: 'plain', queue: 'compute', dedupeKey: null, replays: 0, priority: 'normal' };
    const full = Array.from({ length: 100 }, (_, index) => ({ ...row, id: `job-${index}` })) as OutboxRow[];
    let batches = 0;
    const third = Promise.withResolvers<void>();
    const outbox = {
      claimUnpublished: async () => {
        batches += 1;
        if (batches === 3) third.resolve(relay.stop());
        return batches > 50 ? [] : full;
      },
      markPublished: async () => undefined,
      openCount: async () => 0,
    };
    const store = { outbox, transaction: (work: (tx: unknown) => unknown) => work({ outbox }) } as unknown as Store;
    const queue = {
      addBulk: async (jobs: { opts: { jobId: string } }[]) => jobs.map(({ opts }) => ({ id: opts.jobId })),
    };
    const relay = createRelay({
      store,
      queues: { compute: queue } as never,
      jobs: new Map(),
      target: 'nowhere',
      backend: 'postgres',
      clock: { nowMs: () => 0 },
      metrics: { gauge: () => undefined } as never,
      log: silentLog,
      newId: () => 'new',
    });
    relay.start();
    await third.promise;
    expect(batches).toBe(3);
  });
});
