import { Temporal } from 'temporal-polyfill';
import type { FiscalCalendar, LocalDate } from '../types.ts';
import { addDays, addMonths, daysBetween } from './dates.ts';
import type { Period } from './periods.ts';

/** A part of a fiscal year; `to` is excluded. Computed calendars name it `FY2026 P03`, a table by its own words. */
export interface FiscalPeriod extends Period {
  name: string;
}
/** `FY2026`, or the name in the table; `to` is excluded. The periods tile the year. */
export interface FiscalYear extends FiscalPeriod {
  periods: FiscalPeriod[];
}

type WeeksCalendar = Extract<FiscalCalendar, { kind: 'weeks' }>;
type MonthsCalendar = Extract<FiscalCalendar, { kind: 'months' }>;

const MONTHS = 12;
const WEEK_DAYS = 7;
const WEEKS = 52;

/** The fiscal year that holds a date; null where a table does not reach. */
export function fiscalYearAt(calendar: FiscalCalendar, date: LocalDate): FiscalYear | null {
  if (calendar.kind === 'table') return tableYears(calendar).find((year) => holds(year, date)) ?? null;
  const around = Temporal.PlainDate.from(date).year;
  for (const endYear of [around, around + 1, around - 1]) {
    const year = computedYear(calendar, endYear);
    if (holds(year, date)) return year;
  }
  return null;
}

/** The period of the fiscal year that holds a date; null where a table does not reach. */
export function fiscalPeriodAt(calendar: FiscalCalendar, date: LocalDate): FiscalPeriod | null {
  return fiscalYearAt(calendar, date)?.periods.find((period) => holds(period, date)) ?? null;
}

/** Fiscal years that touch [from, to), ascending; those that a table knows of. Empty when `to` is not after `from`. */
export function fiscalYears(calendar: FiscalCalendar, from: LocalDate, to: LocalDate): FiscalYear[] {
  if (to <= from) return [];
  if (calendar.kind === 'table') return tableYears(calendar).filter((year) => year.from < to && year.to > from);
  const years: FiscalYear[] = [];
  for (let year = fiscalYearAt(calendar, from); year && year.from < to; year = fiscalYearAt(calendar, year.to))
    years.push(year);
  return years;
}

function holds({ from, to }: Period, date: LocalDate): boolean {
  return from <= date && date < to;
}

function tableYears({ years }: Extract<FiscalCalendar, { kind: 'table' }>): FiscalYear[] {
  return years.flatMap(({ name, periods }) => {
    const [first, last] = [periods[0], periods.at(-1)];
    return first && last ? [{ name, from: first.from, to: last.to, periods }] : [];
  });
}

function computedYear(calendar: MonthsCalendar | WeeksCalendar, endYear: number): FiscalYear {
  return calendar.kind === 'months' ? yearOfMonths(calendar, endYear) : yearOfWeeks(calendar, endYear);
}

/** Named after the calendar year of its last month (`end`), or of its first. */
function nameOf(calendar: MonthsCalendar | WeeksCalendar, endYear: number): string {
  const lastMonth = calendar.kind === 'weeks' ? calendar.lastMonth : ((calendar.firstMonth + 10) % MONTHS) + 1;
  const year = calendar.namedAfter === 'start' && lastMonth < MONTHS ? endYear - 1 : endYear;
  return `FY${String(year).padStart(4, '0')}`;
}

function named(year: string, periods: readonly Period[]): FiscalPeriod[] {
  return periods.map(({ from, to }, index) => ({ name: `${year} P${String(index + 1).padStart(2, '0')}`, from, to }));
}

function yearOfMonths(calendar: MonthsCalendar, endYear: number): FiscalYear {
  const startYear = calendar.firstMonth === 1 ? endYear : endYear - 1;
  const from = Temporal.PlainDate.from({ year: startYear, month: calendar.firstMonth, day: 1 }).toString();
  const name = nameOf(calendar, endYear);
  const periods = Array.from({ length: MONTHS }, (_, month) => ({
    from: addMonths(from, month),
    to: addMonths(from, month + 1),
  }));
  return { name, from, to: addMonths(from, MONTHS), periods: named(name, periods) };
}

/** The day after the year's last: that weekday, the last of the month or the one nearest to the month's end. */
function weeksEndAfter({ lastMonth, endsOnWeekday, rule }: WeeksCalendar, year: number): LocalDate {
  const first = Temporal.PlainDate.from({ year, month: lastMonth, day: 1 });
  const monthEnd = first.with({ day: first.daysInMonth });
  const back = (monthEnd.dayOfWeek - endsOnWeekday + WEEK_DAYS) % WEEK_DAYS;
  const forward = rule === 'nearest-to-month-end' && back > WEEK_DAYS / 2 ? WEEK_DAYS - back : -back;
  return monthEnd.add({ days: forward + 1 }).toString();
}

function yearOfWeeks(calendar: WeeksCalendar, endYear: number): FiscalYear {
  const from = weeksEndAfter(calendar, endYear - 1);
  const to = weeksEndAfter(calendar, endYear);
  const quarter = calendar.pattern.split('-').map(Number);
  const lengths = [...quarter, ...quarter, ...quarter, ...quarter];
  const extra = daysBetween(from, to) / WEEK_DAYS - WEEKS;
  lengths.push((lengths.pop() ?? 0) + extra);
  const periods: Period[] = [];
  let start = from;
  for (const weeks of lengths) {
    const end = addDays(start, weeks * WEEK_DAYS);
    periods.push({ from: start, to: end });
    start = end;
  }
  const name = nameOf(calendar, endYear);
  return { name, from, to, periods: named(name, periods) };
}
