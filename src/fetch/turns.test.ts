import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BudgetLedger, BudgetLimits, FetchPurpose, Logger, RetryableError } from '#kit';
import { budget } from '../../test/factories/budget.ts';
import { createLocalBudgets } from './local-budgets.ts';
import { createTurns, type Turn } from './turns.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-11-23T09:00:00Z') }));
afterEach(() => void vi.useRealTimers());
const clock = { nowMs: () => Date.now() };
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const never = new AbortController().signal;
const over = { sent: true, begunWithinMs: 0, signal: null };

function turnsWith(changes: Partial<BudgetLimits> = {}, ledger: BudgetLedger = createLocalBudgets(clock)) {
  const limits = budget(changes);
  let ids = 0;
  const waits: { purpose: FetchPurpose; outcome: string; waitedMs: number }[] = [];
  const turns = createTurns({
    ledger,
    limits,
    holder: 'here',
    newId: () => {
      ids += 1;
      return `${ids}`;
    },
    log: silent,
    metrics: { budgetTurn: ({ purpose, outcome, waitedMs }) => void waits.push({ purpose, outcome, waitedMs }) },
  });
  const order: string[] = [];
  const held: Turn[] = [];
  const take = (name: string, purpose: FetchPurpose = 'live', signal = never) =>
    turns.take({ purpose, timeoutMs: 30_000 }, signal).then((turn) => {
      order.push(name);
      held.push(turn);
      return turn;
    });
  /** Whether another process would be held up by what this one left behind. */
  const elsewhere = (purpose: FetchPurpose) =>
    ledger.claim({
      limits,
      purpose,
      leaseId: 'elsewhere',
      leaseMs: 45_000,
      waitedMs: 0,
      queue: { id: 'elsewhere', live: 0, backfill: 0, [purpose]: 1 },
    });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return { take, order, held, waits, settle, elsewhere, limits };
}
const failureOf = (work: Promise<unknown>): Promise<RetryableError> =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: RetryableError) => error,
  );

describe('the turns of one process', () => {
  it('come in the order of asking, live ones before those of a backfill', async () => {
    const { take, order, held, settle } = turnsWith({ concurrency: 1 });
    void take('first');
    await settle();
    void take('backfill', 'backfill');
    void take('second');
    void take('third');
    for (let n = 0; n < 4; n += 1) {
      await settle();
      await held[n]?.release(over);
      await vi.advanceTimersByTimeAsync(300);
    }
    expect(order).toEqual(['first', 'second', 'third', 'backfill']);
  });

  it('are given at once when a request of this process ends, without waiting for the next look', async () => {
    const { take, order, held, settle } = turnsWith({ concurrency: 1 });
    void take('first');
    void take('second');
    await settle();
    expect(order).toEqual(['first']);
    await held[0]?.release(over);
    await held[0]?.release(over);
    await settle();
    expect(order).toEqual(['first', 'second']);
  });

  it('begin at most as often in any minute as the account may', async () => {
    const { take, waits } = turnsWith({ requestsPerMinute: 3, concurrency: 10 });
    const begunAtMs: number[] = [];
    const startMs = Date.now();
    for (let n = 0; n < 8; n += 1)
      void take(`${n}`).then((turn) => {
        begunAtMs.push(Date.now() - startMs);
        return turn.release(over);
      });
    await vi.advanceTimersByTimeAsync(200_000);
    expect(begunAtMs.map((ms) => Math.floor(ms / 60_000))).toEqual([0, 0, 0, 1, 1, 1, 2, 2]);
    expect(waits.at(-1)).toMatchObject({ outcome: 'granted' });
    expect(waits.at(-1)?.waitedMs).toBeGreaterThanOrEqual(120_000);
  });

  it('of one who left go to the next, and leave no trace in the ledger', async () => {
    const { take, order, held, settle, elsewhere } = turnsWith({ concurrency: 1 });
    void take('first');
    await settle();
    const leaver = new AbortController();
    const left = take('leaver', 'live', leaver.signal).catch((reason: unknown) => reason);
    await settle();
    leaver.abort('gone');
    expect(await left).toBe('gone');
    await settle();
    await held[0]?.release(over);
    expect(await elsewhere('backfill')).toEqual({ granted: true });
    expect(order).toEqual(['first']);
  });

  it('are given back unused when who asked has left meanwhile', async () => {
    const real = createLocalBudgets(clock);
    let arrive = (): void => {};
    const arriving = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const slow: BudgetLedger = {
      ...real,
      claim: async (claim) => {
        const answer = await real.claim(claim);
        if (claim.queue.id === 'here') await arriving;
        return answer;
      },
    };
    const { take, elsewhere, settle } = turnsWith({ requestsPerDay: 1 }, slow);
    const leaver = new AbortController();
    const left = take('leaver', 'live', leaver.signal).catch((reason: unknown) => reason);
    leaver.abort('gone');
    arrive();
    expect(await left).toBe('gone');
    await settle();
    expect(await elsewhere('live')).toEqual({ granted: true });
  });

  it('are put off, with the time to wait, when the day is used up', async () => {
    const { take, waits } = turnsWith({ requestsPerDay: 1, resetsAt: '12:00', timeZone: 'UTC' });
    await (await take('only')).release(over);
    const error = await failureOf(take('next'));
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 3 * 3_600_000 });
    expect(error.message).toBe(
      'connector shop: the daily quota of 1 requests is used up; the next day begins at 12:00 (UTC), in 3h',
    );
    expect(waits.at(-1)).toMatchObject({ outcome: 'put-off' });
  });

  it('are put off when the source is blocked for long, and waited for when it is soon over', async () => {
    const { take, order } = turnsWith({ account: 'sap-prod' });
    const block = async (pauseMs: number): Promise<void> => {
      const signal = { refused: true, pauseMs, pauseReason: '429 with Retry-After', perMinute: null };
      await (await take('refused')).release({ ...over, signal });
    };
    await block(20_000);
    void take('patient');
    await vi.advanceTimersByTimeAsync(19_000);
    expect(order).toEqual(['refused']);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(order).toEqual(['refused', 'patient']);
    await block(600_000);
    const error = await failureOf(take('next'));
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 600_000 });
    expect(error.message).toBe(
      'account sap-prod: the source has asked to be left alone for another 10m (429 with Retry-After)',
    );
    expect(error.hint).toContain('outturn budgets sap-prod --unblock');
  });

  it('are refused while the ledger cannot be asked: nothing is sent without a budget', async () => {
    const away: BudgetLedger = {
      claim: () => Promise.reject(new Error('the database is away')),
      leave: () => Promise.reject(new Error('the database is away')),
      release: () => Promise.reject(new Error('the database is away')),
    };
    const { take } = turnsWith({}, away);
    const both = await Promise.all([failureOf(take('a')), failureOf(take('b'))]);
    expect(both.map((error) => error.message)).toEqual(['the database is away', 'the database is away']);
  });
});
