import { Decimal } from '../money/decimal.ts';
import type { LocalDate, ValueMetric } from '../types.ts';
import { evaluateMetric, type MetricResult } from '../value/metric.ts';
import type { CountedPeriod } from '../value/period.ts';
import type { Valuation } from '../value/valuation.ts';
import { discountWeightsOf } from './discount-weights.ts';
import { type GainsAndLosses, gainCurveOf } from './gain-curve.ts';
import { isReleased, type LevelDoubt, levelDoubtOf, withLevelShifted } from './level-doubt.ts';

/** What a metric brought, ready to be asked "and if …?". All in the project's currency at its start's prices. */
export interface MetricProfile {
  metric: ValueMetric;
  /** Null: nothing says how well the counterfactual's level is known. */
  level: LevelDoubt | null;
  /** What the curve's shift of 1 is, in the metric's unit: the standard error, or without one a tenth of the level. */
  step: Decimal;
  level0: Decimal;
  /** Before confidence. */
  gains: Decimal;
  losses: Decimal;
  /** Each counted period, as it is. */
  periods: { from: LocalDate; presentValue: Decimal }[];
  /** Before confidence, by shift of the level in steps. */
  curve(shift: number): GainsAndLosses;
}

/** Profiles of the metrics that count, by id. */
export function metricProfilesOf(valuation: Valuation): MetricProfile[] {
  const weightOf = discountWeightsOf(valuation);
  return valuation.metrics
    .filter(({ output, counted }) => output.monetised && counted.length > 0)
    .map((result) => profileOf(valuation, result, weightOf))
    .sort((a, b) => (a.metric.id < b.metric.id ? -1 : 1));
}

const STEP_WITHOUT_ERROR = '0.1';

function profileOf(
  valuation: Valuation,
  { output, counted }: MetricResult,
  weightOf: (to: LocalDate) => Decimal,
): MetricProfile {
  const { input } = valuation;
  const metric = input.project.metrics.find(({ id }) => id === output.metricId) as ValueMetric;
  const readings = input.metrics.find(({ metricId }) => metricId === metric.id);
  if (readings === undefined) throw new Error(`no readings of ${metric.id}`);
  const weights = counted.map(({ to }) => weightOf(to));
  const certain = { ...metric, confidence: '1' };
  const alone = (changed: ValueMetric, among = readings): CountedPeriod[] =>
    evaluateMetric(input.project, changed, among, input, valuation.fx).counted;
  const q = new Decimal(metric.confidence);
  const before = q.isZero()
    ? alone(certain).map(({ benefit }) => benefit)
    : counted.map(({ benefit }) => (benefit.gt(0) ? benefit.div(q) : benefit));
  const values = before.map((benefit, index) => benefit.times(weights[index] as Decimal));

  const level = levelDoubtOf(metric, output);
  const { counterfactual } = metric;
  const isGiven = counterfactual.kind === 'trend' && counterfactual.fit === 'given';
  const level0 = new Decimal(isReleased(metric) ? 0 : isGiven ? counterfactual.level : (output.baseline?.value ?? 0));
  const step =
    level !== null && !level.standardError.isZero() ? level.standardError : level0.abs().times(STEP_WITHOUT_ERROR);
  const shifted = withLevelShifted(certain, readings, step);
  const moved = step.isZero() ? [] : alone(shifted.metric, shifted.readings);
  const lines = values.map((value, index) => ({
    base: value.toNumber(),
    slope:
      moved[index]?.benefit
        .minus(before[index] as Decimal)
        .times(weights[index] as Decimal)
        .toNumber() ?? 0,
  }));
  const total = (wanted: (value: Decimal) => boolean): Decimal =>
    values.filter(wanted).reduce((sum, value) => sum.plus(value), new Decimal(0));
  return {
    metric,
    level,
    step,
    level0,
    gains: total((value) => value.gt(0)),
    losses: total((value) => value.lt(0)),
    periods: counted.map(({ from, benefit }, index) => ({
      from,
      presentValue: benefit.times(weights[index] as Decimal),
    })),
    curve: gainCurveOf(lines),
  };
}
