import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { App } from './app.ts';
import { watchMissingWork } from './watch-missing-work.ts';

describe('looking for missing work while the database is silent', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is not made up for afterwards, and says nothing when the process is stopping', async () => {
    const { promise: answered, reject: fail } = Promise.withResolvers<never>();
    let looks = 0;
    const warnings: unknown[] = [];
    const app = {
      config: { schedules: [], connectors: [], subscriptions: [] },
      store: {
        missing: {
          find: () => {
            looks += 1;
            return answered;
          },
        },
      },
      log: { warn: (_facts: unknown, message: string) => warnings.push(message) },
    };
    const watch = watchMissingWork(app as unknown as App);
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    const stopped = watch.stop();
    fail(new Error('the connection ended'));
    await stopped;
    expect({ looks, warnings }).toEqual({ looks: 1, warnings: [] });
  });
});
