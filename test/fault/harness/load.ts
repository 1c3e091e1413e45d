import { availableParallelism, loadavg } from 'node:os';

/** What a killed worker's jobs wait for by the clock alone: the end of its lock, the next look for such, and a second's pause. */
const LOCK_WAIT_MS = 9_000;
/** What is left of the fifteen seconds that the design promises: work, which takes longer where others work too. */
const WORK_MS = 6_000;

/** How many times longer work takes here and now than where it has a core for itself: 1 on a quiet machine. */
export const slowdown = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

/** The longest that a killed worker's jobs may wait for their next run: 15 s on a machine that has time for them. */
export const recoveryLimitMs = (): number => LOCK_WAIT_MS + WORK_MS * slowdown();
