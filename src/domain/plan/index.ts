/** What was promised, what is expected now, and how far both are from what came. */
export { type Completion, completionOf } from './completion.ts';
export { deliverablesAt } from './deliverables.ts';
export { type Performance, PRIOR_PERIODS, shrunk, TRAILING_PERIODS } from './performance.ts';
export { type PlanFigures, planFigures } from './plan-figures.ts';
export { evaluatePlan, type PlannedMetric, type PlanValue, planInForce } from './plan-value.ts';
export { type PlannedPeriod, plannedPeriods } from './planned-periods.ts';
export { toComeOf } from './to-come.ts';
