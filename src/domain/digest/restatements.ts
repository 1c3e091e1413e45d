import type { MetricOutput, PeriodOutput, RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';
import type { Format } from './format.ts';
import { count, countedBenefits, isCounted } from './moves.ts';

/** Periods that both computations counted, with another benefit now than then; newest first. */
export function restatements(now: RoiOutputs, before: RoiOutputs | null, format: Format): DigestFacts['restatements'] {
  if (before === null || before.currency !== now.currency) return [];
  const found = now.metrics.flatMap((metric) => {
    const old = before.metrics.find((candidate) => candidate.metricId === metric.metricId);
    return old === undefined ? [] : restatementsOf(metric, old, format);
  });
  return found.sort((a, b) => (a.period === b.period ? compare(a.metric, b.metric) : compare(b.period, a.period)));
}

function restatementsOf(metric: MetricOutput, old: MetricOutput, format: Format): DigestFacts['restatements'] {
  const earlier = countedBenefits(old.periods);
  const oldPeriods = new Map(old.periods.map((period) => [period.from, period]));
  return [...countedBenefits(metric.periods)].flatMap(([from, benefit]) => {
    const before = earlier.get(from);
    if (before === undefined || before.equals(benefit)) return [];
    const period = metric.periods.find((candidate) => candidate.from === from && isCounted(candidate));
    return [
      {
        metric: metric.name,
        period: from,
        oldBenefit: before.toFixed(),
        newBenefit: benefit.toFixed(),
        why: whyRestated(period, oldPeriods.get(from), metric.unit, format),
      },
    ];
  });
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
