/** From samples and cost lines to benefit, cost, ROI and its doubts. */
export * from './benefit.ts';
export * from './benefit-case.ts';
export * from './canonical.ts';
export { keptShare, wholeYears } from './drop-off.ts';
export * from './input.ts';
export * from './inputs-hash.ts';
export * from './outputs.ts';
export * from './restatements.ts';
export * from './roi.ts';
export * from './snapshot-versions.ts';
export { type Valuation, valuate } from './valuation.ts';
export { assertValuable, type MetricRuleProblem, metricProblems } from './value-rules.ts';
