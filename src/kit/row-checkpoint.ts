import { startOfDayMs } from '../domain/time/index.ts';
import type { PullWindow } from './connector.ts';

/** Clocks are at most 14 hours ahead of UTC. */
const MOST_AHEAD_MS = 14 * 3_600_000;

/** The first instant that is on a local date; without a time zone the first one that is on it anywhere. */
export const firstInstantOf = (date: string, timeZone: string | null): number =>
  timeZone === null ? Date.parse(`${date}T00:00:00Z`) - MOST_AHEAD_MS : startOfDayMs(date, timeZone);

/**
 * Up to when a pull has all rows, by the cursor that they come in order of (`completeToMs` of a page). Rows of the last time
 * may follow on the next page, so that time itself is not complete. A source that does not keep the order gives no
 * checkpoint any more, nor does a time that nobody can read.
 */
export class RowCheckpoint {
  readonly #window: PullWindow;
  #reachedMs = Number.NEGATIVE_INFINITY;
  #isOrdered = true;
  constructor(window: PullWindow) {
    this.#window = window;
  }

  /** `timesMs`: of each row of the page, as it came; null where it cannot be read. Undefined: it is not known. */
  after(timesMs: readonly (number | null)[]): number | undefined {
    for (const atMs of timesMs) {
      if (atMs === null || !(atMs >= this.#reachedMs)) this.#isOrdered = false;
      else this.#reachedMs = atMs;
    }
    const { fromMs, toMs } = this.#window;
    const isKnown = this.#isOrdered && this.#reachedMs > fromMs && this.#reachedMs < toMs;
    return isKnown ? this.#reachedMs : undefined;
  }
}
