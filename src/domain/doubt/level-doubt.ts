import { Decimal, plain } from '../money/decimal.ts';
import type { MetricReadings } from '../readings/outcome.ts';
import type { ValueMetric } from '../types.ts';
import type { MetricOutput } from '../value/outputs.ts';

/** How well the level that actuals are compared with is known. */
export interface LevelDoubt {
  mean: Decimal;
  standardError: Decimal;
  /** `sd 8 of 12 periods / √12`. */
  origin: string;
}

/**
 * Standard error of a metric's counterfactual level: the sd over the periods that it was found from, divided by √n; for a trend or
 * a control the sd of what the fit leaves. Null where it is not known: one shift holds for all periods, so that the doubt of
 * a trend's slope is not in it.
 */
export function levelDoubtOf(metric: ValueMetric, output: MetricOutput): LevelDoubt | null {
  if (output.baseline === null || isReleased(metric)) return null;
  const mean = new Decimal(output.baseline.value);
  const fitted = metric.counterfactual.kind !== 'constant';
  const sd = fitted ? (output.fit?.residualSd ?? null) : output.baseline.sd;
  const n = fitted ? (output.fit?.n ?? 0) : output.baseline.n;
  if (sd === null || n < 1) return null;
  return {
    mean,
    standardError: new Decimal(sd).div(new Decimal(n).sqrt()),
    origin: `${fitted ? 'residual sd' : 'sd'} ${plain(new Decimal(sd).toSignificantDigits(6))} of ${n} ${n === 1 ? 'period' : 'periods'} / √${n}`,
  };
}

/** A standard error of zero says that nothing is in doubt, and is not varied: an interval without width would look like a finding. */
export const isShifted = (level: LevelDoubt | null): boolean => level !== null && level.standardError.gt(0);

/** A release is compared with the end of the period before: there is no level that could be off throughout. */
export const isReleased = ({ kind, stockValuation }: ValueMetric): boolean =>
  kind === 'stock' && stockValuation === 'release';

/** The same metric with its counterfactual level moved by so much, throughout. */
export function withLevelShifted(
  metric: ValueMetric,
  readings: MetricReadings,
  shift: Decimal,
): { metric: ValueMetric; readings: MetricReadings } {
  const moved = (level: string): string => plain(shift.plus(level));
  const { counterfactual, baseline } = metric;
  if (counterfactual.kind === 'trend' && counterfactual.fit === 'given')
    return {
      metric: { ...metric, counterfactual: { ...counterfactual, level: moved(counterfactual.level) } },
      readings,
    };
  if (baseline?.kind === 'value')
    return { metric: { ...metric, baseline: { ...baseline, value: moved(baseline.value) } }, readings };
  const window = readings.baseline.map((reading) => ({
    ...reading,
    actual: reading.actual === null ? null : moved(reading.actual),
  }));
  return { metric, readings: { ...readings, baseline: window } };
}
