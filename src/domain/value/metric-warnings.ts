import { localDateAt } from '../time/zones.ts';
import type { ValueMetric } from '../types.ts';
import type { BaselineLevel } from './baseline.ts';
import type { MetricContext } from './context.ts';
import type { CounterfactualLookup, CounterfactualModel } from './counterfactual.ts';
import { freshnessLimitMs } from './freshness.ts';
import type { PeriodOutput } from './outputs.ts';
import type { EvaluatedPeriod } from './period.ts';
import { metricProblems } from './value-rules.ts';

export interface EvaluatedMetric {
  rows: readonly EvaluatedPeriod[];
  counterfactual: CounterfactualLookup;
  baseline: BaselineLevel | null;
  /** Null: not expressed in money. */
  model: CounterfactualModel | null;
  stale: boolean;
}

/** All that is doubtful about a metric, in the order in which its figures are made. */
export function reportMetric(context: MetricContext, evaluated: EvaluatedMetric): void {
  reportCounterfactual(context, evaluated);
  if (evaluated.model) reportPeriods(context, evaluated.rows);
  reportSamples(context, evaluated.stale);
}

function reportCounterfactual(
  { metric, warn }: MetricContext,
  { counterfactual, baseline, model, rows }: EvaluatedMetric,
): void {
  if (!metric.hasStarted) warn('value/not-started', `${waitingFor(metric)}, so nothing counts as benefit yet`);
  for (const { message } of metricProblems(metric)) warn('value/bad-input', `${message}; it is not expressed in money`);
  if (!counterfactual.found) {
    if (baseline === null) warn('value/no-baseline', noBaseline(metric));
    else
      warn(
        'value/weak-counterfactual',
        `${counterfactual.because}, so the metric is tracked but not expressed in money`,
      );
    return;
  }
  for (const weakness of counterfactual.model.weaknesses) warn('value/weak-counterfactual', weakness);
  if (metric.rates.length === 0)
    warn('value/partial', 'no rate is declared, so the metric is tracked but not expressed in money');
  if (model) reportBelowZero({ metric, warn }, rows);
}

/** What was never below zero cannot be expected to be: the line was carried too far. */
function reportBelowZero(
  { metric, warn }: Pick<MetricContext, 'metric' | 'warn'>,
  rows: readonly EvaluatedPeriod[],
): void {
  if (metric.counterfactual.kind === 'constant') return;
  const below = rows.filter(({ counted }) => counted?.terms.counterfactual.isNegative());
  if (below[0] && !rows.some(({ output }) => output.actual?.startsWith('-')))
    warn(
      'value/weak-counterfactual',
      `the ${metric.counterfactual.kind} is below zero in ${list(below.map(({ output }) => output))}, which the metric never is`,
    );
}

function waitingFor({ startRule, startsOn }: ValueMetric): string {
  if (startRule === null) return `it is to begin on ${startsOn}`;
  const lag = [
    startRule.lagMonths > 0 ? `${startRule.lagMonths} ${startRule.lagMonths === 1 ? 'month' : 'months'}` : '',
    startRule.lagDays > 0 ? `${startRule.lagDays} ${startRule.lagDays === 1 ? 'day' : 'days'}` : '',
  ].filter((part) => part !== '');
  const after = lag.length === 0 ? '' : ` and ${lag.join(' and ')} more`;
  return `it waits for the deliverable ${startRule.deliverable}${after}, expected on ${startsOn}`;
}

const asFrozen = (frozenOn: string | null): string =>
  frozenOn === null
    ? ''
    : `, as recorded by its freezing on ${frozenOn} (what was pulled later does not count: leave frozenOn out, or set it to a day on which the history was there),`;

function noBaseline({ baseline, cadence }: ValueMetric): string {
  const why =
    baseline?.kind === 'window'
      ? `the baseline window ${baseline.from} to ${baseline.to}${asFrozen(baseline.frozenOn)} holds no whole ${cadence} with every sample`
      : 'no baseline is declared';
  return `${why}, so the metric is tracked but not expressed in money`;
}

function reportPeriods({ project, warn }: MetricContext, rows: readonly EvaluatedPeriod[]): void {
  const outputsOf = (wanted: (row: EvaluatedPeriod) => boolean): PeriodOutput[] =>
    rows.filter(wanted).map(({ output }) => output);
  const noRate = outputsOf(({ problem }) => problem === 'rate');
  const noFx = outputsOf(({ problem }) => problem === 'fx');
  if (noRate[0]) warn('value/no-rate', `no rate is declared for ${list(noRate)}; nothing is counted for it`);
  if (noFx[0])
    warn('value/missing-fx-rate', `no exchange rate into ${project.currency} for ${list(noFx)}; no total can be given`);
  const undefinedRatio = outputsOf(
    ({ output: { status, actual }, lacksEvidence }) =>
      (status === 'closed' || status === 'incomplete') && actual === null && !lacksEvidence,
  );
  if (undefinedRatio[0])
    warn('value/partial', `the denominator is zero in ${list(undefinedRatio)}; nothing is counted for it`);
  const missing = outputsOf(({ output, lacksEvidence }) => output.status === 'missing' && !lacksEvidence);
  if (missing[0]) warn('value/partial', `no sample for ${list(missing)}; nothing is counted for it`);
  const partial = outputsOf(({ output, counted }) => output.status === 'incomplete' && counted !== null);
  if (partial[0]) warn('value/partial', `samples are missing in ${list(partial)}; only what was received is counted`);
  const lacking = new Map<string, PeriodOutput[]>();
  for (const { output, lacksEvidence } of rows) {
    if (!lacksEvidence || output.notCountedBecause === null) continue;
    const because = output.notCountedBecause.replace(output.from, 'it');
    lacking.set(because, [...(lacking.get(because) ?? []), output]);
  }
  for (const [because, periods] of lacking)
    warn('value/partial', `${because}: nothing is counted for ${list(periods)}`);
}

const localTime = (atMs: number, timeZone: string): string =>
  `${localDateAt(atMs, timeZone)} ${new Date(atMs).toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })} (${timeZone})`;

function inDays(ms: number): string {
  const days = Math.round(ms / 8_640_000) / 10;
  return `${days} ${days === 1 ? 'day' : 'days'}`;
}

function reportSamples({ metric, project, readings, warn }: MetricContext, stale: boolean): void {
  if (readings.newestSampleAtMs === null) warn('value/no-data', 'no sample has been received');
  else if (stale)
    warn(
      'value/stale',
      `the newest sample vouches to ${localTime(readings.newestSampleAtMs, project.timeZone)}, which is longer ago than ${inDays(freshnessLimitMs(metric, readings))} (freshnessLimit)`,
    );
  if (readings.overlapping > 0)
    warn(
      'value/bad-input',
      `${readings.overlapping} ${readings.overlapping === 1 ? 'sample covers' : 'samples cover'} time that another sample of the same series covers; left out`,
    );
}

function list(periods: readonly PeriodOutput[]): string {
  const first = periods[0];
  const one = `the period ${first?.from} to ${first?.to}`;
  return periods.length === 1 ? one : `${periods.length} periods, the first ${first?.from} to ${first?.to}`;
}
