import { Decimal, sum } from '../money/decimal.ts';
import { createFxBook, type FxBook } from '../money/fx-book.ts';
import { addDays } from '../time/dates.ts';
import { type MonthlyFlow, monthlyFlows } from './cash-flows.ts';
import { type CostResult, evaluateCosts } from './costs.ts';
import type { RoiInput } from './input.ts';
import { evaluateMetric, type MetricResult } from './metric.ts';
import { type PresentValue, presentValueOf } from './present-value.ts';

/** What a project came to as of a date, in the arithmetic's own numbers: what every figure is made from. */
export interface Valuation {
  input: RoiInput;
  fx: FxBook;
  metrics: MetricResult[];
  costs: CostResult;
  /** Null when no metric is monetised, none has anything to go by, or one of them cannot be converted. */
  benefitToDate: Decimal | null;
  unadjustedBenefitToDate: Decimal | null;
  flows: MonthlyFlow[];
  presentValue: PresentValue;
  /** Benefit and cost to date are both known, so that NPV and ROI can be given. */
  hasHeadline: boolean;
}

/**
 * Values a project without any doubt, plan or sensitivity: those evaluate it again with other inputs. `known`: results of metrics
 * that these inputs do not change.
 */
export function valuate(input: RoiInput, known: readonly MetricResult[] = []): Valuation {
  const { project, asOf, closedBefore } = input;
  const fx = createFxBook(input.fxRates, input.fxQuotes);
  const metrics = project.metrics.flatMap((metric) => {
    const readings = input.metrics.find(({ metricId }) => metricId === metric.id);
    if (readings === undefined) return [];
    const before = known.find(({ output }) => output.metricId === metric.id);
    return [before ?? evaluateMetric(project, metric, readings, { asOf, closedBefore }, fx)];
  });
  const costs = evaluateCosts(input, fx);
  const flows = monthlyFlows(
    metrics.flatMap(({ counted }) => counted.map(({ to, benefit }) => ({ date: addDays(to, -1), amount: benefit }))),
    costs.counted,
    project,
    asOf,
  );
  const benefitToDate = totalBenefit(metrics, 'benefit');
  return {
    input,
    fx,
    metrics,
    costs,
    benefitToDate,
    unadjustedBenefitToDate: totalBenefit(metrics, 'gross'),
    flows,
    presentValue: presentValueOf(project, flows),
    hasHeadline: benefitToDate !== null && costs.toDate !== null,
  };
}

function totalBenefit(metrics: readonly MetricResult[], figure: 'benefit' | 'gross'): Decimal | null {
  const known = metrics.filter(({ output }) => output.benefitToDate !== null);
  if (known.length === 0 || metrics.some(({ conversionMissing }) => conversionMissing)) return null;
  return sum(known.flatMap(({ counted }) => counted.map((period) => period[figure])));
}
