import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { begin, type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

const job = (key: string) => ({ kind: 'recompute-roi', args: { key }, cause: 'test' });

describe('a run of a job', () => {
  const commit = (fence: { jobId: string; token: number }, key: string) =>
    fixture.store.transaction((tx) => tx.outbox.enqueue(job(key)), { fence });
  const isStored = async (key: string): Promise<boolean> =>
    (await fixture.store.outbox.list({ limit: 1_000 })).some(({ dedupeKey }) => dedupeKey === key);

  it('commits while it is the newest', async () => {
    const { id } = await fixture.store.outbox.enqueue(job('first'));
    await commit(await begin(fixture.store, id), 'by the newest');
    expect(await isStored('by the newest')).toBe(true);
  });

  it('commits nothing once a later one has begun', async () => {
    const { id } = await fixture.store.outbox.enqueue(job('taken over'));
    const stale = await begin(fixture.store, id);
    const newest = await begin(fixture.store, id);
    await expect(commit(stale, 'by the stale')).rejects.toMatchObject({ code: 'queue/interrupted' });
    expect(await isStored('by the stale')).toBe(false);
    await commit(newest, 'by its successor');
    expect(await isStored('by its successor')).toBe(true);
  });

  it.each(['lost', 'retried', 'released', 'failed', 'cancelled'] as const)(
    'that was given up (%s) commits nothing, though no later one has begun',
    async (outcome) => {
      const { id } = await fixture.store.outbox.enqueue(job(`given up ${outcome}`));
      const fence = await begin(fixture.store, id);
      await fixture.store.runs.end(fence, { outcome });
      await expect(commit(fence, `after ${outcome}`)).rejects.toMatchObject({ code: 'queue/interrupted' });
      expect(await isStored(`after ${outcome}`)).toBe(false);
    },
  );

  it('of a cancelled job commits nothing', async () => {
    const { id } = await fixture.store.outbox.enqueue(job('unwanted'));
    const fence = await begin(fixture.store, id);
    expect(await fixture.store.outbox.cancel(id)).toBe(true);
    await expect(commit(fence, 'after the cancel')).rejects.toMatchObject({ code: 'queue/interrupted' });
  });

  it('is refused at the end of its transaction too, when the later one begins in the midst of it', async () => {
    const { id } = await fixture.store.outbox.enqueue(job('overtaken'));
    const stale = await begin(fixture.store, id);
    const slow = fixture.store.transaction(
      async (tx) => {
        await tx.outbox.enqueue(job('overtaken while at work'));
        await begin(fixture.store, id);
      },
      { fence: stale },
    );
    await expect(slow).rejects.toMatchObject({ code: 'queue/interrupted' });
    expect(await isStored('overtaken while at work')).toBe(false);
  });
});
