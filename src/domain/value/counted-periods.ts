import { Decimal } from '../money/decimal.ts';
import type { PeriodOutput } from './outputs.ts';

/** Benefit of the periods that were counted, by first day. */
export function countedBenefits(periods: readonly PeriodOutput[]): Map<string, Decimal> {
  const benefits = new Map<string, Decimal>();
  for (const period of periods) {
    const benefit = countedBenefit(period);
    if (benefit !== null) benefits.set(period.from, benefit);
  }
  return benefits;
}

export function countedBenefit(period: PeriodOutput): Decimal | null {
  if (!isCounted(period) || period.benefit === null) return null;
  return new Decimal(period.benefit);
}

/** Only these periods are money: provisional, open and missing ones never are. */
export function isCounted(period: PeriodOutput): boolean {
  return period.status === 'closed' || period.status === 'incomplete';
}
