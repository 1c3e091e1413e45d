import { Decimal, roundMoney } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import type { CurrencyCode } from '../types.ts';
import { periodBenefit } from '../value/benefit.ts';
import type { CountedPeriod } from '../value/period.ts';
import type { ComparedMetric, ComparedPeriod } from './comparison.ts';
import type { PlannedMetric } from './plan-value.ts';
import { addParts, NO_PARTS, type Parts } from './variance-parts.ts';

/**
 * Actual − plan to date of one metric, by the convention of standard costing (price variance at the actual quantity, quantity
 * variance at the standard price: Horngren, Datar, Rajan, Cost Accounting, ch. 7), with exchange split off the price and
 * time off the quantity. With Q the claimed quantity (movement · exposure or time · attribution … drop-off),
 * r the rate and X the exchange rate; p planned, s planned from the start that came to be, a actual:
 *
 *   timing = Qₛ·rₚ·Xₚ − Qₚ·rₚ·Xₚ   volume = (Qₐ − Qₛ)·rₚ·Xₚ   rate = Qₐ·(rₐ − rₚ)·Xₚ   fx = Qₐ·rₐ·(Xₐ − Xₚ)
 *
 * They telescope, so that the parts sum to the total. A change of attribution, deadweight, displacement or confidence against
 * the plan changes what may be claimed and is volume. A benefit that nobody planned is volume, less its fx; a currency
 * without a budget rate has none to deviate from, and so no fx.
 */
export function benefitVariance({ plan, periods }: ComparedMetric, budget: FxBook, currency: CurrencyCode): Parts {
  return periods
    .filter(({ isOver }) => isOver)
    .map((period) => partsOf(plan, period, budget, currency))
    .reduce(addParts, NO_PARTS);
}

function partsOf(
  plan: PlannedMetric | null,
  { from, to, actual, planned, asStarted }: ComparedPeriod,
  budget: FxBook,
  currency: CurrencyCode,
): Parts {
  const timing = asStarted.observed.minus(planned.observed);
  if (actual === null) return { ...NO_PARTS, timing, volume: asStarted.observed.neg() };
  const atBudget = benefitAt(actual, budgetRateOf(actual, budget, currency));
  const exchange = plan && budget.average(plan.promise.rate.currency, currency, { from, to });
  const atPlan = plan && exchange?.found ? benefitAt(actual, annualRate(plan).times(exchange.rate)) : atBudget;
  return {
    volume: atPlan.minus(asStarted.observed),
    rate: atBudget.minus(atPlan),
    timing,
    fx: actual.benefit.minus(atBudget),
  };
}

/** The period's benefit as counted, at another rate. */
const benefitAt = ({ terms, benefit }: CountedPeriod, rate: Decimal): Decimal =>
  rate.eq(terms.rate) ? benefit : roundMoney(periodBenefit({ ...terms, rate }).benefit);

const annualRate = ({ promise: { rate } }: PlannedMetric): Decimal =>
  new Decimal(rate.amount).times(rate.perPeriod === 'month' ? 12 : 1);

/** The actual rate at budget exchange rates. */
function budgetRateOf({ rateParts }: CountedPeriod, budget: FxBook, currency: CurrencyCode): Decimal {
  let rate: Decimal = new Decimal(0);
  for (const part of rateParts) {
    const lookup = budget.average(part.currency, currency, part);
    rate = rate.plus(part.amount.times(lookup.found ? lookup.rate : part.exchange).times(part.share));
  }
  return rate;
}
