import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../test/harness/silent-log.ts';
import { watchClock } from './clock-watch.ts';

describe('a clock that is set while the worker runs', () => {
  let skewMs = 0;
  let isReachable = true;
  let events: string[] = [];
  const start = () =>
    watchClock({
      clock: { nowMs: () => 1_000_000 + performance.now() + skewMs },
      differenceMs: async () => {
        if (!isReachable) throw new Error('away');
        return -skewMs;
      },
      limitMs: 2_000,
      log: silentLog,
      onWrong: () => events.push('wrong'),
      onRight: () => events.push('right'),
    });

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
    skewMs = 0;
    isReachable = true;
    events = [];
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is noticed at once, in either direction, and work goes on when it is right again', async () => {
    const watch = start();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(events).toEqual([]);
    skewMs = -60_000;
    await vi.advanceTimersByTimeAsync(500);
    expect(events).toEqual(['wrong']);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(events).toEqual(['wrong']);
    skewMs = 500;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(events).toEqual(['wrong', 'right']);
    watch.stop();
    skewMs = 60_000;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(events).toEqual(['wrong', 'right']);
  });

  it('keeps the worker still while nobody can say what time it is', async () => {
    const watch = start();
    skewMs = 60_000;
    isReachable = false;
    await vi.advanceTimersByTimeAsync(10_000);
    skewMs = 0;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(events).toEqual(['wrong']);
    isReachable = true;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(events).toEqual(['wrong', 'right']);
    watch.stop();
  });
});
