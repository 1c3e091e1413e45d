import { Decimal, sum } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import type { MetricReadings } from '../readings/outcome.ts';
import { startOfDayMs } from '../time/zones.ts';
import type { LocalDate, Project, ValueMetric } from '../types.ts';
import { baselineOf, baselineOutput } from './baseline.ts';
import type { MetricContext } from './context.ts';
import { type CounterfactualLookup, counterfactualOf } from './counterfactual.ts';
import { coverageOf, money, type WarningCode } from './figures.ts';
import { freshnessLimitMs } from './freshness.ts';
import { reportMetric } from './metric-warnings.ts';
import type { MetricOutput, PeriodOutput, ValueWarning } from './outputs.ts';
import { type CountedPeriod, periodEvaluator } from './period.ts';
import { metricProblems } from './value-rules.ts';

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
  const counterfactual = counterfactualOf(context, baseline);
  const notMonetisedBecause = whyNotMonetised(metric, counterfactual);
  const model = notMonetisedBecause === null && counterfactual.found ? counterfactual.model : null;
  const evaluate = periodEvaluator(context, model);
  const rows = readings.periods.map((reading, index) => evaluate(reading, readings.periods[index - 1] ?? null));
  const counted = rows.flatMap(({ counted: row }) => (row ? [row] : []));
  const over = rows.filter(({ output }) => isOver(output));
  const coverage = coverageOf(
    over.map(({ output, lacksEvidence }) => (lacksEvidence ? { ...output, received: 0 } : output)),
  );
  const conversionMissing = rows.some(({ problem }) => problem === 'fx');
  const stale = isStale(context, asOf);
  reportMetric(context, { rows, counterfactual, baseline, model, stale });

  const unknown = model === null || conversionMissing || (over.length > 0 && counted.length === 0);
  const latest = rows.filter(({ whole }) => whole).at(-1)?.output;
  return {
    output: {
      metricId: metric.id,
      name: metric.name,
      unit: metric.unit,
      kind: metric.kind,
      direction: metric.direction,
      benefitClass: metric.benefitClass,
      monetised: model !== null,
      notMonetisedBecause,
      baseline: baselineOutput(metric, baseline),
      fit: counterfactual.found ? counterfactual.model.fit : null,
      hasStarted: metric.hasStarted,
      startsOn: metric.startsOn,
      target: metric.target && { ...metric.target, met: latest ? targetMet(metric, latest) : null },
      latest: latest ? { from: latest.from, to: latest.to, actual: latest.actual as string } : null,
      benefitToDate: unknown ? null : money(sum(counted.map(({ benefit }) => benefit))),
      unadjustedBenefitToDate: unknown ? null : money(sum(counted.map(({ gross }) => gross))),
      coverage,
      newestSampleAtMs: readings.newestSampleAtMs,
      freshnessLimitMs: freshnessLimitMs(metric, readings),
      stale,
      source: { connector: metric.source.connector, stream: metric.source.stream },
      periods: rows.map(({ output }) => output),
    },
    warnings,
    counted,
    conversionMissing,
  };
}

/** Between the benefit's start and its end, and over. */
const isOver = ({ status }: PeriodOutput): boolean =>
  status === 'closed' || status === 'incomplete' || status === 'provisional' || status === 'missing';

function whyNotMonetised(metric: ValueMetric, counterfactual: CounterfactualLookup): string | null {
  if (metric.benefitClass === 'quantitative' || metric.benefitClass === 'qualitative')
    return `a ${metric.benefitClass} benefit is not expressed in money`;
  const problem = metricProblems(metric)[0];
  if (problem) return problem.message;
  if (!counterfactual.found) return counterfactual.because;
  return metric.rates.length === 0 ? 'no rate is declared' : null;
}

function isStale({ metric, project, readings }: MetricContext, asOf: LocalDate): boolean {
  if (metric.endsOn !== null && metric.endsOn <= asOf) return false;
  const limitMs = startOfDayMs(asOf, project.timeZone) - freshnessLimitMs(metric, readings);
  return readings.newestSampleAtMs === null || readings.newestSampleAtMs < limitMs;
}

function targetMet(metric: ValueMetric, latest: PeriodOutput): boolean | null {
  if (metric.target === null || latest.actual === null) return null;
  const actual = new Decimal(latest.actual);
  return metric.direction === 'up' ? actual.gte(metric.target.value) : actual.lte(metric.target.value);
}
