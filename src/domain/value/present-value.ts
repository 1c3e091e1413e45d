import { factorOver, type RateStep } from '../finance/discount-steps.ts';
import { Decimal, sum } from '../money/decimal.ts';
import type { LocalDate, Project } from '../types.ts';
import type { MonthlyFlow } from './cash-flows.ts';
import { deflatorOf, discountStepsOf, type FlowSide, flowTimeOf } from './flow-time.ts';

export interface PresentValue {
  benefits: Decimal;
  costs: Decimal;
}

/** Projects are never changed in place: a simulation values one thousands of times. */
const known = new WeakMap<Project, Map<string, Decimal>>();

/**
 * Factor that brings an amount of that date to the project's start, as its convention has it; with a real price basis
 * to the prices of the base year besides. The side matters under `tei` alone: initial costs are not discounted.
 */
export function discountFactorOf(project: Project, date: LocalDate, side: FlowSide = 'benefit'): Decimal {
  const factors = known.get(project) ?? new Map<string, Decimal>();
  known.set(project, factors);
  const key = `${date} ${project.convention === 'tei' ? side : ''}`;
  const before = factors.get(key);
  if (before) return before;
  const factor = factorAtRates(project, date, side, discountStepsOf(project)).times(deflatorOf(project, date));
  factors.set(key, factor);
  return factor;
}

function factorAtRates(project: Project, date: LocalDate, side: FlowSide, steps: readonly RateStep[]): Decimal {
  const { ticks, ticksPerYear } = flowTimeOf(project, date, side);
  return factorOver(steps, ticks, ticksPerYear);
}

export function presentValueOf(project: Project, flows: readonly MonthlyFlow[]): PresentValue {
  const of = (side: FlowSide): Decimal =>
    sum(flows.map((flow) => flow[side].times(discountFactorOf(project, flow.date, side))));
  return { benefits: of('benefit'), costs: of('cost') };
}

/** Flows as they are weighed: in the base year's prices where the price basis is real. */
export function inBasisPrices(project: Project, flows: readonly MonthlyFlow[]): readonly MonthlyFlow[] {
  if (project.priceBasis.kind === 'nominal') return flows;
  return flows.map(({ date, benefit, cost }) => {
    const deflator = deflatorOf(project, date);
    return { date, benefit: benefit.times(deflator), cost: cost.times(deflator) };
  });
}

/** NPV of flows in basis prices at other rates than the project's, each where its convention places it. */
export function npvAtRates(project: Project, flows: readonly MonthlyFlow[], steps: readonly RateStep[]): Decimal {
  const worth = ({ date, ...flow }: MonthlyFlow, side: FlowSide): Decimal =>
    flow[side].times(factorAtRates(project, date, side, steps));
  return sum(flows.map((flow) => worth(flow, 'benefit').minus(worth(flow, 'cost'))));
}
