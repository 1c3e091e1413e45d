import { Decimal } from '../money/decimal.ts';
import type { ValueMetric } from '../types.ts';

/** What must hold of a metric that is to be expressed in money, whoever wrote it. */
export interface MetricRuleProblem {
  /** The field that breaks the rule, e.g. `deadweight`. */
  field: keyof ValueMetric;
  /** Without the metric's name: `a deadweight of 0.2 …`. */
  message: string;
}

/** Every rule that a metric breaks, in the order of the value model; none: it can be valued. */
export function metricProblems(metric: ValueMetric): MetricRuleProblem[] {
  const problems: MetricRuleProblem[] = [];
  const add = (field: keyof ValueMetric, message: string): void => {
    problems.push({ field, message });
  };
  const { counterfactual, baseline, kind, stockValuation, exposure } = metric;
  const isConstant = counterfactual.kind === 'constant';
  const isFitted =
    counterfactual.kind === 'control' || (counterfactual.kind === 'trend' && counterfactual.fit === 'window');
  if (!isConstant && !new Decimal(metric.deadweight).isZero())
    add(
      'deadweight',
      `a deadweight of ${metric.deadweight} and a ${counterfactual.kind} as counterfactual both take off what would have happened anyway; give one of them`,
    );
  if (isFitted && baseline !== null && baseline.kind !== 'window')
    add('baseline', `a ${counterfactual.kind} is fitted to a baseline window, and the baseline is a given level`);
  if (kind === 'percentile' && counterfactual.kind === 'trend' && counterfactual.fit === 'window')
    add(
      'counterfactual',
      'a line through percentiles averages them, which says nothing; give the trend by level and change',
    );
  if (stockValuation !== null && kind !== 'stock')
    add('stockValuation', `a ${kind} is not a stock: it has no valuation of one`);
  if (kind === 'stock' && stockValuation === 'release') {
    if (!isConstant)
      add(
        'counterfactual',
        `a release counts changes of the level itself, so that a ${counterfactual.kind} has no place in it`,
      );
    if (metric.rates.some(({ perPeriod }) => perPeriod !== null))
      add('rates', 'a release happens once: its rate is for a unit, not for a unit a year or month');
  }
  if (kind === 'percentile' && exposure === null)
    add('exposure', 'a percentile needs an exposure: the number of units that it applies to in a period');
  if (exposure?.kind === 'value' && new Decimal(exposure.value).isNegative())
    add('exposure', `an exposure of ${exposure.value} is below zero`);
  return problems;
}

/** Throws RangeError with every broken rule. For those that make metrics without a configuration that is checked. */
export function assertValuable(metric: ValueMetric): void {
  const problems = metricProblems(metric);
  if (problems.length > 0)
    throw new RangeError(`${metric.id}: ${problems.map(({ field, message }) => `${field}: ${message}`).join('; ')}`);
}
