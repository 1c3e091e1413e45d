import { Decimal, roundMoney, sum } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import type { LocalDate } from '../types.ts';
import type { Valuation } from '../value/valuation.ts';
import { type CostAmount, costOutlook } from './cost-outlook.ts';
import type { PlanValue } from './plan-value.ts';
import { addParts, NO_PARTS, type Parts } from './variance-parts.ts';

const ZERO = new Decimal(0);

/**
 * Actual − plan of the costs to date, by pool. Amounts alone do not tell a price from a quantity, so that rate is zero and
 * volume is the amount. fx: the actual lines at their own less at budget rates. timing: the part of a pool's difference that
 * its estimate at completion takes back, because the money comes in another period than planned but comes; what
 * the estimate leaves standing is volume. Null where a line has no rate.
 */
export function costVariance(valuation: Valuation, plan: PlanValue): { parts: Parts; planned: Decimal } | null {
  const { input } = valuation;
  const spent = costOutlook(input, plan, valuation.fx)?.spent;
  const atBudget = costOutlook(input, plan, withFallback(plan.budget, valuation.fx));
  if (spent === undefined || atBudget === null) return null;
  const due = plan.costs.filter(({ date }) => date <= input.asOf);
  const pools = new Set([...due, ...atBudget.spent].map(({ pool }) => pool));
  const of = (rows: readonly CostAmount[], pool: string): Decimal =>
    sum(rows.filter((row) => row.pool === pool).map(({ amount }) => amount));
  const remaining = plan.costs.filter(({ date }) => date > input.asOf);
  let parts: Parts = NO_PARTS;
  for (const pool of pools) {
    const actual = of(atBudget.spent, pool);
    const toDate = actual.minus(of(due, pool));
    const atCompletion = toDate.plus(of(atBudget.expected, pool)).minus(of(remaining, pool));
    const volume = roundMoney(between(atCompletion, toDate));
    const fx = of(spent, pool).minus(actual);
    parts = addParts(parts, { ...NO_PARTS, volume, timing: toDate.minus(volume), fx });
  }
  return { parts, planned: sum(due.map(({ amount }) => amount)) };
}

/** The value, kept between zero and a limit of either sign. */
const between = (value: Decimal, limit: Decimal): Decimal =>
  limit.isNegative() ? Decimal.max(limit, Decimal.min(ZERO, value)) : Decimal.min(limit, Decimal.max(ZERO, value));

/** Budget rates; for a currency that the plan has none for, the rate that applied: there is nothing to deviate from. */
export function withFallback(budget: FxBook, actual: FxBook): FxBook {
  const either = <T extends { found: boolean }>(first: T, second: () => T): T => (first.found ? first : second());
  return {
    on: (from, to, date: LocalDate) => either(budget.on(from, to, date), () => actual.on(from, to, date)),
    average: (from, to, period) => either(budget.average(from, to, period), () => actual.average(from, to, period)),
    days(from, to, period) {
      const days = budget.days(from, to, period);
      return days.length > 0 ? days : actual.days(from, to, period);
    },
  };
}
