import { Decimal, sampleStandardDeviation, sum } from '../money/decimal.ts';
import type { MetricContext } from './context.ts';

export interface BaselineLevel {
  value: Decimal;
  n: number;
  sd: Decimal | null;
}

/** The given value, or the level over the window's whole, final periods: a mean; for a ratio Σ/Σ, never a mean of ratios. */
export function baselineOf({ metric, readings, warn }: MetricContext): BaselineLevel | null {
  if (metric.baseline === null) {
    warn('value/no-baseline', 'no baseline is declared, so the metric is tracked but not expressed in money');
    return null;
  }
  if (metric.baseline.kind === 'value') {
    const { value, n, sd } = metric.baseline;
    return { value: new Decimal(value), n: n ?? 0, sd: sd === null ? null : new Decimal(sd) };
  }
  const { from, to } = metric.baseline;
  const whole = readings.baseline.filter(
    ({ actual, complete, provisional }) => actual !== null && complete && !provisional,
  );
  if (whole.length === 0) {
    warn(
      'value/no-baseline',
      `the baseline window ${from} to ${to} holds no whole ${metric.cadence} with every sample, so the metric is tracked but not expressed in money`,
    );
    return null;
  }
  const values = whole.map(({ actual }) => new Decimal(actual ?? 0));
  const weights = whole.map(({ denominator }) => new Decimal(denominator ?? 1));
  const weighted = sum(values.map((value, index) => value.times(weights[index] as Decimal)));
  return { value: weighted.div(sum(weights)), n: whole.length, sd: sampleStandardDeviation(values) };
}
