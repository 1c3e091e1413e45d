import { Decimal, ratioString, sum } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import type { MetricReadings } from '../readings/outcome.ts';
import { startOfDayMs } from '../time/zones.ts';
import type { LocalDate, Project, ValueMetric } from '../types.ts';
import { type BaselineLevel, baselineOf } from './baseline.ts';
import type { MetricContext } from './context.ts';
import { coverageOf, money, type WarningCode } from './figures.ts';
import type { MetricOutput, PeriodOutput, ValueWarning } from './outputs.ts';
import { type CountedPeriod, type EvaluatedPeriod, evaluatePeriod } from './period.ts';

export interface MetricResult {
  output: MetricOutput;
  warnings: ValueWarning[];
  /** Monetised periods that count, ascending. */
  counted: CountedPeriod[];
  /** A period that should count could not be converted: totals that leave it out would be wrong. */
  conversionMissing: boolean;
}

/** One metric as of a date: its baseline, every period with its status and benefit, coverage, and what is doubtful. */
export function evaluateMetric(
  project: Project,
  metric: ValueMetric,
  readings: MetricReadings,
  { asOf, closedBefore }: { asOf: LocalDate; closedBefore: LocalDate },
  fx: FxBook,
): MetricResult {
  const warnings: ValueWarning[] = [];
  const warn = (code: WarningCode, message: string): void => {
    warnings.push({ code, metricId: metric.id, message: `${metric.name}: ${message}` });
  };
  const context: MetricContext = { project, metric, closedBefore, fx, readings, warn };

  const baseline = baselineOf(context);
  const notMonetisedBecause = whyNotMonetised(context, baseline);
  const monetised = notMonetisedBecause === null;
  const rows = readings.periods.map((reading) =>
    evaluatePeriod(context, reading, monetised ? (baseline?.value ?? null) : null),
  );
  const counted = rows.flatMap(({ counted: row }) => (row ? [row] : []));
  const periods = rows.map(({ output }) => output);
  const over = periods.filter(({ status }) => ['closed', 'incomplete', 'provisional', 'missing'].includes(status));
  const coverage = coverageOf(over);
  const conversionMissing = rows.some((row) => row.problem === 'fx');
  reportRows(context, rows, over, monetised);

  const limitMs = startOfDayMs(asOf, project.timeZone) - metric.freshnessLimitMs;
  const ended = metric.endsOn !== null && metric.endsOn <= asOf;
  const stale = !ended && (readings.newestSampleAtMs === null || readings.newestSampleAtMs < limitMs);
  if (readings.newestSampleAtMs === null) warn('value/no-data', 'no sample has been received');
  else if (stale)
    warn(
      'value/stale',
      `the newest sample ends ${new Date(readings.newestSampleAtMs).toISOString()}, past the freshness limit`,
    );
  if (readings.overlapping > 0)
    warn(
      'value/bad-input',
      `${readings.overlapping} ${readings.overlapping === 1 ? 'sample covers' : 'samples cover'} time that another sample of the same series covers; left out`,
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
      fit: null,
      hasStarted: metric.hasStarted,
      startsOn: metric.startsOn,
      target: metric.target && { ...metric.target, met: latest ? targetMet(metric, latest) : null },
      latest: latest ? { from: latest.from, to: latest.to, actual: latest.actual as string } : null,
      benefitToDate: unknown ? null : money(sum(counted.map(({ benefit }) => benefit))),
      unadjustedBenefitToDate: unknown ? null : money(sum(counted.map(({ gross }) => gross))),
      coverage,
      newestSampleAtMs: readings.newestSampleAtMs,
      stale,
      source: { connector: metric.source.connector, stream: metric.source.stream },
      periods,
    },
    warnings,
    counted,
    conversionMissing,
  };
}

function whyNotMonetised({ metric }: MetricContext, baseline: BaselineLevel | null): string | null {
  if (metric.benefitClass === 'quantitative' || metric.benefitClass === 'qualitative')
    return `a ${metric.benefitClass} benefit is not expressed in money`;
  if (baseline === null)
    return metric.baseline === null ? 'no baseline is declared' : 'the baseline window holds no complete period';
  return metric.rates.length === 0 ? 'no rate is declared' : null;
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
  if (noRate[0]) warn('value/no-rate', `no rate is declared for ${list(noRate)}; nothing is counted for it`);
  if (noFx[0])
    warn('value/missing-fx-rate', `no exchange rate into ${project.currency} for ${list(noFx)}; no total can be given`);
  const missing = over.filter(({ status }) => status === 'missing');
  const undefinedRatio = over.filter(
    ({ status, actual }) => (status === 'closed' || status === 'incomplete') && actual === null,
  );
  if (undefinedRatio[0])
    warn('value/partial', `the denominator is zero in ${list(undefinedRatio)}; nothing is counted for it`);
  const partial = over.filter(({ status }) => status === 'incomplete');
  if (missing[0] && rows.length > 0) warn('value/partial', `no sample for ${list(missing)}; nothing is counted for it`);
  if (partial[0]) warn('value/partial', `samples are missing in ${list(partial)}; only what was received is counted`);
}

function list(periods: readonly PeriodOutput[]): string {
  const first = periods[0];
  const one = `the period ${first?.from} to ${first?.to}`;
  return periods.length === 1 ? one : `${periods.length} periods, the first ${first?.from} to ${first?.to}`;
}
