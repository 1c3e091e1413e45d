import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutboxRow, Store } from '#kit';
import { pollUntil } from '../../harness/poll.ts';
import { begin, dayMs, type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
beforeEach(async () => {
  await sqlOn('DELETE FROM outbox');
});
afterAll(() => fixture.close());

async function sqlOn(statement: string): Promise<void> {
  const client = new Client({ connectionString: fixture.database.url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

const intent = (key: string, cause = 'test') => ({ kind: 'recompute-roi', args: { key }, cause });
const publish = (store: Store, limit = 100): Promise<OutboxRow[]> =>
  store.transaction(async (repositories) => {
    const rows = await repositories.outbox.claimUnpublished(limit);
    await repositories.outbox.markPublished(rows.map((row) => row.id));
    return rows;
  });

describe('outbox', () => {
  it('writes an intent with what the job registry says of it', async () => {
    const row = await fixture.store.outbox.enqueue({ ...intent('shop', 'schedule nightly'), parentId: 'job-0' });
    expect(row).toMatchObject({
      kind: 'recompute-roi',
      version: 1,
      queue: 'compute',
      args: { key: 'shop' },
      dedupeKey: 'shop',
      cause: 'schedule nightly',
      parentId: 'job-0',
      state: 'pending',
      attempts: 0,
      progress: null,
      result: null,
      createdAtMs: fixture.clock.nowMs(),
      publishedAtMs: null,
    });
    expect(await fixture.store.outbox.get(row.id)).toEqual(row);
    expect(await fixture.store.outbox.get('no such job')).toBeNull();
  });

  it('leaves no intent of a transaction that was rolled back, and passes the error on unchanged', async () => {
    const failure = new Error('the ingest failed');
    await expect(
      fixture.store.transaction(async (repositories) => {
        await repositories.outbox.enqueue(intent('lost'));
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await fixture.store.outbox.openCount()).toBe(0);
  });

  it('never gives one intent to two relays that claim at the same time', async () => {
    const other = await fixture.another();
    for (let n = 0; n < 30; n += 1) await fixture.store.outbox.enqueue(intent(`${n}`));
    let otherRows: OutboxRow[] = [];
    const rows = await fixture.store.transaction(async (repositories) => {
      const claimed = await repositories.outbox.claimUnpublished(10);
      // While these are held, another relay gets others, without waiting.
      otherRows = await publish(other, 10);
      await repositories.outbox.markPublished(claimed.map((row) => row.id));
      return claimed;
    });
    const rest = await publish(other);
    const all = [...rows, ...otherRows, ...rest].map((row) => row.id);
    expect([rows.length, otherRows.length, rest.length]).toEqual([10, 10, 10]);
    expect(new Set(all).size).toBe(30);
    expect(rows.map((row) => (row.args as { key: string }).key)).toEqual(Array.from({ length: 10 }, (_, n) => `${n}`));
  });

  it('gives a claimed intent back when the relay dies before its commit', async () => {
    await fixture.store.outbox.enqueue(intent('shop'));
    await expect(
      fixture.store.transaction(async (repositories) => {
        await repositories.outbox.markPublished((await repositories.outbox.claimUnpublished(1)).map((row) => row.id));
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect(await publish(fixture.store)).toHaveLength(1);
  });

  it('claims only within a transaction: outside one the lock would be gone at once', async () => {
    await expect(fixture.store.outbox.claimUnpublished(1)).rejects.toThrow('only within a transaction');
    await expect(fixture.store.lock('a')).rejects.toThrow('only within a transaction');
  });

  it('holds an intent back until its time', async () => {
    const { store, clock } = fixture;
    await store.outbox.enqueue({ ...intent('later'), notBeforeMs: clock.nowMs() + dayMs });
    expect(await publish(store)).toHaveLength(0);
    clock.advance(dayMs);
    expect(await publish(store)).toHaveLength(1);
  });

  it('follows a job to its end, and a second run changes nothing of a success', async () => {
    const { outbox } = fixture.store;
    const { id } = await outbox.enqueue(intent('shop'));
    await publish(fixture.store);
    const first = await begin(fixture.store, id);
    await outbox.progress(id, 3, 10);
    expect(await outbox.get(id)).toMatchObject({ state: 'running', attempts: 1, progress: { done: 3, total: 10 } });
    expect(await outbox.failed(first, { code: 'source/timeout', message: 'slow\0', final: false })).toBe(true);
    expect(await outbox.get(id)).toMatchObject({
      state: 'published',
      errorCode: 'source/timeout',
      acknowledgedAtMs: null,
    });
    expect(await outbox.openCount()).toBe(1);
    const second = await begin(fixture.store, id, 2);
    expect(await outbox.succeeded(first, { snapshot: 'of a run that was superseded' })).toBe(false);
    expect(await outbox.succeeded(second, { snapshot: 's-1' })).toBe(true);
    expect(await outbox.started(id, { attempt: 3, instance: 'test:1' })).toBeNull();
    expect(await outbox.failed(second, { code: 'internal', message: 'late', final: true })).toBe(false);
    expect(await outbox.get(id)).toMatchObject({
      state: 'succeeded',
      attempts: 2,
      result: { snapshot: 's-1' },
      errorCode: null,
    });
    expect(await outbox.openCount()).toBe(0);
  });

  it('publishes unacknowledged intents again after the queue was lost, and only those', async () => {
    const { outbox } = fixture.store;
    const ids: string[] = [];
    for (const key of ['a', 'b', 'c']) ids.push((await outbox.enqueue(intent(key))).id);
    await publish(fixture.store);
    await begin(fixture.store, ids[0] ?? '');
    await outbox.succeeded(await begin(fixture.store, ids[2] ?? ''), null);
    expect(await outbox.resetUnacknowledged()).toBe(2);
    expect((await publish(fixture.store)).map((row) => row.id)).toEqual(ids.slice(0, 2));
    expect(await outbox.unpublish([ids[1] ?? '', ids[2] ?? ''])).toBe(1);
    expect((await publish(fixture.store)).map((row) => row.id)).toEqual([ids[1]]);
  });

  it('collapses intents of the same key that wait, never one that runs or is of another key', async () => {
    const { outbox } = fixture.store;
    const make = async (key: string) => (await outbox.enqueue(intent(key))).id;
    const [first, second, running, other] = [
      await make('shop'),
      await make('shop'),
      await make('shop'),
      await make('b'),
    ];
    await publish(fixture.store);
    const fence = await begin(fixture.store, first);
    await outbox.unpublish([first]);
    await publish(fixture.store);
    await begin(fixture.store, running);
    expect(await outbox.waiting('recompute-roi', 'shop')).toEqual([first, second]);
    expect(await outbox.collapse(running, [first, second, running, other].slice(0, 3))).toBe(2);
    expect(await outbox.get(first)).toMatchObject({ state: 'collapsed', result: { collapsedInto: running } });
    expect((await outbox.get(other))?.state).toBe('published');
    expect(await outbox.succeeded(fence, 'ran all the same')).toBe(false);
    expect((await outbox.get(first))?.state).toBe('collapsed');
  });

  it('does not count an intent whose time is to come among those that a run of today covers', async () => {
    const { store, clock } = fixture;
    const now = await store.outbox.enqueue(intent('shop'));
    const later = await store.outbox.enqueue({ ...intent('shop'), notBeforeMs: clock.nowMs() + dayMs });
    expect(await store.outbox.waiting('recompute-roi', 'shop')).toEqual([now.id]);
    clock.advance(dayMs);
    expect(await store.outbox.waiting('recompute-roi', 'shop')).toEqual([now.id, later.id]);
  });

  it('cancels what has not ended, once', async () => {
    const { outbox } = fixture.store;
    const { id } = await outbox.enqueue(intent('shop'));
    expect(await outbox.cancel(id)).toBe(true);
    expect(await outbox.cancel(id)).toBe(false);
    expect(await outbox.cancel('no such job')).toBe(false);
    expect(await publish(fixture.store)).toHaveLength(0);
    expect((await outbox.list({ state: 'cancelled', limit: 5 })).map((row) => row.id)).toEqual([id]);
    expect(await outbox.list({ state: 'pending', kind: 'recompute-roi', limit: 5 })).toEqual([]);
  });

  it('takes back a failure, and nothing else, so that the job begins anew', async () => {
    const { store } = fixture;
    const failed = await store.outbox.enqueue(intent('failing'));
    const done = await store.outbox.enqueue(intent('done'));
    await publish(store);
    await begin(store, failed.id);
    const last = await begin(store, failed.id, 2);
    expect(await store.runs.crashes(failed.id)).toBe(2);
    await store.outbox.progress(failed.id, 1, 2);
    await store.outbox.failed(last, { code: 'source/forbidden', message: 'no', final: true });
    await store.runs.end(last, { outcome: 'failed' });
    await store.outbox.succeeded(await begin(store, done.id), null);
    expect(await store.outbox.started(failed.id, { attempt: 3, instance: 'test:1' })).toBeNull();
    expect(await store.outbox.replay(failed.id)).toBe(true);
    expect(await store.outbox.get(failed.id)).toEqual({ ...failed, replays: 1 });
    expect(await store.runs.crashes(failed.id)).toBe(0);
    expect(await store.outbox.failed(last, { code: 'internal', message: 'late', final: true })).toBe(false);
    for (const id of [failed.id, done.id, 'no such job']) expect(await store.outbox.replay(id)).toBe(false);
    expect((await publish(store)).map((row) => row.id)).toEqual([failed.id]);
    expect(await store.outbox.started(failed.id, { attempt: 1, instance: 'test:1' })).toMatchObject({ crashes: 0 });
    expect(await store.runs.list(failed.id)).toHaveLength(3);
  });

  it('goes through what the queue should hold page by page, and tells what has ended', async () => {
    const { store, clock } = fixture;
    const ids: string[] = [];
    for (const key of ['a', 'b', 'c', 'd', 'e']) ids.push((await store.outbox.enqueue(intent(key))).id);
    const later = await store.outbox.enqueue({ ...intent('later'), notBeforeMs: clock.nowMs() + dayMs });
    expect(await store.outbox.dueCount()).toBe(5);
    await publish(store);
    expect(await store.outbox.dueCount()).toBe(0);
    await begin(store, ids[1] ?? '');
    await store.outbox.cancel(ids[2] ?? '');
    const pages: string[][] = [];
    for (let after: string | null = null; ; after = pages.at(-1)?.at(-1) ?? null) {
      const page = await store.outbox.inQueue(after, 2);
      if (page.length === 0) break;
      pages.push(page.map((row) => row.id));
    }
    expect(pages).toEqual([
      [ids[0], ids[1]],
      [ids[3], ids[4]],
    ]);
    const asked = [...ids, later.id, 'no such job'];
    expect((await store.outbox.ended(asked)).sort()).toEqual([ids[2], 'no such job'].sort());
    expect(await store.outbox.ended([])).toEqual([]);
  });

  it('wakes the relay when the intent is committed, and again after its connection was cut', async () => {
    let calls = 0;
    const listener = await fixture.store.listenOutbox(() => {
      calls += 1;
    });
    try {
      expect(calls).toBe(1);
      await fixture.store.outbox.enqueue(intent('shop'));
      await pollUntil('2 calls', () => calls >= 2);
      await sqlOn(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'outturn test listen'",
      );
      await pollUntil('3 calls', () => calls >= 3);
      await fixture.store.outbox.enqueue(intent('again'));
      await pollUntil('4 calls', () => calls >= 4);
    } finally {
      await listener.close();
    }
  });
});

describe('dead letters', () => {
  it('keeps one row for each job, with its first failure and its newest cause', async () => {
    const { deadLetters } = fixture.store;
    const row = {
      jobId: 'job-1',
      kind: 'pull',
      args: { connector: 'sap' },
      errorCode: 'source/timeout',
      errorMessage: 'slow',
      stack: null,
      attempts: 5,
      firstFailedAtMs: 1_000,
      lastFailedAtMs: 2_000,
    };
    await deadLetters.record(row);
    await deadLetters.record({
      ...row,
      errorCode: 'source/tls',
      attempts: 10,
      firstFailedAtMs: 3_000,
      lastFailedAtMs: 4_000,
    });
    await deadLetters.record({ ...row, jobId: 'job-2' });
    expect(await deadLetters.list(10)).toMatchObject([
      {
        jobId: 'job-1',
        errorCode: 'source/tls',
        attempts: 10,
        firstFailedAtMs: 1_000,
        lastFailedAtMs: 4_000,
        args: { connector: 'sap' },
      },
      { jobId: 'job-2' },
    ]);
    expect(await deadLetters.list(1)).toHaveLength(1);
    // The job began on a host whose clock is ahead of that of the host where it failed.
    await deadLetters.record({ ...row, jobId: 'job-3', firstFailedAtMs: 9_000, lastFailedAtMs: 8_000 });
    expect((await deadLetters.list(1))[0]).toMatchObject({ jobId: 'job-3', lastFailedAtMs: 9_000 });
  });
});

describe('joining what is to run shortly', () => {
  const join = (key: string, delayMs = 2_000) =>
    fixture.store.transaction(({ outbox }) =>
      outbox.enqueueOrJoin({ ...intent(key), notBeforeMs: fixture.clock.nowMs() + delayMs }),
    );

  it('many small changes make one job, another key has its own', async () => {
    expect(await join('shop')).toEqual({ joined: false });
    expect(await join('shop')).toEqual({ joined: true });
    expect(await join('other')).toEqual({ joined: false });
    expect(await fixture.store.outbox.openCount()).toBe(2);
  });

  it('what runs later than wanted, or is due already, is not joined', async () => {
    await join('late', dayMs);
    expect(await join('late')).toEqual({ joined: false });
    await join('due');
    fixture.clock.advance(2_000);
    expect(await join('due')).toEqual({ joined: false });
  });

  it('a job that was joined is never collapsed into one that may have read before', async () => {
    await join('shop');
    await join('shop');
    fixture.clock.advance(2_000);
    const running = await fixture.store.outbox.enqueue(intent('shop'));
    const covered = (await fixture.store.outbox.waiting('recompute-roi', 'shop')).filter((id) => id !== running.id);
    expect(covered).toHaveLength(1);
    expect(await fixture.store.outbox.collapse(running.id, covered)).toBe(0);
  });

  it('nobody publishes it before the change that joined is committed', async () => {
    await join('shop');
    await fixture.store.transaction(async ({ outbox }) => {
      await outbox.enqueueOrJoin({ ...intent('shop'), notBeforeMs: fixture.clock.nowMs() + 2_000 });
      fixture.clock.advance(2_000);
      expect(await publish(fixture.store)).toEqual([]);
    });
    expect(await publish(fixture.store)).toHaveLength(1);
  });
});
