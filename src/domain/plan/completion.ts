import { Decimal, overCost, ratioString, roundMoney, sum } from '../money/decimal.ts';
import { addDays, later } from '../time/dates.ts';
import { periodAt } from '../time/periods.ts';
import type { DecimalString, LocalDate } from '../types.ts';
import { type MonthlyFlow, monthlyFlows } from '../value/cash-flows.ts';
import { money, ratioOrNull } from '../value/figures.ts';
import type { ForecastOutput } from '../value/outputs.ts';
import { type PresentValue, presentValueOf } from '../value/present-value.ts';
import { irrOf, paybackOf } from '../value/returns.ts';
import type { Valuation } from '../value/valuation.ts';
import type { ComparedMetric } from './comparison.ts';
import { type CostAmount, costOutlook } from './cost-outlook.ts';
import { type Performance, performanceOf } from './performance.ts';
import type { PlanValue } from './plan-value.ts';

export interface ExpectedBenefit {
  metricId: string;
  /** Last day of its period. */
  date: LocalDate;
  amount: Decimal;
}
/** Actuals and what is expected, in the arithmetic's own numbers. */
export interface Completion {
  metrics: {
    metricId: string;
    actual: Decimal;
    remainingPlan: Decimal;
    expected: Decimal;
    performance: Performance;
    /** q of the plan, which is in what is expected. */
    confidence: DecimalString;
  }[];
  /** Planned × k. */
  expectedBenefits: ExpectedBenefit[];
  /** With the cost risk in them. */
  expectedCosts: CostAmount[];
  costBasis: 'lines' | 'plan';
  benefit: Decimal;
  cost: Decimal;
  flows: MonthlyFlow[];
  presentValue: PresentValue;
  /** No flow is dated later. */
  until: LocalDate;
}

/**
 * Forecast at completion: actual benefit of what was observed, and for the rest up to the metric's end or the horizon the
 * plan from the start that is now known, times k. A period that is over but was not observed is expected like
 * those to come: leaving it out would take what is missing for zero, and it never becomes realised. Costs: cost to date
 * and what `costOutlook` expects. Null where benefit or cost to date is not known.
 */
export function completionOf(
  valuation: Valuation,
  plan: PlanValue,
  compared: readonly ComparedMetric[],
): Completion | null {
  const { input, benefitToDate, costs } = valuation;
  const { project, asOf } = input;
  if (benefitToDate === null || costs.toDate === null) return null;
  const outlook = costOutlook(input, plan, valuation.fx);
  if (outlook === null) return null;
  const expectedBenefits: ExpectedBenefit[] = [];
  const metrics = compared.map((metric) => {
    const { metricId, periods } = metric;
    const performance = performanceOf(metric);
    const remaining = periods.filter(({ asStarted }) => !asStarted.rest.isZero());
    const rows = remaining.map(({ to, asStarted }) => ({
      metricId,
      date: addDays(to, -1),
      amount: roundMoney(asStarted.rest.times(performance.factor)),
    }));
    expectedBenefits.push(...rows);
    return {
      metricId,
      actual: sum(periods.map(({ actual }) => actual?.benefit ?? new Decimal(0))),
      remainingPlan: sum(remaining.map(({ asStarted }) => asStarted.rest)),
      expected: sum(rows.map(({ amount }) => amount)),
      performance,
      confidence: metric.plan?.promise.confidence ?? '1',
    };
  });
  const { expected: expectedCosts, basis: costBasis } = outlook;
  const realised = valuation.metrics.flatMap(({ counted }) =>
    counted.map(({ to, benefit }) => ({ date: addDays(to, -1), amount: benefit })),
  );
  const lastExpected = [...expectedBenefits, ...expectedCosts].reduce<LocalDate | null>(
    (last, { date }) => (last === null ? date : later(last, date)),
    null,
  );
  const until = lastExpected === null ? asOf : later(asOf, addDays(periodAt(lastExpected, 'month').to, -1));
  const benefits = [...realised, ...expectedBenefits];
  const flows = monthlyFlows(benefits, [...costs.counted, ...expectedCosts], project, until);
  return {
    metrics,
    expectedBenefits,
    expectedCosts,
    costBasis,
    benefit: benefitToDate.plus(sum(expectedBenefits.map(({ amount }) => amount))),
    cost: costs.toDate.plus(sum(expectedCosts.map(({ amount }) => amount))),
    flows,
    presentValue: presentValueOf(project, flows),
    until,
  };
}

export function forecastOutput({ input }: Valuation, completion: Completion): ForecastOutput {
  const { project } = input;
  const { flows, presentValue, metrics } = completion;
  const npv = presentValue.benefits.minus(presentValue.costs);
  const monthOf = (date: LocalDate): string => date.slice(0, 'YYYY-MM'.length);
  const expected = new Set(
    [...completion.expectedBenefits, ...completion.expectedCosts].map(({ date }) => monthOf(date)),
  );
  return {
    factors: metrics.map(({ metricId, performance: { factor, ratio, periods } }) => ({
      metricId,
      factor: ratioString(factor),
      ratio: ratioOrNull(ratio),
      periods,
    })),
    metrics: metrics.map(({ metricId, ...amounts }) => ({
      metricId,
      actual: money(amounts.actual),
      remainingPlan: money(amounts.remainingPlan),
      expected: money(amounts.expected),
    })),
    benefitAtCompletion: money(completion.benefit),
    costAtCompletion: money(completion.cost),
    costBasis: completion.costBasis,
    costToCome: money(sum(completion.expectedCosts.map(({ amount }) => amount))),
    npvAtCompletion: money(npv),
    roiAtCompletion: ratioOrNull(overCost(npv, presentValue.costs)),
    irr: irrOf(project, flows),
    payback: paybackOf(project, flows, false),
    cashFlows: flows.map(({ date, benefit, cost }) => ({
      date,
      benefit: money(benefit),
      cost: money(cost),
      isForecast: expected.has(monthOf(date)),
    })),
  };
}
