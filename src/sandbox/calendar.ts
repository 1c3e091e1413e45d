export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const WEEK_MS = 7 * DAY_MS;

/** All of the sandbox's people and books live here. */
export const timeZone = 'Europe/Berlin';

export const dateOf = (utcMs: number): string => new Date(utcMs).toISOString().slice(0, 10);
export const atDate = (date: string): number => Date.parse(`${date}T00:00:00Z`);
export const plusDays = (date: string, days: number): string => dateOf(atDate(date) + days * DAY_MS);
/** 0 is Monday. */
export const weekday = (utcMs: number): number => (new Date(utcMs).getUTCDay() + 6) % 7;

const berlinDate = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
export const berlinDateOf = (instantMs: number): string => berlinDate.format(instantMs);

export interface StoryDates {
  /** A Monday: both projects start. */
  startsOn: string;
  /** Five whole weeks from `startsOn` are the baseline. */
  baselineTo: string;
  /** A Monday, six weeks after the start. */
  liveOn: string;
  /** Last local day that is over. */
  lastDate: string;
  /** The history reaches from here … */
  fromMs: number;
  /** … to the last full hour. */
  toMs: number;
}

/**
 * The story starts on the Monday of the week of the first of the month 180 days ago: so at least 180 days of history,
 * and the same start all month long, so that tomorrow's history continues today's.
 * `startedOn`: a story that was begun before goes on from its own start, for its plans were frozen.
 */
export function storyDates(nowMs: number, startedOn: string | null = null): StoryDates {
  const halfAYearAgo = new Date(nowMs - 180 * DAY_MS);
  const firstOfMonthMs = Date.UTC(halfAYearAgo.getUTCFullYear(), halfAYearAgo.getUTCMonth(), 1);
  const startsOn = startedOn ?? dateOf(firstOfMonthMs - weekday(firstOfMonthMs) * DAY_MS);
  return {
    startsOn,
    baselineTo: plusDays(startsOn, 35),
    liveOn: plusDays(startsOn, 42),
    lastDate: plusDays(berlinDateOf(nowMs), -1),
    // A day earlier: the local Monday begins before the one of UTC.
    fromMs: atDate(startsOn) - DAY_MS,
    toMs: Math.floor(nowMs / HOUR_MS) * HOUR_MS,
  };
}
