import { Decimal, sum } from '../money/decimal.ts';
import type { ComparedMetric } from './comparison.ts';

/** Counted periods that k looks back on: half a year of months, so that it follows what lasts and not one month's chance. */
export const TRAILING_PERIODS = 6;
/** Periods that the plan itself weighs: K of the credibility factor, so that six periods count two thirds. */
export const PRIOR_PERIODS = 3;
/** Never negative, and never more than twice the plan: beyond it the plan is to be made anew, not multiplied. */
export const FACTOR_RANGE = { least: 0, most: 2 } as const;

export interface Performance {
  /** k. */
  factor: Decimal;
  /** Trailing actual / plan before shrinking; null: there is nothing to compare, or the plan's sum is not above zero. */
  ratio: Decimal | null;
  /** Periods that it rests on. */
  periods: number;
}

/**
 * How well the remaining plan is to be believed: the ratio of what came to what was planned for the last counted periods,
 * as earned value management projects what remains by a performance index to date or over the last periods (PMI, Practice
 * Standard for Earned Value Management: EAC = AC + (BAC − EV)/CPI). A few periods say little, so that the index is
 * drawn toward the plan's own 1 by the credibility factor of Bühlmann ("Experience rating and credibility", ASTIN
 * Bulletin 4, 1967): Z = n/(n + K), k = 1 + Z·(ratio − 1), kept within `FACTOR_RANGE`.
 *
 * The plan is taken from the start that came to be: a late start is a delay, told as timing, and would otherwise lower
 * k as well. Negative or zero plan sums give no ratio that means anything: k = 1.
 */
export function performanceOf({ periods }: ComparedMetric): Performance {
  const known = periods.filter(({ actual, asStarted }) => actual !== null && !asStarted.observed.isZero());
  const trailing = known.slice(-TRAILING_PERIODS);
  const planned = sum(trailing.map(({ asStarted }) => asStarted.observed));
  if (planned.lte(0)) return { factor: new Decimal(1), ratio: null, periods: trailing.length };
  const ratio = sum(trailing.map(({ actual }) => actual?.benefit ?? new Decimal(0))).div(planned);
  return { factor: shrunk(ratio, trailing.length), ratio, periods: trailing.length };
}

/** k of a ratio that rests on so many periods. */
export function shrunk(ratio: Decimal, periods: number): Decimal {
  const credibility = new Decimal(periods).div(periods + PRIOR_PERIODS);
  const factor = ratio.minus(1).times(credibility).plus(1);
  return Decimal.max(FACTOR_RANGE.least, Decimal.min(FACTOR_RANGE.most, factor));
}
