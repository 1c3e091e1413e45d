import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RoiOutputs } from '#domain';
import type { MissingWork, MissingWorkKind, Store } from '#kit';
import { project } from '../../factories/digest.ts';
import { digestWithDelivery, failedJob, productStore } from '../../factories/failures.ts';
import { byTest, draftsOf } from '../../factories/value.ts';
import { type TestDatabase, testDatabase } from '../../harness/database.ts';
import { begin, dayMs, type SettableClock, settableClock } from './fixtures.ts';

const MINUTE_MS = 60_000;
let database: TestDatabase;
let store: Store;
let clock: SettableClock;
let client: Client;
beforeAll(async () => {
  database = await testDatabase();
  clock = settableClock();
  store = await productStore(database.url, clock);
  client = new Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await store.close();
  await database.close();
});
beforeEach(async () => {
  await client.query(
    'TRUNCATE outbox, dead_letter, fire, delivery, digest, dirty_period, pull, report, backfill CASCADE',
  );
  for (const table of ['roi_snapshot', 'restatement']) await client.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await client.query('TRUNCATE roi_snapshot CASCADE');
  for (const table of ['roi_snapshot', 'restatement']) await client.query(`ALTER TABLE ${table} ENABLE TRIGGER USER`);
  await store.projects.apply(draftsOf(project()), byTest);
});

const find = () => store.missing.find({ graceMs: 2 * MINUTE_MS, horizonMs: 7 * dayMs, limit: 20 });
const ofKind = async (kind: MissingWorkKind): Promise<MissingWork[]> =>
  (await find()).filter((each) => each.kind === kind);
/** What a hole looks like after the grace. */
const later = () => clock.advance(3 * MINUTE_MS);
const run = async (kind: string, args: unknown, end: 'succeeded' | 'cancelled' | 'open') => {
  const row = await store.outbox.enqueue({ kind, args, cause: 'test' });
  if (end === 'cancelled') await store.outbox.cancel(row.id);
  if (end === 'succeeded') await store.outbox.succeeded(await begin(store, row.id), {});
  return row;
};
const snapshot = async (asOf = '2026-06-30') => {
  const row = {
    id: randomUUID(),
    projectId: 'checkout-rewrite',
    asOf,
    knownAtMs: clock.nowMs(),
    outputs: {} as RoiOutputs,
  };
  return (await store.snapshots.save({ ...row, engineVersion: '1', inputsHash: randomUUID() })).snapshot;
};

describe('work that is missing', () => {
  it('is none where nothing was ever asked for', async () => {
    expect(await find()).toEqual([]);
  });

  describe('a changed period', () => {
    const mark = () =>
      store.dirty.mark(
        ['2026-06-01', '2026-06-02'].map((period) => ({ projectId: 'checkout-rewrite', metricId: 'm', period })),
        'pull-1',
      );

    it('that no job computes is told after the grace, with how many there are', async () => {
      const sinceMs = clock.nowMs();
      await mark();
      expect(await find()).toEqual([]);
      later();
      expect(await find()).toEqual([
        { kind: 'recompute', about: { project: 'checkout-rewrite' }, sinceMs, count: 2, lastJob: null },
      ]);
    });

    it('is on its way while a recompute is open, and not any more when that failed', async () => {
      await mark();
      const open = await run('recompute-roi', { project: 'checkout-rewrite' }, 'open');
      later();
      expect(await ofKind('recompute')).toEqual([]);
      await store.outbox.failed(await begin(store, open.id), { code: 'internal', message: 'defect', final: true });
      expect(await ofKind('recompute')).toMatchObject([
        { lastJob: { id: open.id, state: 'failed', errorCode: 'internal' } },
      ]);
    });

    it('of a past date that somebody asked for is no recompute of today', async () => {
      await mark();
      await run('recompute-roi', { project: 'checkout-rewrite', asOf: '2026-05-31' }, 'open');
      later();
      expect(await ofKind('recompute')).toHaveLength(1);
    });

    it('waits for the end of a backfill that touches its project', async () => {
      await mark();
      later();
      await client.query(
        "INSERT INTO backfill (id, connector, stream, from_at, to_at, chunk_ms, cause, created_at) VALUES ('b', 'c', 's', '2026-01-01', '2026-02-01', 1, 'test', now())",
      );
      await client.query(
        "INSERT INTO backfill_recompute (backfill_id, project_id, job_id, kind, version, queue, args, priority) VALUES ('b', 'checkout-rewrite', 'j', 'recompute-roi', 1, 'compute', '{}', 'normal')",
      );
      expect(await ofKind('recompute')).toEqual([]);
      await client.query("UPDATE backfill SET state = 'failed', ended_at = now()");
      expect(await ofKind('recompute')).toHaveLength(1);
    });

    it('of a project that left the configuration is computed by nobody, and missed by nobody', async () => {
      await mark();
      later();
      await store.projects.apply(draftsOf(), byTest);
      expect(await find()).toEqual([]);
    });
  });

  it('is the job of a slot that fired, not that of a slot that was skipped', async () => {
    const claim = { schedule: 'nightly', slotAtMs: clock.nowMs(), reason: null, instance: 'host:1' };
    await store.fires.claim({ ...claim, slot: 'kept', outcome: 'fired' });
    await store.fires.claim({ ...claim, slot: 'lost', outcome: 'caught-up' });
    await store.fires.claim({ ...claim, slot: 'skipped', outcome: 'skipped' });
    const row = await run('pull', { connector: 'shop', stream: 'orders' }, 'succeeded');
    await store.fires.attachJob('nightly', 'kept', row.id);
    await store.fires.attachJob('nightly', 'lost', 'gone');
    later();
    expect(await find()).toMatchObject([{ kind: 'fired-job', about: { schedule: 'nightly', slot: 'lost' } }]);
    clock.advance(8 * dayMs);
    expect(await find(), 'history').toEqual([]);
  });

  it('is whom a digest goes to', async () => {
    const { digestId } = await digestWithDelivery(store);
    await client.query('DELETE FROM delivery');
    later();
    expect(await find()).toMatchObject([
      { kind: 'deliveries', about: { digestId, subscription: 'weekly', slot: 'monday', test: 'false' } },
    ]);
  });

  it('is the job of a message that is to be sent, unless a person cancelled it', async () => {
    const { deliveryId } = await digestWithDelivery(store);
    later();
    expect(await find()).toMatchObject([
      { kind: 'delivery', about: { deliveryId, address: 'sponsor@example.com', state: 'pending' }, lastJob: null },
    ]);
    await store.deliveries.beginSending(deliveryId, 0);
    expect(await find(), 'it was touched just now').toEqual([]);
    later();
    expect(await find()).toMatchObject([{ about: { state: 'sending' } }]);
    const failed = await failedJob(store, { kind: 'deliver-message', args: { deliveryId } });
    expect(await find()).toMatchObject([{ lastJob: { id: failed.id, state: 'failed' } }]);
    await run('deliver-message', { deliveryId }, 'cancelled');
    expect(await find()).toEqual([]);
  });

  it('is the report of a snapshot, also when one of the two forms is there', async () => {
    const { id } = await snapshot();
    const report = {
      projectId: 'checkout-rewrite',
      snapshotId: id,
      objectKey: 'k',
      location: 'l',
      sha256: 's',
      bytes: 1,
    };
    await store.reports.record({ ...report, id: 'r1', format: 'html' });
    later();
    expect(await find()).toMatchObject([
      { kind: 'report', about: { project: 'checkout-rewrite', snapshotId: id, asOf: '2026-06-30' } },
    ]);
    const open = await run('build-report', { project: 'checkout-rewrite', snapshotId: id }, 'open');
    expect(await ofKind('report')).toEqual([]);
    await store.outbox.succeeded(await begin(store, open.id), {});
    expect(await ofKind('report')).toHaveLength(1);
    await store.reports.record({ ...report, id: 'r2', format: 'csv' });
    expect(await find()).toEqual([]);
  });

  it('is the end of a pull whose job has ended or is gone; one that runs is left alone', async () => {
    const window = { attempt: 1, connector: 'shop', fromMs: 0, toMs: clock.nowMs() };
    const ended = await run('pull', { connector: 'shop', stream: 'a' }, 'cancelled');
    const open = await run('pull', { connector: 'shop', stream: 'b' }, 'open');
    await begin(store, open.id);
    await store.pulls.start({ ...window, id: 'p1', jobId: ended.id, stream: 'a' });
    await store.pulls.start({ ...window, id: 'p2', jobId: open.id, stream: 'b' });
    await store.pulls.start({ ...window, id: 'p3', jobId: 'gone', stream: 'c' });
    later();
    expect((await find()).map(({ kind, about }) => [kind, about['pullId']])).toEqual([
      ['pull', 'p1'],
      ['pull', 'p3'],
    ]);
  });

  it('is the publication of jobs that are due, not of those for later', async () => {
    const first = await run('pull', { connector: 'shop', stream: 'a' }, 'open');
    await run('pull', { connector: 'shop', stream: 'b' }, 'open');
    await store.outbox.enqueue({
      kind: 'pull',
      args: { connector: 'shop', stream: 'c' },
      cause: 'test',
      notBeforeMs: clock.nowMs() + dayMs,
    });
    const sinceMs = clock.nowMs();
    later();
    expect(await find()).toMatchObject([
      { kind: 'publication', about: { jobId: first.id, kind: 'pull' }, sinceMs, count: 2 },
    ]);
  });
});
