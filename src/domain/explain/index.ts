/** The tree behind each figure: terms, periods, cost lines. */
export * from './explain.ts';
export type { ExplainedCostLine } from './explain-cost.ts';
export * from './node.ts';
