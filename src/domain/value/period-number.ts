import { epochDay } from '../time/dates.ts';
import { periodAt } from '../time/periods.ts';
import type { Cadence, LocalDate } from '../types.ts';

/** 1970-01-01 was a Thursday: days from the Monday before it. */
const MONDAY_OFFSET = 3;

/** Number of the period that holds a date, counted without gaps: the distance of two is the number of periods between. */
export function periodNumber(cadence: Cadence, date: LocalDate): number {
  const year = Number(date.slice(0, 4));
  const month = Number(date.slice(5, 7)) - 1;
  switch (cadence) {
    case 'day':
      return epochDay(date);
    case 'week':
      return Math.floor((epochDay(date) + MONDAY_OFFSET) / 7);
    case 'month':
      return year * 12 + month;
    case 'quarter':
      return year * 4 + Math.floor(month / 3);
    case 'year':
      return year;
  }
}

/** Number of the first period that starts on or after a date. */
export function firstCountedPeriod(cadence: Cadence, startsOn: LocalDate): number {
  const holding = periodNumber(cadence, startsOn);
  return periodAt(startsOn, cadence).from === startsOn ? holding : holding + 1;
}
