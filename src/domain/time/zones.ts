import { Temporal } from 'temporal-polyfill';
import type { LocalDate } from '../types.ts';

/** True for an IANA zone (or fixed offset) that this runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.PlainDate.from('2000-01-01').toZonedDateTime(name);
    return true;
  } catch {
    return false;
  }
}

const MAX_CACHED_DAYS = 20_000;
const midnights = new Map<string, number>();

/**
 * The instant at which a local day begins. Where the clocks skip midnight (America/Sao_Paulo until 2018) that is the
 * first instant of the day that exists; a day has 23, 24 or 25 hours.
 */
export function startOfDayMs(date: LocalDate, timeZone: string): number {
  const key = `${timeZone} ${date}`;
  const known = midnights.get(key);
  if (known !== undefined) return known;
  const instant = Temporal.PlainDate.from(date).toZonedDateTime(timeZone).epochMilliseconds;
  if (midnights.size >= MAX_CACHED_DAYS) midnights.clear();
  midnights.set(key, instant);
  return instant;
}

/** The local date of an instant. */
export function localDateAt(instantMs: number, timeZone: string): LocalDate {
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(instantMs))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString();
}

/** [first instant of `from`, first instant of `to`). */
export function instantsOf(
  interval: { from: LocalDate; to: LocalDate },
  timeZone: string,
): { fromMs: number; toMs: number } {
  return { fromMs: startOfDayMs(interval.from, timeZone), toMs: startOfDayMs(interval.to, timeZone) };
}
