import { overCost, sum } from '../money/decimal.ts';
import type { PlanVersion } from '../types.ts';
import { money, moneyOrNull, ratioOrNull } from '../value/figures.ts';
import type { PlanOutput, RoiOutputs, ValueWarning, VarianceOutput } from '../value/outputs.ts';
import { presentValueOf } from '../value/present-value.ts';
import { type Valuation, valuate } from '../value/valuation.ts';
import { benefitVariance } from './benefit-variance.ts';
import { type ComparedMetric, comparePlan } from './comparison.ts';
import { type Completion, completionOf, forecastOutput } from './completion.ts';
import { costVariance } from './cost-variance.ts';
import { benefitOf, evaluatePlan, type PlanValue, planFlows, planInForce } from './plan-value.ts';
import { addParts, NO_PARTS, varianceOutput } from './variance-parts.ts';

export interface PlanFigures extends Pick<RoiOutputs, 'plan' | 'forecast' | 'variance' | 'constantCurrency'> {
  /** What the forecast is made of, for whoever asks how sure it is. */
  completion: Completion | null;
  warnings: ValueWarning[];
}

/** Everything that compares a project with the plan in force on `asOf`; all null without one. */
export function planFigures(valuation: Valuation): PlanFigures {
  const { project, asOf, closedBefore } = valuation.input;
  const version = planInForce(project, asOf);
  if (version === null)
    return { plan: null, forecast: null, variance: null, constantCurrency: null, completion: null, warnings: [] };
  const { plan, warnings } = evaluatePlan(project, version, closedBefore);
  const constant = constantCurrency(valuation, version);
  const shared = { constantCurrency: constant.figures, warnings: [...warnings, ...constant.warnings] };
  if (plan === null) return { plan: null, forecast: null, variance: null, completion: null, ...shared };
  const compared = comparePlan(valuation, plan);
  const completion = completionOf(valuation, plan, compared);
  return {
    plan: planOutput(valuation, plan, compared),
    forecast: completion && forecastOutput(valuation, completion),
    variance: varianceOf(valuation, plan, compared),
    completion,
    ...shared,
  };
}

function planOutput({ input }: Valuation, plan: PlanValue, compared: readonly ComparedMetric[]): PlanOutput {
  const { project, asOf } = input;
  const flows = planFlows(project, plan);
  const { benefits, costs } = presentValueOf(project, flows);
  const npv = benefits.minus(costs);
  const { id, frozenOn, approvedBy } = plan.version;
  return {
    version: id,
    frozenOn,
    approvedBy,
    benefitToDate: money(sum(compared.map(plannedToDate))),
    costToDate: money(sum(plan.costs.filter(({ date }) => date <= asOf).map(({ amount }) => amount))),
    benefitTotal: money(sum(plan.metrics.map(({ planned }) => benefitOf(planned)))),
    costTotal: money(sum(plan.costs.map(({ amount }) => amount))),
    npv: money(npv),
    roi: ratioOrNull(overCost(npv, costs)),
    metrics: compared.flatMap((metric) => {
      if (metric.plan === null) return [];
      const over = metric.periods.filter(({ isOver }) => isOver);
      return {
        metricId: metric.metricId,
        ...metric.plan.span,
        benefitToDate: money(plannedToDate(metric)),
        benefitTotal: money(benefitOf(metric.plan.planned)),
        unobserved: money(sum(over.map(({ planned }) => planned.rest))),
      };
    }),
    cashFlows: flows.map(({ date, benefit, cost }) => ({ date, benefit: money(benefit), cost: money(cost) })),
  };
}

const plannedToDate = ({ periods }: ComparedMetric) => sum(periods.map(({ planned }) => planned.observed));

function varianceOf(valuation: Valuation, plan: PlanValue, compared: readonly ComparedMetric[]): VarianceOutput | null {
  const { benefitToDate, costs, input } = valuation;
  const metrics = compared.map((metric) => ({
    metricId: metric.metricId,
    parts: benefitVariance(metric, plan.budget, input.project.currency),
    planned: plannedToDate(metric),
  }));
  const known = benefitToDate !== null;
  const cost = costs.toDate === null ? null : costVariance(valuation, plan);
  if (!known && cost === null) return null;
  return {
    benefit: known
      ? varianceOutput(
          metrics.map(({ parts }) => parts).reduce(addParts, NO_PARTS),
          sum(metrics.map(({ planned }) => planned)),
        )
      : null,
    cost: cost && varianceOutput(cost.parts, cost.planned),
    metrics: known
      ? metrics.map(({ metricId, parts, planned }) => ({ metricId, benefit: varianceOutput(parts, planned) }))
      : [],
  };
}

/** The same actuals at the plan's budget rates and no others, so that they compare with it whatever currencies did. */
function constantCurrency(
  { input, metrics, benefitToDate, costs }: Valuation,
  { id, fxRates }: PlanVersion,
): { figures: RoiOutputs['constantCurrency']; warnings: ValueWarning[] } {
  const { currency, metrics: declared } = input.project;
  const foreign = new Set(
    declared
      .filter(({ rates }) => rates.some((rate) => rate.currency !== currency))
      .map(({ id: metricId }) => metricId),
  );
  const other = valuate(
    { ...input, fxRates, fxQuotes: [] },
    metrics.filter(({ output }) => !foreign.has(output.metricId)),
  );
  const npv = other.presentValue.benefits.minus(other.presentValue.costs);
  const lost = [
    ...(benefitToDate !== null && other.benefitToDate === null ? ['benefit'] : []),
    ...(costs.toDate !== null && other.costs.toDate === null ? ['cost'] : []),
  ];
  return {
    figures: {
      benefitToDate: moneyOrNull(other.benefitToDate),
      costToDate: moneyOrNull(other.costs.toDate),
      npv: other.hasHeadline ? money(npv) : null,
    },
    warnings: lost.map((what) => ({
      code: 'value/missing-fx-rate',
      metricId: null,
      message: `plan ${id}: it has no budget rate for a currency that counts into the ${what} to date; no ${what} in constant currency is given`,
    })),
  };
}
