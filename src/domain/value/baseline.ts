import { Decimal, ratioString, sampleStandardDeviation, sum } from '../money/decimal.ts';
import type { PeriodReading } from '../readings/outcome.ts';
import type { MetricKind, ValueMetric } from '../types.ts';
import type { MetricContext } from './context.ts';
import type { MetricOutput } from './outputs.ts';

export interface BaselineLevel {
  value: Decimal;
  /** Whole periods of the window, or what is said of a given value; 0: not known. */
  n: number;
  sd: Decimal | null;
}

/**
 * The given value, or the level over the window's whole, final periods: a mean; for a ratio Σ/Σ, never a mean of ratios; for a
 * percentile the lower median of the periods' percentiles, a figure that really was observed. Null: there is none. Whether
 * that is worth a warning is the counterfactual's matter: a trend that is given needs no baseline.
 */
export function baselineOf({ metric, readings }: Pick<MetricContext, 'metric' | 'readings'>): BaselineLevel | null {
  if (metric.baseline === null) return null;
  if (metric.baseline.kind === 'value') {
    const { value, n, sd } = metric.baseline;
    return { value: new Decimal(value), n: n ?? 0, sd: sd === null ? null : new Decimal(sd) };
  }
  const whole = wholeReadings(readings.baseline);
  if (whole.length === 0) return null;
  const values = whole.map(({ actual }) => new Decimal(actual));
  return {
    value: levelOf(metric.kind, values, whole.map(weightOf)),
    n: whole.length,
    sd: sampleStandardDeviation(values),
  };
}

/** Over, complete and final: what a level may be found from. `index` counts the window's periods, those left out too. */
export function wholeReadings(window: readonly PeriodReading[]): (PeriodReading & { actual: string; index: number })[] {
  return window.flatMap((reading, index) =>
    reading.actual !== null && reading.complete && !reading.provisional
      ? [{ ...reading, actual: reading.actual, index }]
      : [],
  );
}

/** Of a ratio its denominator, else 1. */
export const weightOf = ({ denominator }: PeriodReading): Decimal => new Decimal(denominator ?? 1);

/** Σ value·weight / Σ weight, for percentiles the lower median. */
export function levelOf(kind: MetricKind, values: readonly Decimal[], weights: readonly Decimal[]): Decimal {
  if (kind === 'percentile') return lowerMedian(values);
  return sum(values.map((value, index) => value.times(weights[index] as Decimal))).div(sum(weights));
}

function lowerMedian(values: readonly Decimal[]): Decimal {
  const ordered = [...values].sort((a, b) => a.comparedTo(b));
  return ordered[Math.floor((ordered.length - 1) / 2)] as Decimal;
}

export function baselineOutput(metric: ValueMetric, level: BaselineLevel | null): MetricOutput['baseline'] {
  if (level === null || metric.baseline === null) return null;
  const { kind, approvedBy, frozenOn } = metric.baseline;
  return {
    value: ratioString(level.value),
    n: level.n,
    sd: level.sd && ratioString(level.sd),
    kind,
    window: metric.baseline.kind === 'window' ? { from: metric.baseline.from, to: metric.baseline.to } : null,
    approvedBy,
    frozenOn,
  };
}
