/** What was promised, what is expected now, and how far both are from what came. */
export { PRIOR_PERIODS, TRAILING_PERIODS } from './performance.ts';
export { type PlanFigures, planFigures } from './plan-figures.ts';
export { planInForce } from './plan-value.ts';
export { type BenefitSpan, type PlannedPeriod, type PlannedPeriods, plannedPeriods } from './planned-periods.ts';
