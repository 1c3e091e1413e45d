import { Decimal, type DecimalInput, sum } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import type { FlowTiming, LocalDate } from '../types.ts';
import { factorOver, flatRate, type RateStep } from './discount-steps.ts';
import { type FlowConvention, halfPeriodsAt } from './flow-times.ts';

/** An amount at a local date. */
export interface DatedFlow {
  date: LocalDate;
  amount: Decimal;
}

/** Days of the year in the act/365 fixed convention of XNPV and XIRR. */
export const YEAR_DAYS = 365;

/**
 * Green Book bands: 3.5 % for years 0–30, 3.0 % for 31–75, 2.5 % for 76–125 (HM Treasury, The Green Book, table 8): the
 * 31st year passes at 3.0 %.
 */
export const GREEN_BOOK_STEPS: readonly RateStep[] = [
  { fromYear: 0, rate: new Decimal('0.035') },
  { fromYear: 30, rate: new Decimal('0.030') },
  { fromYear: 75, rate: new Decimal('0.025') },
];
export const GREEN_BOOK_LAST_YEAR = 125;

/**
 * Discount factor of a whole year: Π 1/(1 + rate of each year passed). Year 0 is 1.
 * Throws RangeError outside 0–125.
 */
export function greenBookFactor(year: number): Decimal {
  if (!Number.isInteger(year) || year < 0 || year > GREEN_BOOK_LAST_YEAR)
    throw new RangeError(`The Green Book gives factors for the whole years 0 to ${GREEN_BOOK_LAST_YEAR}, not ${year}`);
  return factorOver(GREEN_BOOK_STEPS, year, 1);
}

/** (1 + rate)^−periods for regular flows. `rate` must be above −1. */
export function discountFactor(rate: DecimalInput, periods: number): Decimal {
  return new Decimal(1).plus(rate).pow(-periods);
}

/**
 * Factor for index `index` under a convention, by one rate or by steps; null when the convention needs rates and there are none.
 * Throws RangeError for `green-book` beyond year 125.
 */
export function factorAt(
  convention: FlowConvention,
  rates: Decimal | readonly RateStep[] | null,
  index: number,
  timing?: FlowTiming,
): Decimal | null {
  const halves = halfPeriodsAt(convention, timing, index);
  if (convention === 'green-book')
    return halves % 2 === 0 ? greenBookFactor(halves / 2) : factorOver(GREEN_BOOK_STEPS, halves, 2);
  if (rates === null) return null;
  if (Decimal.isDecimal(rates) && halves % 2 === 0) return discountFactor(rates, halves / 2);
  return factorOver(Decimal.isDecimal(rates) ? flatRate(rates) : rates, halves, 2);
}

/** Σ flow × factor; null without a rate where the convention needs one. */
export function presentValue(
  flows: readonly Decimal[],
  rates: Decimal | readonly RateStep[] | null,
  convention: FlowConvention,
  timing?: FlowTiming,
): Decimal | null {
  let total: Decimal = new Decimal(0);
  for (const [index, flow] of flows.entries()) {
    const factor = factorAt(convention, rates, index, timing);
    if (factor === null) return null;
    total = total.plus(flow.times(factor));
  }
  return total;
}

/** (1 + rate)^(−days/365); days may be negative (a flow before t0 is compounded). */
export function datedDiscountFactor(rate: DecimalInput, days: number): Decimal {
  return factorOver(flatRate(rate), days, YEAR_DAYS);
}

/** Flows of one day added up, ascending by date; days that come to zero are kept. */
export function combineSameDay(flows: readonly DatedFlow[]): DatedFlow[] {
  const byDate = new Map<LocalDate, Decimal>();
  for (const { date, amount } of flows) byDate.set(date, (byDate.get(date) ?? new Decimal(0)).plus(amount));
  return [...byDate].map(([date, amount]) => ({ date, amount })).sort((a, b) => (a.date < b.date ? -1 : 1));
}

/**
 * XNPV = Σ CF / (1 + r)^((d − d₀)/365), d₀ the given date or the earliest flow's; with steps the factor is the product
 * over the years of 365 days passed. Zero for no flows.
 */
export function xnpv(
  flows: readonly DatedFlow[],
  rates: DecimalInput | readonly RateStep[],
  from?: LocalDate,
): Decimal {
  const combined = combineSameDay(flows);
  const start = from ?? combined[0]?.date;
  if (start === undefined) return new Decimal(0);
  const steps = Array.isArray(rates) ? (rates as readonly RateStep[]) : flatRate(rates as DecimalInput);
  return sum(combined.map(({ date, amount }) => amount.times(factorOver(steps, daysBetween(start, date), YEAR_DAYS))));
}
