import type { MetricOutput, PeriodOutput, RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';
import type { Format } from './format.ts';
import { count, countedBenefits } from './moves.ts';

/** Periods counted then that have another benefit now, or count no longer; newest first. */
export function restatements(now: RoiOutputs, before: RoiOutputs | null, format: Format): DigestFacts['restatements'] {
  if (before === null || before.currency !== now.currency) return [];
  const found = now.metrics.flatMap((metric) => {
    const old = before.metrics.find((candidate) => candidate.metricId === metric.metricId);
    return old === undefined ? [] : restatementsOf(metric, old, format);
  });
  return found.sort((a, b) => (a.period === b.period ? compare(a.metric, b.metric) : compare(b.period, a.period)));
}

function restatementsOf(metric: MetricOutput, old: MetricOutput, format: Format): DigestFacts['restatements'] {
  const current = countedBenefits(metric.periods);
  const periodOf = (periods: readonly PeriodOutput[], from: string) => periods.find((period) => period.from === from);
  return [...countedBenefits(old.periods)].flatMap(([from, before]) => {
    const now = current.get(from) ?? null;
    if (now?.equals(before)) return [];
    const period = periodOf(metric.periods, from);
    const earlier = periodOf(old.periods, from);
    return [
      {
        metric: metric.name,
        period: from,
        oldBenefit: before.toFixed(),
        newBenefit: now?.toFixed() ?? null,
        why: now === null ? whyGone(metric, period) : whyRestated(period, earlier, metric.unit, format),
      },
    ];
  });
}

const GONE: Partial<Record<PeriodOutput['status'], string>> = {
  provisional: 'its samples are provisional again',
  missing: 'its samples are gone',
  drift: 'the benefit now starts later',
  'after-end': 'the benefit now ends earlier',
};

function whyGone(metric: MetricOutput, period: PeriodOutput | undefined): string {
  if (!metric.monetised) return `no longer counted: ${metric.notMonetisedBecause ?? 'not expressed in money'}`;
  return `no longer counted: ${(period && GONE[period.status]) ?? 'the period can no longer be computed'}`;
}

/** The first difference in the order in which a figure is made: samples, actual, counterfactual, exposure, rate, factors. */
function whyRestated(
  now: PeriodOutput | undefined,
  old: PeriodOutput | undefined,
  unit: string,
  format: Format,
): string {
  if (now === undefined || old === undefined) return 'the period is computed anew';
  const actual = `${format.number(old.actual)} → ${format.number(now.actual)} ${unit}`;
  if (now.received > old.received) return `${count(now.received - old.received, 'sample')} arrived late (${actual})`;
  if (now.revision > old.revision) return `the source corrected its samples (${actual})`;
  if (now.received < old.received) return `${count(old.received - now.received, 'sample')} no longer counted`;
  if (now.actual !== old.actual) return `the source corrected its samples (${actual})`;
  if (now.counterfactual !== old.counterfactual)
    return `the baseline changed (${format.number(old.counterfactual)} → ${format.number(now.counterfactual)} ${unit})`;
  if (now.exposure !== old.exposure) return 'the exposure changed';
  if (now.rate !== old.rate) return `the rate changed (${format.number(old.rate)} → ${format.number(now.rate)})`;
  return 'attribution, deadweight, displacement or confidence changed';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
