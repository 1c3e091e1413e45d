import { Decimal, ratioString, roundMoney, sum } from '../money/decimal.ts';
import type { PeriodReading } from '../readings/outcome.ts';
import { earlier } from '../time/dates.ts';
import { type Period, yearParts } from '../time/periods.ts';
import type { ValueMetric } from '../types.ts';
import { type BenefitFactors, periodBenefit } from './benefit.ts';
import type { MetricContext } from './context.ts';
import { money } from './figures.ts';
import type { PeriodOutput, PeriodStatus } from './outputs.ts';

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
export function evaluatePeriod(
  context: MetricContext,
  reading: PeriodReading,
  baseline: Decimal | null,
): EvaluatedPeriod {
  const { metric, closedBefore } = context;
  const period: Period = { from: reading.from, to: reading.to };
  const units = exposureOf(context, reading);
  const status = statusOf(context, period, reading, units);
  const expected = baseline === null ? null : counterfactualOf(metric, baseline, reading);
  const output: PeriodOutput = {
    ...period,
    status,
    actual: reading.actual && ratioString(new Decimal(reading.actual)),
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
    actual: new Decimal(reading.actual ?? 0),
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
function counterfactualOf(metric: ValueMetric, baseline: Decimal, reading: PeriodReading): Decimal {
  return metric.kind === 'flow' && !reading.complete ? baseline.times(reading.share) : baseline;
}

interface ExposureReading {
  value: Decimal | null;
  complete: boolean;
  provisional: boolean;
}

/** Units that a ratio applies to: a constant or a summed series, else Σdenominator; cut to the part that was received. */
function exposureOf({ metric }: MetricContext, reading: PeriodReading): ExposureReading {
  const whole = { complete: true, provisional: false };
  if (metric.kind !== 'ratio' && metric.kind !== 'percentile') return { value: null, ...whole };
  if (metric.exposure === null)
    return { value: reading.denominator === null ? null : new Decimal(reading.denominator), ...whole };
  const share = reading.complete ? new Decimal(1) : new Decimal(reading.share);
  if (metric.exposure.kind === 'value') return { value: new Decimal(metric.exposure.value).times(share), ...whole };
  const units = reading.exposure;
  if (units === null) return { value: null, ...whole };
  const part = share.lt(units.share) ? share.div(units.share) : new Decimal(1);
  return {
    value: units.actual === null ? null : new Decimal(units.actual).times(part),
    complete: units.complete,
    provisional: units.provisional,
  };
}

function statusOf(
  { metric, project, closedBefore }: MetricContext,
  period: Period,
  reading: PeriodReading,
  units: ExposureReading,
): PeriodStatus {
  const end = metric.endsOn === null ? project.horizonEndsOn : earlier(metric.endsOn, project.horizonEndsOn);
  if (period.to > end) return 'after-end';
  if (period.to > closedBefore) return 'open';
  if (period.from < metric.startsOn) return 'drift';
  if (reading.received === 0 && reading.actual === null) return 'missing';
  if ((metric.kind === 'ratio' || metric.kind === 'percentile') && units.value === null) return 'missing';
  if (reading.provisional || units.provisional) return 'provisional';
  return reading.complete && units.complete ? 'closed' : 'incomplete';
}

/** The rate of the period's start in the project's currency, at the period's mean exchange rate. */
function rateOf({ metric, project, fx }: MetricContext, period: Period): Decimal | 'rate' | 'fx' {
  const declared = metric.rates
    .filter(({ from, to }) => from <= period.from && (to === null || period.from < to))
    .sort((a, b) => (a.from < b.from ? 1 : -1))[0];
  if (!declared) return 'rate';
  const exchange = fx.average(declared.currency, project.currency, period);
  return exchange.found ? new Decimal(declared.amount).times(exchange.rate) : 'fx';
}

function factorsOf(metric: ValueMetric): BenefitFactors {
  return {
    attribution: new Decimal(metric.attribution),
    deadweight: new Decimal(metric.deadweight),
    displacement: new Decimal(metric.displacement),
    confidence: new Decimal(metric.confidence),
  };
}
