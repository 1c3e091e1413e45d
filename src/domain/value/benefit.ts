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
  /** (1 − dropOff)^years: what the years since the start have left of it. Absent: all. */
  kept?: Decimal | undefined;
}

export interface BenefitTerms extends BenefitFactors {
  kind: MetricKind;
  /** Stock: `release` counts the change of the level once, at the rate of a unit. Absent: `holding`. */
  stockValuation?: 'holding' | 'release' | null | undefined;
  direction: Direction;
  /** A (flow), W (stock held), Lₚ (stock released), R (ratio) or P (percentile). */
  actual: Decimal;
  /** C, in the same unit; for a flow of which only a part was received, C of that part; for a stock released Lₚ₋₁. */
  counterfactual: Decimal;
  /** Per unit; for a stock held per unit and year. */
  rate: Decimal;
  /** Ratio and percentile: the units that it applies to. */
  exposure: Decimal;
  /** Stock held: the part of a year that was observed. */
  yearFraction: Decimal;
}

const ONE = new Decimal(1);

/**
 * G and B of one period: flow G = s(A − C)·rate; stock held G = s(W − C)·annualRate·yearFraction, stock released
 * G = s(Lₚ − Lₚ₋₁)·rate; ratio G = s(R − C)·exposure·rate, percentile likewise;
 * B = G·a·(1 − deadweight)·(1 − displacement)·q·(1 − dropOff)^years, with q = 1 where G < 0, so that
 * doubt never makes a loss smaller.
 */
export function periodBenefit(terms: BenefitTerms): { gross: Decimal; benefit: Decimal } {
  const moved = terms.actual.minus(terms.counterfactual);
  const gross = scaled((terms.direction === 'up' ? moved : moved.negated()).times(terms.rate), scaleOf(terms));
  const factors = [
    terms.attribution,
    terms.deadweight.isZero() ? ONE : ONE.minus(terms.deadweight),
    terms.displacement.isZero() ? ONE : ONE.minus(terms.displacement),
    gross.isNegative() ? ONE : terms.confidence,
    terms.kept ?? ONE,
  ];
  return { gross, benefit: factors.reduce(scaled, gross) };
}

/** Many factors are the 1 from above, and a valuation multiplies ten thousand times. */
const scaled = (value: Decimal, factor: Decimal): Decimal => (factor === ONE ? value : value.times(factor));

function scaleOf({ kind, stockValuation, yearFraction, exposure }: BenefitTerms): Decimal {
  switch (kind) {
    case 'flow':
      return ONE;
    case 'stock':
      return stockValuation === 'release' ? ONE : yearFraction;
    case 'ratio':
    case 'percentile':
      return exposure;
  }
}
