import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLocalBudgets } from '#src/fetch/index';
import { budget } from '../../factories/budget.ts';
import { pollUntil } from '../../harness/poll.ts';
import { type StoreFixture, settableClock, storeFixture } from '../store/fixtures.ts';
import { describeLedger } from './suite.ts';

describe('the budgets of one process', () => {
  describeLedger(async () => {
    const clock = settableClock();
    return { ledger: createLocalBudgets(clock), pass: async (ms) => clock.advance(ms) };
  });
});

describe('the budgets of a fleet, in PostgreSQL', () => {
  let fixture: StoreFixture;
  let client: Client;
  beforeAll(async () => {
    fixture = await storeFixture();
    client = new Client({ connectionString: fixture.database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await fixture.close();
  });

  /** Nobody can move the server's clock: what is written is moved into the past. */
  async function pass(ms: number): Promise<void> {
    const by = `interval '1 millisecond' * ${ms}`;
    const move = (table: string, columns: string[]) =>
      client.query(`UPDATE ${table} SET ${columns.map((name) => `${name} = ${name} - ${by}`).join(', ')}`);
    await move('budget_lease', ['granted_at', 'expires_at', 'ended_at', 'counts_until']);
    await move('budget_queue', ['since', 'expires_at']);
    await move('budget_account', ['blocked_until', 'eased_at', 'source_seen_at']);
  }
  describeLedger(async () => ({ ledger: fixture.store.budgets, pass }));

  const leaseOf = (limits: ReturnType<typeof budget>, leaseId: string) => ({
    limits,
    purpose: 'live' as const,
    leaseId,
    leaseMs: 45_000,
    waitedMs: 0,
    queue: { id: 'host:1', live: 1, backfill: 0 },
  });

  it('tells how an account stands, also one that nobody has asked yet', async () => {
    const limits = budget({ account: 'told', concurrency: 1, requestsPerMinute: 3, requestsPerDay: 9 });
    const untouched = budget({ account: 'untouched' });
    const { budgets } = fixture.store;
    await budgets.claim(leaseOf(limits, 'told-1'));
    await budgets.claim({ ...leaseOf(limits, 'told-2'), queue: { id: 'host:2', live: 2, backfill: 3 } });
    expect(await budgets.list([untouched, limits])).toMatchObject([
      { account: 'untouched', inUse: 0, usedToday: 0, allowedPerMinute: null, waitingSinceMs: null },
      {
        account: 'told',
        inUse: 1,
        usedLastMinute: 1,
        usedToday: 1,
        allowedPerMinute: 3,
        waitingLive: 2,
        waitingBackfill: 3,
      },
    ]);
  });

  it('forgets on demand what a source said, once', async () => {
    const limits = budget({ account: 'blocked' });
    const { budgets } = fixture.store;
    await budgets.claim(leaseOf(limits, 'blocked-1'));
    const signal = { refused: true, pauseMs: 3_600_000, pauseReason: '429 with Retry-After', perMinute: 5 };
    await budgets.release(limits, 'blocked-1', { sent: true, begunWithinMs: 1, signal });
    expect(await budgets.list([limits])).toMatchObject([{ blockedReason: '429 with Retry-After', sourcePerMinute: 5 }]);
    expect(await budgets.unblock('blocked')).toBe(true);
    expect(await budgets.unblock('blocked')).toBe(false);
    expect(await budgets.list([limits])).toMatchObject([{ blockedUntilMs: null, sourcePerMinute: null }]);
    expect(await budgets.claim(leaseOf(limits, 'blocked-2'))).toEqual({ granted: true });
  });

  it('leaves no rows behind once their minute is over', async () => {
    const limits = budget({ account: 'swept' });
    for (const leaseId of ['swept-1', 'swept-2']) {
      await fixture.store.budgets.claim(leaseOf(limits, leaseId));
      await fixture.store.budgets.release(limits, leaseId, { sent: true, begunWithinMs: 1, signal: null });
    }
    await pass(61_000);
    await fixture.store.budgets.claim(leaseOf(limits, 'swept-3'));
    const { rows } = await client.query("SELECT id FROM budget_lease WHERE account = 'swept'");
    expect(rows).toEqual([{ id: 'swept-3' }]);
  });

  it('grants too much neither while its connections are lost in the midst of claims, nor afterwards', async () => {
    const limits = budget({ account: 'lost', concurrency: 3 });
    const { budgets } = fixture.store;
    // Held by another transaction: each claim has read, and waits to write.
    await budgets.claim(leaseOf(limits, 'lost-0'));
    await client.query('BEGIN');
    await client.query("SELECT FROM budget_account WHERE id = 'lost' FOR UPDATE");
    const claims = Array.from({ length: 5 }, (_, n) => {
      const queue = { id: `host:${n}`, live: 1, backfill: 0 };
      return budgets.claim({ ...leaseOf(limits, `lost-${n + 1}`), queue });
    });
    const settled = Promise.allSettled(claims);
    const waiting = "FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    await pollUntil('claims wait', async () => (await client.query(`SELECT pid ${waiting}`)).rows.length > 0);
    await client.query(`SELECT pg_terminate_backend(pid) ${waiting}`);
    await client.query('COMMIT');
    const answers = (await settled).map((each) =>
      each.status === 'rejected' ? (each.reason as { code: string }).code : each.value.granted ? 'granted' : 'refused',
    );
    expect(answers.filter((answer) => !['granted', 'refused', 'storage/unavailable'].includes(answer))).toEqual([]);
    const [status] = await budgets.list([limits]);
    const granted = 1 + answers.filter((answer) => answer === 'granted').length;
    expect(status?.inUse).toBeLessThanOrEqual(3);
    expect(status?.inUse).toBeGreaterThanOrEqual(granted);
    // What was granted to nobody who knows of it comes back with its lease.
    await pass(46_000);
    for (const id of ['after-1', 'after-2', 'after-3'])
      expect(await budgets.claim({ ...leaseOf(limits, id), waitedMs: 60_000 })).toEqual({ granted: true });
  });

  it('forgets the queues of processes that were killed while they waited', async () => {
    const limits = budget({ account: 'deserted', concurrency: 1 });
    const { budgets } = fixture.store;
    await budgets.claim(leaseOf(limits, 'deserted-1'));
    for (const id of ['killed', 'living'])
      await budgets.claim({ ...leaseOf(limits, id), queue: { id, live: 1, backfill: 0 } });
    await budgets.release(limits, 'deserted-1', { sent: true, begunWithinMs: 1, signal: null });
    await pass(61_000);
    await budgets.claim({ ...leaseOf(limits, 'deserted-2'), queue: { id: 'living', live: 2, backfill: 0 } });
    const { rows } = await client.query("SELECT id, live FROM budget_queue WHERE account = 'deserted'");
    expect(rows).toEqual([{ id: 'living', live: 1 }]);
  });
});
