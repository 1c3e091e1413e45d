import { Decimal, ratioString, roundMoney } from '../money/decimal.ts';
import type { PeriodReading } from '../readings/outcome.ts';
import { earlier } from '../time/dates.ts';
import type { Period } from '../time/periods.ts';
import type { ValueMetric } from '../types.ts';
import { type BenefitFactors, type BenefitTerms, periodBenefit } from './benefit.ts';
import type { MetricContext } from './context.ts';
import type { CounterfactualModel, Expected } from './counterfactual.ts';
import { keptShare, wholeYears } from './drop-off.ts';
import { money } from './figures.ts';
import type { PeriodOutput, PeriodStatus } from './outputs.ts';
import { type RatePart, ratesOf, yearFraction } from './rates.ts';

export interface CountedPeriod extends Period {
  gross: Decimal;
  benefit: Decimal;
  /** What they are made of: `periodBenefit(terms)` gives both again, before rounding. */
  terms: BenefitTerms;
  /** The declared rates behind `terms.rate`, with their currencies. */
  rateParts: RatePart[];
}
export interface EvaluatedPeriod {
  output: PeriodOutput;
  counted: CountedPeriod | null;
  /** Over, complete and final, whether or not it counts as benefit. */
  whole: boolean;
  /** Over, but what it would be compared with, or its exposure, is not there: its samples are no evidence of a benefit. */
  lacksEvidence: boolean;
  problem: 'rate' | 'fx' | null;
}

const ZERO = new Decimal(0);
const ONE = new Decimal(1);

/**
 * Evaluates one period after another: its actual, status and, against a counterfactual, its benefit. Without one (`model` null: the
 * metric is not expressed in money) it is only tracked. `previous`: the reading of the period before, null for the first.
 */
export function periodEvaluator(
  context: MetricContext,
  model: CounterfactualModel | null,
): (reading: PeriodReading, previous: PeriodReading | null) => EvaluatedPeriod {
  const { metric, closedBefore } = context;
  const rateOf = ratesOf(context);
  const factorsOf = factorsIn(metric);
  return (reading, previous) => {
    const period: Period = { from: reading.from, to: reading.to };
    const actual = actualOf(metric, reading);
    const units = exposureOf(context, reading);
    const expected = model?.of(reading, previous) ?? null;
    const state = stateOf(context, reading, actual, units, expected);
    const level = expected?.value && shareOf(metric, expected.value, reading);
    const output: PeriodOutput = {
      ...period,
      status: state.status,
      notCountedBecause: state.because,
      actual: actual && ratioString(actual),
      counterfactual: level ? ratioString(level) : null,
      exposure: units.value && ratioString(units.value),
      rate: null,
      gross: null,
      benefit: null,
      received: reading.received,
      expected: reading.expected,
      revision: reading.revision,
    };
    const whole = period.to <= closedBefore && actual !== null && reading.complete && !reading.provisional;
    const result = { whole, lacksEvidence: state.lacksEvidence, counted: null, problem: null };
    if (state.because !== null) return { ...result, output };
    if (!actual || !level) return { ...result, output: { ...output, notCountedBecause: NOT_MONETISED } };
    const rate = rateOf(period);
    if (!rate.found)
      return { ...result, problem: rate.problem, output: { ...output, notCountedBecause: rate.because } };
    const terms: BenefitTerms = {
      kind: metric.kind,
      stockValuation: metric.stockValuation,
      direction: metric.direction,
      actual,
      counterfactual: level,
      rate: rate.rate,
      exposure: units.value ?? ZERO,
      yearFraction: metric.kind === 'stock' ? observedYears(period, reading) : ZERO,
      ...factorsOf(period),
    };
    const exact = periodBenefit(terms);
    const row = { ...period, gross: roundMoney(exact.gross), benefit: roundMoney(exact.benefit), terms };
    return {
      ...result,
      output: { ...output, rate: ratioString(rate.rate), gross: money(row.gross), benefit: money(row.benefit) },
      counted: { ...row, rateParts: rate.parts },
    };
  };
}

const observedYears = (period: Period, { share }: PeriodReading): Decimal =>
  share === '1' ? yearFraction(period) : yearFraction(period).times(share);

const NOT_MONETISED = 'the metric is not expressed in money';

/** A stock that is released is judged by the level at the end of each period, all others by the period's figure. */
function actualOf(metric: ValueMetric, reading: PeriodReading): Decimal | null {
  const actual = metric.kind === 'stock' && metric.stockValuation === 'release' ? reading.last : reading.actual;
  return actual === null ? null : new Decimal(actual);
}

/** A flow's level is compared for the received part of the period only: what is missing is neither zero nor saved. */
function shareOf(metric: ValueMetric, level: Decimal, reading: PeriodReading): Decimal {
  return metric.kind === 'flow' && !reading.complete ? level.times(reading.share) : level;
}

interface ExposureReading {
  value: Decimal | null;
  complete: boolean;
  provisional: boolean;
}

const isPerUnit = ({ kind }: ValueMetric): boolean => kind === 'ratio' || kind === 'percentile';

/** Units that a ratio applies to: a constant or a summed series, else Σdenominator; cut to the part that was received. */
function exposureOf({ metric }: MetricContext, reading: PeriodReading): ExposureReading {
  const whole = { complete: true, provisional: false };
  if (!isPerUnit(metric)) return { value: null, ...whole };
  if (metric.exposure === null)
    return { value: reading.denominator === null ? null : new Decimal(reading.denominator), ...whole };
  const share = reading.complete ? ONE : new Decimal(reading.share);
  if (metric.exposure.kind === 'value') return { value: new Decimal(metric.exposure.value).times(share), ...whole };
  const units = reading.exposure;
  if (units === null) return { value: null, ...whole };
  const part = share.lt(units.share) ? share.div(units.share) : ONE;
  return {
    value: units.actual === null ? null : new Decimal(units.actual).times(part),
    complete: units.complete,
    provisional: units.provisional,
  };
}

interface PeriodState {
  status: PeriodStatus;
  /** Null: it counts, if there is a rate and the metric is expressed in money. */
  because: string | null;
  lacksEvidence: boolean;
}

function stateOf(
  { metric, project, closedBefore }: MetricContext,
  reading: PeriodReading,
  actual: Decimal | null,
  units: ExposureReading,
  expected: Expected | null,
): PeriodState {
  const not = (status: PeriodStatus, because: string, lacksEvidence = false): PeriodState => ({
    status,
    because,
    lacksEvidence,
  });
  const end = metric.endsOn === null ? project.horizonEndsOn : earlier(metric.endsOn, project.horizonEndsOn);
  if (reading.to > end) return not('after-end', `past the end of the benefit on ${end}`);
  if (reading.to > closedBefore) return not('open', 'it is not over yet');
  if (!metric.hasStarted) return not('drift', 'the benefit has not begun');
  if (reading.from < metric.startsOn) return not('drift', `before the benefit begins on ${metric.startsOn}`);
  if (reading.received === 0 && actual === null) return not('missing', 'no sample was received');
  if (isPerUnit(metric) && units.value === null) return not('missing', 'its exposure has no sample', true);
  if (actual === null && metric.kind === 'stock')
    return not('incomplete', 'one of its series has no sample, and without it the level is not known', true);
  if (actual === null) {
    const because = reading.combinable ? 'the denominator is zero' : 'its percentiles cannot be made into one figure';
    return not(reading.complete ? 'closed' : 'incomplete', because, !reading.combinable);
  }
  if (expected !== null && expected.value === null)
    return not('missing', expected.because ?? 'its counterfactual is not known', true);
  if (reading.provisional || units.provisional || expected?.provisional)
    return not('provisional', 'its samples may still change');
  if (expected !== null && !expected.complete)
    return not('incomplete', expected.because ?? 'its counterfactual is not complete', true);
  return {
    status: reading.complete && units.complete ? 'closed' : 'incomplete',
    because: null,
    lacksEvidence: false,
  };
}

/** The factors of a metric's periods: only what is kept of it changes, once a year. */
function factorsIn(metric: ValueMetric): (period: Period) => BenefitFactors {
  const factors = {
    attribution: new Decimal(metric.attribution),
    deadweight: new Decimal(metric.deadweight),
    displacement: new Decimal(metric.displacement),
    confidence: new Decimal(metric.confidence),
  };
  const byYears = new Map<number, BenefitFactors>();
  return ({ from }) => {
    const years = wholeYears(metric.startsOn, from);
    const known = byYears.get(years) ?? { ...factors, kept: keptShare(metric.dropOff, metric.startsOn, from) };
    byYears.set(years, known);
    return known;
  };
}
