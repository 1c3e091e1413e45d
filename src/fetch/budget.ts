import type { Clock } from '#kit';

const WINDOW_MS = 60_000;

export interface Budget {
  /** Waits for a turn; the result gives it back. Rejects with the signal's reason when it aborts. */
  acquire(signal: AbortSignal): Promise<() => void>;
}

/**
 * What one connector may ask of its source in this process: at most `concurrency` requests at once, and at most
 * `requestsPerMinute` begun in any 60 seconds. Turns are given in the order in which they were asked for.
 */
export function createBudget(limits: { concurrency: number; requestsPerMinute: number | null }, clock: Clock): Budget {
  let running = 0;
  const starts: number[] = [];
  const waiting: { grant(): void; settled: boolean }[] = [];
  let timer: NodeJS.Timeout | null = null;

  const release = (): void => {
    running -= 1;
    advance();
  };

  function waitMs(): number {
    const limit = limits.requestsPerMinute;
    if (limit === null) return 0;
    const nowMs = clock.nowMs();
    while (starts[0] !== undefined && starts[0] <= nowMs - WINDOW_MS) starts.shift();
    return starts.length < limit ? 0 : (starts[0] ?? nowMs) + WINDOW_MS - nowMs;
  }

  function advance(): void {
    while (waiting.length > 0 && running < limits.concurrency) {
      const delayMs = waitMs();
      if (delayMs > 0) {
        timer ??= setTimeout(() => {
          timer = null;
          advance();
        }, delayMs);
        return;
      }
      const next = waiting.shift();
      if (next === undefined || next.settled) continue;
      running += 1;
      if (limits.requestsPerMinute !== null) starts.push(clock.nowMs());
      next.grant();
    }
    if (waiting.length === 0 && timer !== null) {
      clearTimeout(timer);
      timer = null;
    }
  }

  return {
    acquire(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const entry = {
          settled: false,
          grant() {
            entry.settled = true;
            signal.removeEventListener('abort', onAbort);
            let released = false;
            resolve(() => {
              if (released) return;
              released = true;
              release();
            });
          },
        };
        const onAbort = (): void => {
          entry.settled = true;
          const index = waiting.indexOf(entry);
          if (index !== -1) waiting.splice(index, 1);
          reject(signal.reason);
          advance();
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.push(entry);
        advance();
      });
    },
  };
}
