import type { RoiOutputs } from '../value/outputs.ts';
import { causeWords, restatementsBetween } from '../value/restatements.ts';
import type { DigestFacts } from './facts.ts';
import type { Format } from './format.ts';

/** Periods counted then that have another benefit now, or count no longer; newest first. Metrics that left are another matter. */
export function restatements(now: RoiOutputs, before: RoiOutputs | null, format: Format): DigestFacts['restatements'] {
  if (before === null) return [];
  const current = new Set(now.metrics.map(({ metricId }) => metricId));
  return restatementsBetween(now, before)
    .filter(({ metricId }) => current.has(metricId))
    .map((restated) => ({
      metric: restated.metricName,
      period: restated.period,
      oldBenefit: restated.oldBenefit,
      newBenefit: restated.newBenefit,
      why: causeWords(restated, format),
    }));
}
