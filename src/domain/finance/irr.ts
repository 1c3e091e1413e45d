import { Decimal, sum } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import { combineSameDay, type DatedFlow, discountFactor, YEAR_DAYS } from './discounting.ts';
import { positiveRoots, type Term } from './roots.ts';

/** Rates are sought in (lowest, highest]. */
export const LOWEST_RATE = new Decimal('-0.99');
export const HIGHEST_RATE = new Decimal(10);

/** Every internal rate of return in (−0.99, 10], ascending, to 15 decimal places; a rate is shown only if `unique`. */
export interface RateOfReturn {
  status: 'unique' | 'multiple' | 'none';
  roots: Decimal[];
}

const ROOT_PLACES = 15;
/** The search reaches this share beyond the bounds, so that a root upon one is not lost to rounding. */
const MARGIN = new Decimal('1e-20');

/** Rates from the roots x = (1 + r)^(−1/stepsPerYear) of Σ coefficient·x^exponent. */
function ratesOf(terms: readonly Term[], stepsPerYear: number): RateOfReturn {
  const power = new Decimal(-1).div(stepsPerYear);
  const low = new Decimal(1).plus(HIGHEST_RATE).pow(power).times(new Decimal(1).minus(MARGIN));
  const high = new Decimal(1).plus(LOWEST_RATE).pow(power).times(new Decimal(1).plus(MARGIN));
  // Adding zero turns a negative zero into zero.
  const roots = positiveRoots(terms, low, high)
    .map((x) => new Decimal(x.pow(-stepsPerYear).minus(1)).toDecimalPlaces(ROOT_PLACES).plus(0))
    .filter((rate) => rate.gt(LOWEST_RATE) && rate.lte(HIGHEST_RATE))
    .sort((a, b) => a.comparedTo(b));
  return { status: roots.length === 0 ? 'none' : roots.length === 1 ? 'unique' : 'multiple', roots };
}

/** Internal rates of return of regular flows: every r with Σ flowᵢ/(1 + r)^i = 0. A double root counts once. */
export function irr(flows: readonly Decimal[]): RateOfReturn {
  return ratesOf(
    flows.map((coefficient, exponent) => ({ exponent, coefficient })),
    1,
  );
}

/** The same for dated flows, act/365; flows of one day are added up first. */
export function xirr(flows: readonly DatedFlow[]): RateOfReturn {
  const combined = combineSameDay(flows);
  const start = combined[0]?.date;
  if (start === undefined) return { status: 'none', roots: [] };
  return ratesOf(
    combined.map(({ date, amount }) => ({ exponent: daysBetween(start, date), coefficient: amount })),
    YEAR_DAYS,
  );
}

/** The same for flows at whole ticks of a year or period: `[tick, amount]`, any order. */
export function irrOfTicks(flows: readonly (readonly [number, Decimal])[], ticksPerPeriod: number): RateOfReturn {
  const earliest = flows.reduce((low, [tick]) => Math.min(low, tick), Number.POSITIVE_INFINITY);
  return ratesOf(
    flows.map(([tick, coefficient]) => ({ exponent: tick - earliest, coefficient })),
    ticksPerPeriod,
  );
}

/**
 * Modified IRR: (FV of the inflows at the reinvestment rate / −PV of the outflows at the finance rate)^(1/n) − 1 over
 * n = length − 1 periods (as Excel's MIRR and numpy-financial's mirr). Null without an inflow, an outflow or a period.
 */
export function mirr(flows: readonly Decimal[], financeRate: Decimal, reinvestRate: Decimal): Decimal | null {
  const factors = (rate: Decimal): Decimal[] => flows.map((_, index) => discountFactor(rate, index));
  return modifiedRate(flows, factors(financeRate), factors(reinvestRate), flows.length - 1);
}

/**
 * MIRR with any discount factors, one for each flow in the order of time: rates may change on the way. `periods` lie
 * between the first flow and the last.
 */
export function modifiedRate(
  flows: readonly Decimal[],
  financeFactors: readonly Decimal[],
  reinvestFactors: readonly Decimal[],
  periods: number,
): Decimal | null {
  const [first, last] = [financeFactors[0], reinvestFactors.at(-1)];
  if (periods <= 0 || !first || !last) return null;
  const at = (factors: readonly Decimal[], index: number): Decimal => factors[index] as Decimal;
  const outflows = sum(flows.map((flow, index) => Decimal.min(flow, 0).times(at(financeFactors, index))));
  const inflows = sum(flows.map((flow, index) => Decimal.max(flow, 0).times(at(reinvestFactors, index))));
  if (outflows.isZero() || inflows.isZero()) return null;
  const growth = inflows.div(last).div(outflows.neg().div(first));
  return growth.pow(new Decimal(1).div(periods)).minus(1);
}
