import { Decimal, ratioString, roundMoney, sum } from '../money/decimal.ts';
import { averageFxRate } from '../money/fx.ts';
import { earlier } from '../time/dates.ts';
import { type Period, yearParts } from '../time/periods.ts';
import { instantsOf } from '../time/zones.ts';
import type { ValueMetric } from '../types.ts';
import { type BenefitFactors, periodBenefit } from './benefit.ts';
import type { MetricContext } from './context.ts';
import { money } from './figures.ts';
import { horizonEnd } from './input.ts';
import type { PeriodOutput, PeriodStatus } from './outputs.ts';
import { type Reading, readPeriod } from './reading.ts';

export interface CountedPeriod extends Period {
  gross: Decimal;
  benefit: Decimal;
}
export interface EvaluatedPeriod {
  output: PeriodOutput;
  counted: CountedPeriod | null;
  /** Over, complete and final, whether or not it counts as benefit. */
  whole: boolean;
  problem: 'rate' | 'fx' | null;
}

/** One period: its actual, status and, against a baseline, its benefit. Without a baseline it is only tracked. */
export function evaluatePeriod(context: MetricContext, period: Period, baseline: Decimal | null): EvaluatedPeriod {
  const { metric, project, closedBefore, main } = context;
  const { fromMs, toMs } = instantsOf(period, project.timeZone);
  const reading = readPeriod(main, metric.kind, fromMs, toMs);
  const units = exposureOf(context, reading, fromMs, toMs);
  const status = statusOf(context, period, reading, units);
  const expected = baseline === null ? null : counterfactualOf(metric, baseline, reading);
  const output: PeriodOutput = {
    ...period,
    status,
    actual: reading.actual && ratioString(reading.actual),
    counterfactual: expected && ratioString(expected),
    exposure: units.value && ratioString(units.value),
    rate: null,
    gross: null,
    benefit: null,
    received: reading.received,
    expected: reading.expected,
    revision: reading.revision,
  };
  const whole = period.to <= closedBefore && reading.actual !== null && reading.complete && !reading.provisional;
  const countable = (status === 'closed' || status === 'incomplete') && reading.actual !== null && expected !== null;
  if (!countable) return { output, counted: null, whole, problem: null };
  const rate = rateOf(context, period);
  if (typeof rate === 'string') return { output, counted: null, whole, problem: rate };
  const { gross, benefit } = periodBenefit({
    kind: metric.kind,
    direction: metric.direction,
    actual: reading.actual as Decimal,
    counterfactual: expected,
    rate,
    exposure: units.value ?? new Decimal(0),
    yearFraction: sum(yearParts(period).map(({ days, daysInYear }) => new Decimal(days).div(daysInYear))).times(
      reading.share,
    ),
    ...factorsOf(metric),
  });
  const row = { ...period, gross: roundMoney(gross), benefit: roundMoney(benefit) };
  return {
    output: { ...output, rate: ratioString(rate), gross: money(row.gross), benefit: money(row.benefit) },
    counted: row,
    whole,
    problem: null,
  };
}

/** A flow's level is compared for the received part of the period only: what is missing is neither zero nor saved. */
function counterfactualOf(metric: ValueMetric, baseline: Decimal, reading: Reading): Decimal {
  return metric.kind === 'flow' && !reading.complete ? baseline.times(reading.share) : baseline;
}

interface ExposureReading {
  value: Decimal | null;
  complete: boolean;
  provisional: boolean;
}

/** Units that a ratio applies to: a constant or a summed series, else Σdenominator; cut to the part that was received. */
function exposureOf(context: MetricContext, reading: Reading, fromMs: number, toMs: number): ExposureReading {
  const { metric, exposure } = context;
  const whole = { complete: true, provisional: false };
  if (metric.kind !== 'ratio') return { value: null, ...whole };
  if (metric.exposure === null) return { value: reading.denominator, ...whole };
  const share = reading.complete ? new Decimal(1) : reading.share;
  if (metric.exposure.kind === 'value') return { value: new Decimal(metric.exposure.value).times(share), ...whole };
  if (exposure === null) return { value: null, ...whole };
  const units = readPeriod(exposure, 'flow', fromMs, toMs);
  const part = units.share.gt(share) && !units.share.isZero() ? share.div(units.share) : new Decimal(1);
  return {
    value: units.actual && units.actual.times(part),
    complete: units.complete,
    provisional: units.provisional,
  };
}

function statusOf(
  { metric, project, closedBefore }: MetricContext,
  period: Period,
  reading: Reading,
  units: ExposureReading,
): PeriodStatus {
  const end = metric.endsOn === null ? horizonEnd(project) : earlier(metric.endsOn, horizonEnd(project));
  if (period.to > end) return 'after-end';
  if (period.to > closedBefore) return 'open';
  if (period.from < metric.startsOn) return 'drift';
  if (reading.received === 0 && reading.actual === null) return 'missing';
  if (metric.kind === 'ratio' && units.value === null) return 'missing';
  if (reading.provisional || units.provisional) return 'provisional';
  return reading.complete && units.complete ? 'closed' : 'incomplete';
}

/** The rate of the period's start in the project's currency, at the period's mean exchange rate. */
function rateOf({ metric, project, fxRates }: MetricContext, period: Period): Decimal | 'rate' | 'fx' {
  const declared = metric.rates
    .filter(({ from, to }) => from <= period.from && (to === null || period.from < to))
    .sort((a, b) => (a.from < b.from ? 1 : -1))[0];
  if (!declared) return 'rate';
  const fx = averageFxRate(fxRates, declared.currency, project.currency, period);
  return fx.found ? new Decimal(declared.amount).times(fx.rate) : 'fx';
}

function factorsOf(metric: ValueMetric): BenefitFactors {
  return {
    attribution: new Decimal(metric.attribution),
    deadweight: new Decimal(metric.deadweight),
    displacement: new Decimal(metric.displacement),
    confidence: new Decimal(metric.confidence),
  };
}
