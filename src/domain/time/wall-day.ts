import { Temporal } from 'temporal-polyfill';
import type { LocalDate } from '../types.ts';

export interface WallDay {
  /** The calendar date on which it began. */
  day: LocalDate;
  startsAtMs: number;
  endsAtMs: number;
}

/**
 * The day that an instant belongs to, where days begin at `beginsAt` (`HH:MM`) on the wall clock of the zone: 23, 24 or 25
 * hours long. Where the clocks skip that time, the day begins as much later; where they repeat it, at the first of the two.
 */
export function wallDayAt(instantMs: number, beginsAt: string, timeZone: string): WallDay {
  const time = Temporal.PlainTime.from(beginsAt);
  const startOf = (date: Temporal.PlainDate): number =>
    date.toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds;
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(instantMs))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const date = startOf(today) <= instantMs ? today : today.subtract({ days: 1 });
  return { day: date.toString(), startsAtMs: startOf(date), endsAtMs: startOf(date.add({ days: 1 })) };
}
