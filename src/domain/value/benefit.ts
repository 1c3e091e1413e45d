import { Decimal } from '../money/decimal.ts';
import type { Direction, MetricKind } from '../types.ts';

export interface BenefitFactors {
  /** a: the share of the movement that the project caused. */
  attribution: Decimal;
  /** The share that would have happened anyway. */
  deadweight: Decimal;
  /** The share that was only moved from elsewhere. */
  displacement: Decimal;
  /** q; taken as 1 where the movement is a loss. */
  confidence: Decimal;
}

export interface BenefitTerms extends BenefitFactors {
  kind: MetricKind;
  direction: Direction;
  /** A (flow), W (stock) or R (ratio). */
  actual: Decimal;
  /** C, in the same unit; for a flow of which only a part was received, C of that part. */
  counterfactual: Decimal;
  /** Per unit; for a stock per unit and year. */
  rate: Decimal;
  /** Ratio: the units that it applies to. */
  exposure: Decimal;
  /** Stock: the part of a year that was observed. */
  yearFraction: Decimal;
}

/**
 * G and B of one period: flow G = s(A − C)·rate; stock G = s(W − C)·annualRate·yearFraction;
 * ratio G = s(R − C)·exposure·rate; B = G·a·(1 − deadweight)·(1 − displacement)·q, with q = 1 where G < 0, so that
 * doubt never makes a loss smaller.
 */
export function periodBenefit(terms: BenefitTerms): { gross: Decimal; benefit: Decimal } {
  const sign = terms.direction === 'up' ? 1 : -1;
  const scale = terms.kind === 'stock' ? terms.yearFraction : terms.kind === 'ratio' ? terms.exposure : new Decimal(1);
  const gross = terms.actual.minus(terms.counterfactual).times(sign).times(terms.rate).times(scale);
  const benefit = gross
    .times(terms.attribution)
    .times(new Decimal(1).minus(terms.deadweight))
    .times(new Decimal(1).minus(terms.displacement))
    .times(gross.isNegative() ? 1 : terms.confidence);
  return { gross, benefit };
}
