import { Decimal, sampleStandardDeviation, sum } from '../money/decimal.ts';
import { periodsWithin } from '../time/periods.ts';
import { instantsOf } from '../time/zones.ts';
import type { MetricContext } from './context.ts';
import { readPeriod } from './reading.ts';

export interface BaselineLevel {
  value: Decimal;
  n: number;
  sd: Decimal | null;
}

/** The given value, or the level over the window's whole, final periods: a mean; for a ratio Σ/Σ, never a mean of ratios. */
export function baselineOf({ metric, project, main, warn }: MetricContext): BaselineLevel | null {
  if (metric.baseline === null) {
    warn('value/no-baseline', 'no baseline is declared, so the metric is tracked but not expressed in money');
    return null;
  }
  if (metric.baseline.kind === 'value') return { value: new Decimal(metric.baseline.value), n: 0, sd: null };
  const { from, to } = metric.baseline;
  const readings = periodsWithin(from, to, metric.cadence)
    .map((period) => {
      const { fromMs, toMs } = instantsOf(period, project.timeZone);
      return readPeriod(main, metric.kind, fromMs, toMs);
    })
    .filter(({ actual, complete, provisional }) => actual !== null && complete && !provisional);
  if (readings.length === 0) {
    warn(
      'value/no-baseline',
      `the baseline window ${from} to ${to} holds no whole ${metric.cadence} with every sample, so the metric is tracked but not expressed in money`,
    );
    return null;
  }
  const values = readings.map(({ actual }) => actual as Decimal);
  const weights = readings.map(({ denominator }) => denominator ?? new Decimal(1));
  const weighted = sum(values.map((value, index) => value.times(weights[index] as Decimal)));
  return { value: weighted.div(sum(weights)), n: readings.length, sd: sampleStandardDeviation(values) };
}
