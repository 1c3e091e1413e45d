import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBudget } from './budget.ts';
import { parseRetryAfterMs } from './retry-after.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());
const clock = { nowMs: () => Date.now() };
const never = new AbortController().signal;

describe('the budget of a connector', () => {
  it('lets no more requests run at once than concurrency says, and gives turns in order', async () => {
    const budget = createBudget({ concurrency: 2, requestsPerMinute: null }, clock);
    const order: number[] = [];
    const releases: (() => void)[] = [];
    for (const n of [1, 2, 3, 4])
      void budget.acquire(never).then((release) => {
        order.push(n);
        releases.push(release);
      });
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual([1, 2]);
    releases[0]?.();
    releases[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual([1, 2, 3]);
  });

  it('begins at most requestsPerMinute in any 60 seconds', async () => {
    const budget = createBudget({ concurrency: 100, requestsPerMinute: 3 }, clock);
    const startedAtMs: number[] = [];
    for (let n = 0; n < 8; n += 1)
      void budget.acquire(never).then((release) => {
        startedAtMs.push(Date.now());
        release();
      });
    await vi.advanceTimersByTimeAsync(180_000);
    expect(startedAtMs).toEqual([0, 0, 0, 60_000, 60_000, 60_000, 120_000, 120_000]);
  });

  it('gives the turn of one who left to the next', async () => {
    const budget = createBudget({ concurrency: 1, requestsPerMinute: null }, clock);
    const release = await budget.acquire(never);
    const leaver = new AbortController();
    const left = budget.acquire(leaver.signal).catch((reason: unknown) => reason);
    const next = budget.acquire(never);
    leaver.abort('gone');
    expect(await left).toBe('gone');
    release();
    expect(await next).toBeTypeOf('function');
  });
});

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-10-25T00:00:00Z');
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['1.5', 1500],
    ['Sun, 25 Oct 2026 00:01:00 GMT', 60_000],
    ['Sunday, 25-Oct-26 00:01:00 GMT', 60_000],
    ['Sat, 24 Oct 2026 00:00:00 GMT', 0],
    ['9999999', 86_400_000],
    ['-5', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (header, expected) => {
    expect(parseRetryAfterMs(header, nowMs)).toBe(expected);
  });
});
