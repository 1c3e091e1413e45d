import { datedDiscountFactor } from '../finance/discounting.ts';
import { Decimal, sum } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import type { LocalDate, Project } from '../types.ts';
import type { MonthlyFlow } from './cash-flows.ts';

export interface PresentValue {
  benefits: Decimal;
  costs: Decimal;
}

/** Factor that brings an amount of that date to the project's start, as its convention has it. */
export function discountFactorOf(project: Project, date: LocalDate): Decimal {
  return datedDiscountFactor(project.discount[0]?.rate ?? '0', daysBetween(project.startsOn, date));
}

export function presentValueOf(project: Project, flows: readonly MonthlyFlow[]): PresentValue {
  const factors = flows.map(({ date }) => discountFactorOf(project, date));
  const of = (side: 'benefit' | 'cost'): Decimal =>
    sum(flows.map((flow, index) => flow[side].times(factors[index] as Decimal)));
  return { benefits: of('benefit'), costs: of('cost') };
}
