import { Temporal } from 'temporal-polyfill';
import type { Cadence, LocalDate } from '../types.ts';
import { addDays, addMonths, daysBetween } from './dates.ts';
import { remembered } from './remembered.ts';

/** A half-open interval of local dates: `to` is excluded. */
export interface Period {
  from: LocalDate;
  to: LocalDate;
}

/** The day, ISO week (Monday to Monday), calendar month, quarter or year that holds a date. */
export function periodAt(date: LocalDate, cadence: Cadence): Readonly<Period> {
  return periodsOf[cadence](date);
}
const periodsOf: Record<Cadence, (date: LocalDate) => Readonly<Period>> = {
  day: remembered((date) => findPeriod(date, 'day')),
  week: remembered((date) => findPeriod(date, 'week')),
  month: remembered((date) => findPeriod(date, 'month')),
  quarter: remembered((date) => findPeriod(date, 'quarter')),
  year: remembered((date) => findPeriod(date, 'year')),
};

function findPeriod(date: LocalDate, cadence: Cadence): Period {
  const day = Temporal.PlainDate.from(date);
  switch (cadence) {
    case 'day':
      return { from: date, to: addDays(date, 1) };
    case 'week': {
      const from = day.subtract({ days: day.dayOfWeek - 1 }).toString();
      return { from, to: addDays(from, 7) };
    }
    case 'month': {
      const from = day.with({ day: 1 }).toString();
      return { from, to: addMonths(from, 1) };
    }
    case 'quarter': {
      const from = day.with({ day: 1, month: Math.floor((day.month - 1) / 3) * 3 + 1 }).toString();
      return { from, to: addMonths(from, 3) };
    }
    case 'year': {
      const from = day.with({ day: 1, month: 1 }).toString();
      return { from, to: addMonths(from, 12) };
    }
  }
}

/** All periods that touch [from, to), ascending; empty when `to` is not after `from`. */
export function periodsTouching(from: LocalDate, to: LocalDate, cadence: Cadence): Period[] {
  const periods: Period[] = [];
  for (let period = periodAt(from, cadence); period.from < to; period = periodAt(period.to, cadence)) {
    if (period.to > from) periods.push(period);
  }
  return from < to ? periods : [];
}

/** The periods that lie wholly within [from, to), ascending. */
export function periodsWithin(from: LocalDate, to: LocalDate, cadence: Cadence): Period[] {
  return periodsTouching(from, to, cadence).filter((period) => period.from >= from && period.to <= to);
}

/**
 * Years that a period lasts, as (days in each calendar year) / (365 or 366): a whole year is exactly 1.
 * Returned as pairs, so that the caller divides in decimals.
 */
export function yearParts({ from, to }: Period): readonly YearPart[] {
  return rememberedYearParts(`${from}/${to}`);
}
interface YearPart {
  days: number;
  daysInYear: number;
}
const rememberedYearParts = remembered((key): readonly YearPart[] => {
  const [start, end] = key.split('/') as [LocalDate, LocalDate];
  const parts: YearPart[] = [];
  for (let from = start; from < end; ) {
    const day = Temporal.PlainDate.from(from);
    const nextYear = day.with({ month: 1, day: 1 }).add({ years: 1 }).toString();
    const to = nextYear < end ? nextYear : end;
    parts.push({ days: daysBetween(from, to), daysInYear: day.daysInYear });
    from = to;
  }
  return parts;
});
