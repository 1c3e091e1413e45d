import { Decimal, type DecimalInput, sum } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import type { LocalDate } from '../types.ts';

/** An amount at a local date. */
export interface DatedFlow {
  date: LocalDate;
  amount: Decimal;
}

/** Days of the year in the act/365 fixed convention of XNPV and XIRR. */
export const YEAR_DAYS = 365;

/**
 * How index i of a list of flows is dated. `npv0`, `tei`: index 0 is time zero, the others year ends. `excel`: every
 * flow at its period's end, the first too (Excel's NPV). `green-book`: as npv0 with HM Treasury's declining rates.
 */
export type FlowConvention = 'npv0' | 'excel' | 'tei' | 'green-book';

/** Time of index 0 under a convention, in periods. */
export function firstFlowAt(convention: FlowConvention): 0 | 1 {
  return convention === 'excel' ? 1 : 0;
}

/**
 * Green Book bands: 3.5 % for years 0–30, 3.0 % for 31–75, 2.5 % for 76–125 (HM Treasury, The Green Book, table 8).
 */
const GREEN_BOOK_BANDS = [
  { throughYear: 30, rate: '0.035' },
  { throughYear: 75, rate: '0.030' },
  { throughYear: 125, rate: '0.025' },
] as const;
export const GREEN_BOOK_LAST_YEAR = 125;

/**
 * Discount factor of a whole year: Π 1/(1 + rate of each year passed). Year 0 is 1.
 * Throws RangeError outside 0–125.
 */
export function greenBookFactor(year: number): Decimal {
  if (!Number.isInteger(year) || year < 0 || year > GREEN_BOOK_LAST_YEAR)
    throw new RangeError(`The Green Book gives factors for the whole years 0 to ${GREEN_BOOK_LAST_YEAR}, not ${year}`);
  let factor: Decimal = new Decimal(1);
  let start = 0;
  for (const band of GREEN_BOOK_BANDS) {
    const years = Math.min(year, band.throughYear) - start;
    if (years <= 0) break;
    factor = factor.div(new Decimal(1).plus(band.rate).pow(years));
    start = band.throughYear;
  }
  return factor;
}

/** (1 + rate)^−periods for regular flows. `rate` must be above −1. */
export function discountFactor(rate: DecimalInput, periods: number): Decimal {
  return new Decimal(1).plus(rate).pow(-periods);
}

/** Factor for index `index` under a convention; null when the convention needs a rate and there is none. */
export function factorAt(convention: FlowConvention, rate: Decimal | null, index: number): Decimal | null {
  if (convention === 'green-book') return greenBookFactor(index);
  return rate === null ? null : discountFactor(rate, index + firstFlowAt(convention));
}

/** Σ flow × factor; null without a rate where the convention needs one. */
export function presentValue(
  flows: readonly Decimal[],
  rate: Decimal | null,
  convention: FlowConvention,
): Decimal | null {
  let total: Decimal = new Decimal(0);
  for (const [index, flow] of flows.entries()) {
    const factor = factorAt(convention, rate, index);
    if (factor === null) return null;
    total = total.plus(flow.times(factor));
  }
  return total;
}

const Wide = Decimal.clone({ precision: 80 });
/** The last rate's (1 + rate)^(1/365): one fractional power a rate, whole powers for its dates, a tenth of the time. */
let daily: { rate: string; growth: Decimal } | null = null;

/** (1 + rate)^(−days/365); days may be negative (a flow before t0 is compounded). */
export function datedDiscountFactor(rate: DecimalInput, days: number): Decimal {
  if (days === 0) return new Decimal(1);
  const key = String(rate);
  if (daily?.rate !== key)
    daily = { rate: key, growth: new Wide(1).plus(rate).pow(new Wide(1).div(YEAR_DAYS)) as Decimal };
  return new Decimal(daily.growth.pow(-days)).toSignificantDigits(Decimal.precision);
}

/** Flows of one day added up, ascending by date; days that come to zero are kept. */
export function combineSameDay(flows: readonly DatedFlow[]): DatedFlow[] {
  const byDate = new Map<LocalDate, Decimal>();
  for (const { date, amount } of flows) byDate.set(date, (byDate.get(date) ?? new Decimal(0)).plus(amount));
  return [...byDate].map(([date, amount]) => ({ date, amount })).sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** XNPV = Σ CF / (1 + r)^((d − d₀)/365), d₀ the given date or the earliest flow's. Zero for no flows. */
export function xnpv(flows: readonly DatedFlow[], rate: DecimalInput, from?: LocalDate): Decimal {
  const combined = combineSameDay(flows);
  const start = from ?? combined[0]?.date;
  if (start === undefined) return new Decimal(0);
  return sum(combined.map(({ date, amount }) => amount.times(datedDiscountFactor(rate, daysBetween(start, date)))));
}
