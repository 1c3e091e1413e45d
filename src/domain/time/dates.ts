import { Temporal } from 'temporal-polyfill';
import type { LocalDate } from '../types.ts';
import { remembered } from './remembered.ts';

const LOCAL_DATE = /^\d{4}-\d{2}-\d{2}$/;

/** True for a `YYYY-MM-DD` that the calendar has. Such strings order by date when compared as text. */
export function isLocalDate(text: string): boolean {
  // No books have a year 0, and PostgreSQL has none either.
  if (!LOCAL_DATE.test(text) || text.startsWith('0000')) return false;
  const [year, month, day] = [Number(text.slice(0, 4)), Number(text.slice(5, 7)), Number(text.slice(8))];
  return day >= 1 && day <= (month === 2 && isLeap(year) ? 29 : (DAYS_OF_MONTH[month] ?? 0));
}

const DAYS_OF_MONTH = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

const DAY_MS = 86_400_000;
/** Of 0000-01-01 and 9999-12-31: beyond them a date is not written with four digits. */
const [FIRST_DAY, LAST_DAY] = [-719_528, 2_932_896];

/** Throws RangeError for a date that the calendar has not. */
export function addDays(date: LocalDate, days: number): LocalDate {
  const day = epochDay(date) + days;
  if (day < FIRST_DAY || day > LAST_DAY) return Temporal.PlainDate.from(date).add({ days }).toString();
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
/** The 31st becomes the last day of a shorter month. */
export function addMonths(date: LocalDate, months: number): LocalDate {
  return Temporal.PlainDate.from(date).add({ months }).toString();
}
/** 29 February becomes the 28th in a common year. */
export function addYears(date: LocalDate, years: number): LocalDate {
  return Temporal.PlainDate.from(date).add({ years }).toString();
}

/** Days since 1970-01-01, for arithmetic; independent of any time zone. Throws RangeError for a date that the calendar has not. */
export function epochDay(date: LocalDate): number {
  return rememberedEpochDay(date);
}
const rememberedEpochDay = remembered((date) => {
  const [month, day] = [Number(date.slice(5, 7)), Number(date.slice(8, 10))];
  // Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const midnight = new Date(0);
  midnight.setUTCFullYear(Number(date.slice(0, 4)), month - 1, day);
  if (date.length !== 10 || midnight.getUTCDate() !== day || midnight.getUTCMonth() !== month - 1)
    return Math.round(Temporal.PlainDate.from(date).toZonedDateTime('UTC').epochMilliseconds / DAY_MS);
  return midnight.getTime() / DAY_MS;
});

/** Days from `from` to `to`, negative when `to` is earlier. */
export function daysBetween(from: LocalDate, to: LocalDate): number {
  return epochDay(to) - epochDay(from);
}

export function earlier(a: LocalDate, b: LocalDate): LocalDate {
  return a < b ? a : b;
}
export function later(a: LocalDate, b: LocalDate): LocalDate {
  return a > b ? a : b;
}
