import type { MetricReadings } from '../readings/outcome.ts';
import type { ValueMetric } from '../types.ts';
import type { RoiInput } from './input.ts';
import { type Valuation, valuate } from './valuation.ts';

/**
 * One metric of a project valued alone. Present values add up over metrics and costs, so that a question about one of them
 * need not value the others again.
 */
export function valuateMetric(input: RoiInput, metric: ValueMetric, readings: MetricReadings): Valuation {
  const project = { ...input.project, metrics: [metric], costSources: [], manualCosts: [] };
  return valuate({ ...input, project, metrics: [readings], costs: [], unreadCostSources: [] });
}

/** A project's costs valued alone. */
export function valuateCosts(input: RoiInput): Valuation {
  return valuate({ ...input, project: { ...input.project, metrics: [] }, metrics: [] });
}
