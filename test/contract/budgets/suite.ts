import { expect, it } from 'vitest';
import type { BudgetClaim, BudgetLedger, BudgetLimits, BudgetRelease, FetchPurpose, SourceSignal } from '#kit';
import { budget } from '../../factories/budget.ts';

export interface LedgerFixture {
  ledger: BudgetLedger;
  /** As if so much time had gone by. */
  pass(ms: number): Promise<void>;
}

const silent: SourceSignal = { refused: false, pauseMs: null, pauseReason: null, perMinute: null };
const over: BudgetRelease = { sent: true, begunWithinMs: 0, signal: null };
const leaseMs = 45_000;
let last = 0;

/** What every ledger keeps to, whether one process asks it or a fleet. */
export function describeLedger(open: () => Promise<LedgerFixture>): void {
  /** An account of its own for each test, asked by processes that are named. */
  async function world(changes: Partial<BudgetLimits> = {}) {
    const { ledger, pass } = await open();
    last += 1;
    const limits = budget({ account: `account-${last}`, ...changes });
    let leases = 0;
    const ask = async (
      process: string,
      purpose: FetchPurpose = 'live',
      more: Partial<Pick<BudgetClaim, 'waitedMs' | 'queue' | 'leaseId'>> = {},
    ) => {
      leases += 1;
      const queue = { id: process, live: 0, backfill: 0, [purpose]: 1 };
      const leaseId = `${limits.account}-${leases}`;
      const claim = { limits, purpose, leaseId, leaseMs, queue, waitedMs: 0, ...more };
      const answer = await ledger.claim(claim);
      return { ...answer, leaseId: claim.leaseId };
    };
    const reasonOf = async (...args: Parameters<typeof ask>): Promise<string> => {
      const answer = await ask(...args);
      return answer.granted ? 'granted' : answer.reason;
    };
    const release = (leaseId: string, how: Partial<BudgetRelease> = {}) =>
      ledger.release(limits, leaseId, { ...over, ...how });
    const leave = (process: string) => ledger.leave(limits.account, { id: process, live: 0, backfill: 0 });
    const hear = async (signal: Partial<SourceSignal>): Promise<void> => {
      const { leaseId } = await ask('heard');
      await release(leaseId, { signal: { ...silent, ...signal } });
    };
    return { limits, ask, reasonOf, release, leave, hear, pass };
  }

  it('never lets more requests run at once than the account may have, whichever process asks', async () => {
    const { ask, reasonOf, release } = await world({ concurrency: 2 });
    const first = await ask('a');
    expect(await reasonOf('b')).toBe('granted');
    expect(await reasonOf('c')).toBe('concurrency');
    await release(first.leaseId);
    await release(first.leaseId);
    expect(await reasonOf('c')).toBe('granted');
    expect(await reasonOf('a')).toBe('concurrency');
  });

  it('grants of many who ask at the same moment no more than there are slots', async () => {
    const { reasonOf } = await world({ concurrency: 3 });
    const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => reasonOf(`p${n}`)));
    expect(answers.filter((answer) => answer === 'granted')).toHaveLength(3);
  });

  it('lets no more begin in a minute than is allowed, and says when the next may', async () => {
    const { ask, release, pass } = await world({ requestsPerMinute: 2 });
    await release((await ask('a')).leaseId);
    await pass(20_000);
    await release((await ask('b')).leaseId);
    const refused = await ask('a');
    expect(refused).toMatchObject({ granted: false, reason: 'rate', askAgainMs: 5_000 });
    await pass(38_000);
    const soon = await ask('a');
    if (soon.granted) throw new Error('granted too early');
    expect(soon.askAgainMs).toBeGreaterThan(500);
    expect(soon.askAgainMs).toBeLessThanOrEqual(2_000);
    await pass(2_100);
    expect(await ask('a')).toMatchObject({ granted: true });
    expect(await ask('b')).toMatchObject({ reason: 'rate' });
  });

  it('counts a request from when the source had it, not from when it was granted', async () => {
    const { ask, reasonOf, release, pass } = await world({ requestsPerMinute: 1 });
    const { leaseId } = await ask('a');
    await pass(20_000);
    await release(leaseId, { begunWithinMs: 15_000 });
    await pass(42_000);
    expect(await reasonOf('a')).toBe('rate');
    await pass(14_000);
    expect(await reasonOf('a')).toBe('granted');
  });

  it('gets the slot of a process that died back, and its place in the minute a minute later', async () => {
    const { ask, reasonOf, pass } = await world({ concurrency: 1, requestsPerMinute: 2 });
    await ask('dead');
    await pass(leaseMs - 5_000);
    expect(await reasonOf('b')).toBe('concurrency');
    await pass(6_000);
    expect(await reasonOf('b')).toBe('granted');
    await pass(leaseMs + 1_000);
    expect(await reasonOf('b')).toBe('rate');
  });

  it('counts a request that was never sent for nothing', async () => {
    const { ask, reasonOf, release } = await world({ requestsPerMinute: 1, requestsPerDay: 1 });
    await release((await ask('a')).leaseId, { sent: false });
    const second = await ask('a');
    expect(second.granted).toBe(true);
    await release(second.leaseId);
    expect(await reasonOf('a')).toBe('day');
  });

  it('refuses when the day is used up, and says how long it lasts', async () => {
    const { ask, release } = await world({ requestsPerDay: 2, timeZone: 'Europe/Berlin', resetsAt: '04:30' });
    for (const process of ['a', 'b']) await release((await ask(process)).leaseId);
    const refused = await ask('a');
    expect(refused).toMatchObject({ granted: false, reason: 'day' });
    if (refused.granted || refused.endsInMs === null) throw new Error('no end is told');
    expect(refused.endsInMs).toBeGreaterThan(0);
    expect(refused.endsInMs).toBeLessThanOrEqual(25 * 3_600_000);
  });

  it('makes a backfill wait while a live request waits in any process', async () => {
    const { ask, reasonOf, release, leave, pass } = await world({ concurrency: 2 });
    const slots = [await ask('a'), await ask('b')];
    expect(await reasonOf('c')).toBe('concurrency');
    await release(slots[0]?.leaseId ?? '');
    await release(slots[1]?.leaseId ?? '');
    expect(await reasonOf('b', 'backfill')).toBe('yields');
    await leave('c');
    expect(await reasonOf('b', 'backfill')).toBe('granted');
    expect(await reasonOf('c')).toBe('granted');
    expect(await reasonOf('d')).toBe('concurrency');
    // Who does not come back for its turn is gone.
    await pass(60_000);
    expect(await reasonOf('b', 'backfill')).toBe('granted');
  });

  it('keeps the last slot and a fifth of the minute and of the day for live requests', async () => {
    const slots = await world({ concurrency: 2 });
    expect(await slots.reasonOf('a', 'backfill')).toBe('granted');
    expect(await slots.reasonOf('b', 'backfill')).toBe('concurrency');
    await slots.leave('b');
    expect(await slots.reasonOf('c')).toBe('granted');

    for (const [limit, reason] of [
      [{ requestsPerMinute: 5 }, 'rate'],
      [{ requestsPerDay: 5 }, 'day'],
    ] as const) {
      const { ask, reasonOf, release, leave } = await world(limit);
      for (let n = 0; n < 4; n += 1) await release((await ask('a', 'backfill')).leaseId);
      expect(await reasonOf('a', 'backfill')).toBe(reason);
      await leave('a');
      expect(await reasonOf('b')).toBe('granted');
    }
  });

  it('lets a backfill go on where there is only one slot and one request a minute', async () => {
    const { reasonOf } = await world({ concurrency: 1, requestsPerMinute: 1 });
    expect(await reasonOf('a', 'backfill')).toBe('granted');
  });

  it('lets those who came later not pass one who has waited for long', async () => {
    const { ask, reasonOf, release } = await world({ concurrency: 1 });
    const { leaseId } = await ask('a');
    expect(await reasonOf('patient', 'live', { waitedMs: 10_000 })).toBe('concurrency');
    await release(leaseId);
    expect(await reasonOf('a')).toBe('turn');
    expect(await reasonOf('patient', 'live', { waitedMs: 10_100 })).toBe('granted');
  });

  it('leaves an account alone for as long as its source asks, and a day at most', async () => {
    const { ask, hear, pass } = await world();
    await hear({ refused: true, pauseMs: 90_000, pauseReason: '429 with Retry-After' });
    const refused = await ask('a');
    expect(refused).toMatchObject({ reason: 'blocked', detail: '429 with Retry-After', askAgainMs: 5_000 });
    await pass(91_000);
    expect(await ask('a')).toMatchObject({ granted: true });
    await hear({ refused: true, pauseMs: 90 * 86_400_000, pauseReason: '429 with Retry-After' });
    await pass(86_400_000);
    expect(await ask('a')).toMatchObject({ granted: true });
  });

  it('halves the rate after a refusal without a time, once for all that were under way, and comes back step by step', async () => {
    const { ask, release, pass } = await world({ concurrency: 64, requestsPerMinute: 10 });
    const all = await Promise.all(Array.from({ length: 10 }, () => ask('a')));
    for (const { leaseId } of all) await release(leaseId, { signal: { ...silent, refused: true } });
    const grantedNow = async (): Promise<number> => {
      let granted = 0;
      for (; granted < 20; granted += 1) {
        const answer = await ask('a');
        if (!answer.granted) break;
        await release(answer.leaseId);
      }
      return granted;
    };
    await pass(61_000);
    expect(await grantedNow()).toBe(6);
    await pass(61_000);
    expect(await grantedNow()).toBe(7);
    await pass(10 * 61_000);
    expect(await grantedNow()).toBe(10);
  });

  it('keeps to the limit that the source names while it is lower, until it names another', async () => {
    const { hear, reasonOf, ask, release, pass } = await world({ requestsPerMinute: 10 });
    await hear({ perMinute: 2 });
    await release((await ask('a')).leaseId);
    expect(await reasonOf('a')).toBe('rate');
    await pass(61_000);
    await hear({ perMinute: 50 });
    for (let n = 0; n < 9; n += 1) await release((await ask('a')).leaseId);
    expect(await reasonOf('a')).toBe('rate');
  });
}
