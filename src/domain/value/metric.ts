import { Decimal, ratioString, roundMoney, sampleStandardDeviation, sum } from '../money/decimal.ts';
import { averageFxRate } from '../money/fx.ts';
import { addDays, earlier } from '../time/dates.ts';
import { type Period, periodsTouching, periodsWithin, yearParts } from '../time/periods.ts';
import { instantsOf, startOfDayMs } from '../time/zones.ts';
import type { FxRate, LocalDate, Project, ValueMetric } from '../types.ts';
import { type BenefitFactors, periodBenefit } from './benefit.ts';
import { coverageOf, money, type WarningCode } from './figures.ts';
import { firstShownDate, horizonEnd, type MetricSamples } from './input.ts';
import type { MetricOutput, PeriodOutput, PeriodStatus, ValueWarning } from './outputs.ts';
import { type Reading, readPeriod } from './reading.ts';
import { joinRatio, type PreparedSeries, prepareSeries } from './series.ts';

export interface CountedPeriod extends Period {
  gross: Decimal;
  benefit: Decimal;
}
export interface MetricResult {
  output: MetricOutput;
  warnings: ValueWarning[];
  /** Monetised periods that count, ascending. */
  counted: CountedPeriod[];
  /** A period that should count could not be converted: totals that leave it out would be wrong. */
  conversionMissing: boolean;
}

interface MetricContext {
  project: Project;
  metric: ValueMetric;
  asOf: LocalDate;
  fxRates: readonly FxRate[];
  main: PreparedSeries;
  exposure: PreparedSeries | null;
  warn(code: WarningCode, message: string): void;
}

/** One metric as of a date: its baseline, every period with its status and benefit, coverage, and what is doubtful. */
export function evaluateMetric(
  project: Project,
  metric: ValueMetric,
  samples: MetricSamples | undefined,
  asOf: LocalDate,
  fxRates: readonly FxRate[],
): MetricResult {
  const warnings: ValueWarning[] = [];
  const warn = (code: WarningCode, message: string): void => {
    warnings.push({ code, metricId: metric.id, message: `${metric.name}: ${message}` });
  };
  const untilMs = startOfDayMs(addDays(asOf, 1), project.timeZone);
  const prepare = (set: MetricSamples['denominator'] | undefined): PreparedSeries =>
    prepareSeries(set ?? { samples: [], intervalMs: null }, project.timeZone, untilMs);
  const source = prepare(samples?.source);
  const main =
    metric.kind === 'ratio' && metric.denominator ? joinRatio(source, prepare(samples?.denominator)) : source;
  const exposure = metric.exposure?.kind === 'series' ? prepare(samples?.exposure) : null;
  const context: MetricContext = { project, metric, asOf, fxRates, main, exposure, warn };

  const baseline = baselineOf(context);
  const notMonetisedBecause = whyNotMonetised(context, baseline);
  const monetised = notMonetisedBecause === null;
  const rows = periodsTouching(firstShownDate(project, metric), addDays(asOf, 1), metric.cadence).map((period) =>
    evaluatePeriod(context, period, monetised ? (baseline?.value ?? null) : null),
  );
  const counted = rows.flatMap(({ counted: row }) => (row ? [row] : []));
  const periods = rows.map(({ output }) => output);
  const over = periods.filter(({ status }) => ['closed', 'incomplete', 'provisional', 'missing'].includes(status));
  const coverage = coverageOf(over);
  const conversionMissing = rows.some((row) => row.problem === 'fx');
  reportRows(context, rows, over, monetised);

  const limitMs = startOfDayMs(asOf, project.timeZone) - metric.freshnessLimitMs;
  const stale = main.newestMs === null || main.newestMs < limitMs;
  if (main.newestMs === null) warn('value/no-data', 'no sample has been received');
  else if (stale)
    warn('value/stale', `the newest sample ends ${new Date(main.newestMs).toISOString()}, past the freshness limit`);
  if (source.overlapping > 0)
    warn(
      'value/bad-input',
      `${source.overlapping} samples cover time that another sample of their series covers; they were left out`,
    );

  const unknown = !monetised || conversionMissing || (over.length > 0 && counted.length === 0);
  const latest = rows.filter(({ whole }) => whole).at(-1)?.output;
  return {
    output: {
      metricId: metric.id,
      name: metric.name,
      unit: metric.unit,
      kind: metric.kind,
      direction: metric.direction,
      benefitClass: metric.benefitClass,
      monetised,
      notMonetisedBecause,
      baseline: baseline && {
        value: ratioString(baseline.value),
        n: baseline.n,
        sd: baseline.sd && ratioString(baseline.sd),
      },
      target: metric.target && { ...metric.target, met: latest ? targetMet(metric, latest) : null },
      latest: latest ? { from: latest.from, to: latest.to, actual: latest.actual as string } : null,
      benefitToDate: unknown ? null : money(sum(counted.map(({ benefit }) => benefit))),
      unadjustedBenefitToDate: unknown ? null : money(sum(counted.map(({ gross }) => gross))),
      coverage,
      newestSampleAtMs: main.newestMs,
      stale,
      source: { connector: metric.source.connector, stream: metric.source.stream },
      periods,
    },
    warnings,
    counted,
    conversionMissing,
  };
}

interface BaselineLevel {
  value: Decimal;
  n: number;
  sd: Decimal | null;
}

/** The given value, or the level over the window's whole, final periods: a mean; for a ratio Σ/Σ, never a mean of ratios. */
function baselineOf({ metric, project, main, warn }: MetricContext): BaselineLevel | null {
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

function whyNotMonetised({ metric }: MetricContext, baseline: BaselineLevel | null): string | null {
  if (metric.benefitClass === 'quantitative' || metric.benefitClass === 'qualitative')
    return `a ${metric.benefitClass} benefit is not expressed in money`;
  if (baseline === null)
    return metric.baseline === null ? 'no baseline is declared' : 'the baseline window holds no complete period';
  return metric.rates.length === 0 ? 'no rate is declared' : null;
}

interface EvaluatedPeriod {
  output: PeriodOutput;
  counted: CountedPeriod | null;
  /** Over, complete and final, whether or not it counts as benefit. */
  whole: boolean;
  problem: 'rate' | 'fx' | null;
}

function evaluatePeriod(context: MetricContext, period: Period, baseline: Decimal | null): EvaluatedPeriod {
  const { metric, project, asOf, main } = context;
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
  const whole = period.to <= asOf && reading.actual !== null && reading.complete && !reading.provisional;
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
  { metric, project, asOf }: MetricContext,
  period: Period,
  reading: Reading,
  units: ExposureReading,
): PeriodStatus {
  const end = metric.endsOn === null ? horizonEnd(project) : earlier(metric.endsOn, horizonEnd(project));
  if (period.to > end) return 'after-end';
  if (period.to > asOf) return 'open';
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

function targetMet(metric: ValueMetric, latest: PeriodOutput): boolean | null {
  if (metric.target === null || latest.actual === null) return null;
  const actual = new Decimal(latest.actual);
  return metric.direction === 'up' ? actual.gte(metric.target.value) : actual.lte(metric.target.value);
}

function reportRows(
  { metric, project, warn }: MetricContext,
  rows: readonly EvaluatedPeriod[],
  over: readonly PeriodOutput[],
  monetised: boolean,
): void {
  if (!monetised) {
    if (metric.baseline !== null && metric.rates.length === 0)
      warn('value/partial', 'no rate is declared, so the metric is tracked but not expressed in money');
    return;
  }
  const without = (problem: 'rate' | 'fx'): PeriodOutput[] =>
    rows.filter((row) => row.problem === problem).map(({ output }) => output);
  const [noRate, noFx] = [without('rate'), without('fx')];
  if (noRate[0]) warn('value/partial', `no rate is declared for ${list(noRate)}; nothing is counted for it`);
  if (noFx[0])
    warn('value/missing-fx-rate', `no exchange rate into ${project.currency} for ${list(noFx)}; no total can be given`);
  const missing = over.filter(({ status }) => status === 'missing');
  const partial = over.filter(({ status }) => status === 'incomplete');
  if (missing[0] && rows.length > 0) warn('value/partial', `no sample for ${list(missing)}; nothing is counted for it`);
  if (partial[0]) warn('value/partial', `samples are missing in ${list(partial)}; only what was received is counted`);
}

function list(periods: readonly PeriodOutput[]): string {
  const first = periods[0];
  const one = `the period ${first?.from} to ${first?.to}`;
  return periods.length === 1 ? one : `${periods.length} periods, the first ${first?.from} to ${first?.to}`;
}
