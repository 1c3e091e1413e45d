import type { Clock, Logger } from '#kit';

/** Shorter than the two checks that a queue needs to take a job from a worker whose lock it believes to be over. */
const WATCH_INTERVAL_MS = 500;
/** While the clock is wrong, and for a jump that turned out to be none, the server is asked this often. */
const ASK_INTERVAL_MS = 2_000;

export interface ClockWatch {
  stop(): void;
}

export interface ClockWatchDependencies {
  clock: Clock;
  /** By how much the server's clock is ahead of this one. */
  differenceMs(): Promise<number>;
  limitMs: number;
  log: Logger;
  /** The clock was set while the process ran, and is not the server's any more. */
  onWrong(): void;
  /** It agrees again. */
  onRight(): void;
}

/**
 * Compares the time of day with a clock that nobody can set. The check at the start cannot see what happens later: a machine
 * that wakes up, a virtual one that is moved, a clock set by hand. Where locks expire by the clients' clocks, such a worker
 * would take running jobs from others, and hold its own beyond its death.
 */
export function watchClock(dependencies: ClockWatchDependencies): ClockWatch {
  const { clock, limitMs, log, differenceMs, onWrong, onRight } = dependencies;
  const offset = (): number => clock.nowMs() - performance.now();
  let rightOffset = offset();
  let isWrong = false;
  let isAsking = false;
  let askAtMs = 0;

  async function ask(): Promise<void> {
    const asked = offset();
    const difference = await differenceMs();
    if (Math.abs(difference) <= limitMs) {
      rightOffset = asked;
      if (!isWrong) return;
      isWrong = false;
      log.info({}, 'the clock agrees with the database server again: jobs are taken again');
      onRight();
    } else log.debug({ clockDifferenceMs: difference }, 'the clock is still wrong');
  }

  function look(): void {
    const jumpMs = offset() - rightOffset;
    const hasJumped = Math.abs(jumpMs) > limitMs;
    if (hasJumped && !isWrong) {
      // Before the server is asked: by its answer it may be too late.
      isWrong = true;
      log.error(
        { jumpMs: Math.round(jumpMs) },
        'the clock was set while the worker ran: no job is taken until it agrees with the database server; synchronise it (NTP)',
      );
      onWrong();
      askAtMs = 0;
    }
    if (!isWrong || isAsking || performance.now() < askAtMs) return;
    isAsking = true;
    ask()
      .catch((error: unknown) => log.debug({ error }, 'the database server could not be asked for the time'))
      .finally(() => {
        isAsking = false;
        askAtMs = performance.now() + ASK_INTERVAL_MS;
      });
  }

  const timer = setInterval(look, WATCH_INTERVAL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
