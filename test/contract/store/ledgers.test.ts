import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DigestFacts } from '#domain';
import type { DigestRow } from '#kit';
import { begin, dayMs, hourMs, midnightMs, type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await storeFixture();
});
afterAll(() => fixture.close());

describe('watermarks', () => {
  it('never move backwards, whoever comes last', async () => {
    const { watermarks } = fixture.store;
    const at = (watermarkMs: number, pullId: string) => ({ connector: 'sap', stream: 'costs', watermarkMs, pullId });
    expect(await watermarks.get('sap', 'costs')).toBeNull();
    await watermarks.advance(at(midnightMs, 'p1'));
    await Promise.all([1, 5, 3, 2, 4].map((n) => watermarks.advance(at(midnightMs + n * hourMs, `p-${n}`))));
    await watermarks.advance(at(midnightMs, 'p-late'));
    expect(await watermarks.get('sap', 'costs')).toMatchObject({ watermarkMs: midnightMs + 5 * hourMs, pullId: 'p-5' });
    expect(await watermarks.list()).toHaveLength(1);
  });
});

describe('pulls', () => {
  const window = {
    jobId: 'job-1',
    attempt: 1,
    connector: 'sap',
    stream: 'costs',
    fromMs: midnightMs,
    toMs: midnightMs + hourMs,
  };

  it('keep what was read, page by page, and how it ended', async () => {
    const { pulls } = fixture.store;
    await pulls.start({ id: 'ok', ...window });
    expect(await pulls.get('ok')).toMatchObject({ state: 'running', finishedAtMs: null, warnings: [], expected: null });
    const page = (seq: number) => ({
      pullId: 'ok',
      seq,
      sha256: 'c'.repeat(64),
      bytes: 120,
      requestMethod: 'GET',
      requestUrl: 'http://127.0.0.1:4004/odata?$skiptoken=1',
      objectKey: 'pages/c',
      receivedAtMs: midnightMs,
    });
    await pulls.addPage(page(1));
    await pulls.addPage(page(0));
    const facts = { pages: 2, rows: 40, inserted: 39, revisions: 1, expected: 41, warnings: ['one point is missing'] };
    await pulls.succeed('ok', facts);
    expect(await pulls.get('ok')).toMatchObject({ ...window, ...facts, state: 'succeeded', errorCode: null });
    const kept = { removedAtMs: null };
    expect(await pulls.pages('ok')).toEqual([
      { ...page(0), ...kept },
      { ...page(1), ...kept },
    ]);

    await pulls.start({ id: 'bad', ...window, jobId: 'job-2' });
    await pulls.fail('bad', { errorCode: 'source/timeout', errorMessage: 'no answer\0', pages: 1 });
    expect(await pulls.latest('sap', 'costs')).toMatchObject({
      id: 'bad',
      state: 'failed',
      errorCode: 'source/timeout',
      errorMessage: 'no answer\ufffd',
    });
    expect((await pulls.list(10)).map((pull) => pull.id)).toEqual(['bad', 'ok']);
    expect(await pulls.latest('sap', 'hours')).toBeNull();
  });

  it('whose process was killed are closed when their job runs again or the stream is pulled after the job ended', async () => {
    const { pulls, outbox } = fixture.store;
    const stream = 'killed';
    const facts = { pages: 0, rows: 0, inserted: 0, revisions: 0, expected: null, warnings: [] };
    const gone = await outbox.enqueue({ kind: 'pull', args: {}, cause: 'test' });
    const alive = await outbox.enqueue({ kind: 'pull', args: {}, cause: 'test' });
    await outbox.failed(await begin(fixture.store, gone.id), {
      code: 'internal',
      message: 'its worker was killed three times',
      final: true,
    });
    await pulls.start({ id: 'of-ended-job', ...window, stream, jobId: gone.id });
    await pulls.start({ id: 'of-other-stream', ...window, stream: 'other', jobId: gone.id });
    await pulls.start({ id: 'of-another-process', ...window, stream, jobId: alive.id });
    await pulls.start({ id: 'killed', ...window, stream });
    await pulls.start({ id: 'again', ...window, stream, attempt: 2 });
    const states = async () => Object.fromEntries((await pulls.list(5)).map(({ id, state }) => [id, state]));
    expect(await states()).toEqual({
      'of-ended-job': 'failed',
      'of-other-stream': 'running',
      'of-another-process': 'running',
      killed: 'failed',
      again: 'running',
    });
    expect(await pulls.get('killed')).toMatchObject({ errorCode: 'queue/interrupted' });

    // An attempt that only seemed dead must store nothing any more.
    const late = fixture.store.transaction(async (tx) => {
      await tx.watermarks.advance({ connector: 'sap', stream, watermarkMs: midnightMs, pullId: 'killed' });
      await tx.pulls.succeed('killed', facts);
    });
    await expect(late).rejects.toMatchObject({ code: 'queue/interrupted' });
    expect(await fixture.store.watermarks.get('sap', stream)).toBeNull();
    await pulls.succeed('again', facts);
  });

  it('that succeeded are not made failures by a late error', async () => {
    const { pulls } = fixture.store;
    await pulls.start({ id: 'late', ...window, stream: 'late' });
    await pulls.succeed('late', { pages: 0, rows: 0, inserted: 0, revisions: 0, expected: null, warnings: [] });
    await pulls.fail('late', { errorCode: 'internal', errorMessage: 'too late', pages: 0 });
    expect((await pulls.get('late'))?.state).toBe('succeeded');
  });
});

const facts = { version: 1, projectId: 'p', why: 'because' } as DigestFacts;
const digest = (id: string, slot: string, changes: Partial<DigestRow> = {}): Omit<DigestRow, 'createdAtMs'> => ({
  id,
  subscription: 'checkout-weekly',
  projectId: 'p',
  portfolioId: null,
  slot,
  snapshotId: null,
  portfolioSnapshotId: null,
  test: false,
  facts,
  factsHash: 'd'.repeat(64),
  ...changes,
});

describe('digests', () => {
  it('are one for each subscription and slot; a test is never the one that the next is compared with', async () => {
    const { digests } = fixture.store;
    const made = await Promise.all([digests.save(digest('d1', 'monday')), digests.save(digest('d2', 'monday'))]);
    expect(made.map((one) => one.created).sort()).toEqual([false, true]);
    expect(made[0].digest).toEqual(made[1].digest);
    expect(made[0].digest.facts).toEqual(facts);
    await digests.save(digest('d3', 'test-1', { test: true }));
    expect((await digests.latest('checkout-weekly'))?.slot).toBe('monday');
    expect((await digests.get('d3'))?.test).toBe(true);
    expect(await digests.latest('no such subscription')).toBeNull();
  });
});

describe('deliveries', () => {
  const delivery = (id: string, idempotencyKey: string) => ({
    id,
    idempotencyKey,
    digestId: 'delivered',
    subscription: 'checkout-weekly',
    slot: 'tuesday',
    channel: 'email' as const,
    address: 'sponsor@example.com',
    recipientName: 'Head of Commerce',
    test: false,
  });
  beforeAll(async () => {
    await fixture.store.digests.save(digest('delivered', 'tuesday'));
  });

  it('are one for each idempotency key', async () => {
    const { deliveries } = fixture.store;
    const made = await Promise.all([
      deliveries.create(delivery('e1', 'key')),
      deliveries.create(delivery('e2', 'key')),
    ]);
    expect(made.map((one) => one.created).sort()).toEqual([false, true]);
    expect(made[0].delivery).toEqual(made[1].delivery);
  });

  it('are sent by one of many workers that try, and never again once sent', async () => {
    const other = await fixture.another();
    const { deliveries } = fixture.store;
    await deliveries.create(delivery('race', 'race'));
    const held = await Promise.all(
      Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? deliveries : other.deliveries).beginSending('race', 0)),
    );
    expect(held.filter((one) => one !== null)).toMatchObject([{ state: 'sending', attempts: 1 }]);
    const failed = { state: 'failed', errorCode: 'delivery/unreachable', errorMessage: 'no route' } as const;
    await deliveries.finish('race', { ...failed, attempts: 1 });
    expect(await deliveries.beginSending('race', 0), 'the first attempt was not looked at').toBeNull();
    expect(await deliveries.beginSending('race', 1)).toMatchObject({ state: 'sending', attempts: 2 });
    // The late end of an attempt that was given up for dead does not free the row for a third.
    await deliveries.finish('race', { ...failed, state: 'pending', attempts: 1 });
    expect(await deliveries.beginSending('race', 2)).toBeNull();
    await deliveries.finish('race', { state: 'sent', messageId: '<1@example.com>' });
    await deliveries.finish('race', { ...failed, state: 'unknown', attempts: 2 });
    expect(await deliveries.beginSending('race', 2)).toBeNull();
    expect(await deliveries.get('race')).toMatchObject({
      state: 'sent',
      messageId: '<1@example.com>',
      errorCode: null,
    });
    expect((await deliveries.list(1))[0]?.id).toBe('race');
  });
});

describe('fires', () => {
  const fire = (slot: string, slotAtMs = midnightMs) => ({
    schedule: 'nightly',
    slot,
    slotAtMs,
    outcome: 'fired' as const,
    reason: null,
    instance: 'host-1',
  });

  it('are claimed by exactly one of twenty schedulers', async () => {
    const other = await fixture.another();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 === 0 ? fixture.store : other).fires.claim(fire('2026-10-25T01:30[Europe/Berlin]')),
      ),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('go to another scheduler when the first one fails before its job is enqueued', async () => {
    const { fires, transaction } = fixture.store;
    await expect(
      transaction(async (repositories) => {
        expect(await repositories.fires.claim(fire('rolled back'))).toBe(true);
        throw new Error('killed');
      }),
    ).rejects.toThrow('killed');
    expect(await fires.claim(fire('rolled back', midnightMs + hourMs))).toBe(true);
    await fires.attachJob('nightly', 'rolled back', 'job-9');
    expect((await fires.list({ schedule: 'nightly', limit: 1 }))[0]).toMatchObject({
      slot: 'rolled back',
      jobId: 'job-9',
      slotAtMs: midnightMs + hourMs,
    });
    expect(await fires.list({ schedule: 'nightly', limit: 10 })).toHaveLength(2);
    expect(await fires.list({ schedule: 'weekly', limit: 10 })).toEqual([]);
  });
});

describe('schedulers', () => {
  it('are forgotten a month after they were seen last; the one that was seen last is not', async () => {
    const { schedules } = fixture.store;
    const seenAt = (instance: string, atMs: number) =>
      schedules.seen({ instance, startedAtMs: atMs, seenAtMs: atMs, stoppedAtMs: null });
    const known = async () => (await schedules.schedulers({ sinceMs: 0, limit: 10 })).map(({ instance }) => instance);
    await seenAt('oldest', midnightMs);
    await seenAt('older', midnightMs + 5 * dayMs);
    await seenAt('newest', midnightMs + 31 * dayMs);
    expect(await known()).toEqual(['newest', 'older']);
    // Its clock is wrong, or it comes back after a long time: the others stay.
    await seenAt('oldest', midnightMs);
    expect(await known()).toEqual(['newest', 'older', 'oldest']);
  });
});
