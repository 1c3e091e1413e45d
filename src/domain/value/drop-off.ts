import { Decimal } from '../money/decimal.ts';
import type { DecimalString, LocalDate } from '../types.ts';

/** Whole years from one date to another, 0 where it is not later; 29 February has its day on the 28th of a common year. */
export function wholeYears(from: LocalDate, to: LocalDate): number {
  const years = Number(to.slice(0, 4)) - Number(from.slice(0, 4));
  const isLeapDay = from.slice(5) === '02-29';
  const day = isLeapDay && !isLeapYear(Number(to.slice(0, 4))) ? '02-28' : from.slice(5);
  return Math.max(0, to.slice(5) < day ? years - 1 : years);
}

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/**
 * (1 − dropOff)^years: what is left of a benefit, `years` being the whole years from its start to the period's start. The year
 * after the start has all of it. (Drop-off as in the Guide to Social Return on Investment, stage 4: it begins in the year after.)
 */
export function keptShare(dropOff: DecimalString, startsOn: LocalDate, date: LocalDate): Decimal {
  return new Decimal(1).minus(dropOff).pow(wholeYears(startsOn, date));
}
