import { Decimal, type DecimalInput, moneyString, sum } from '../money/decimal.ts';
import type { DecimalString, Direction } from '../types.ts';
import { periodBenefit } from './benefit.ts';

/** Periods of a metric with what would have been without the project, already validated; lists of one length. */
export interface BenefitCase {
  id: string;
  kind: 'flow' | 'ratio' | 'percentile' | 'stock';
  direction: Direction;
  actual: readonly DecimalInput[];
  counterfactual: readonly DecimalInput[];
  /** Money for one unit; for a stock for one unit and year. */
  rate: DecimalInput;
  /** Ratio and percentile: units a period. */
  exposure?: DecimalInput | undefined;
  /** Stock: part of a year that a period lasts. */
  yearFraction?: DecimalInput | undefined;
  attribution?: DecimalInput | undefined;
  deadweight?: DecimalInput | undefined;
  displacement?: DecimalInput | undefined;
  confidence?: DecimalInput | undefined;
}
export interface BenefitResult {
  id: string;
  /** Σ B, in the case's currency. */
  benefitToDate: DecimalString;
  /** Σ G. */
  unadjustedBenefitToDate: DecimalString;
  periods: { gross: DecimalString; benefit: DecimalString }[];
}

/** G and B of each period by the formulas of `periodBenefit`, and their sums. */
export function evaluateBenefitCase(input: BenefitCase): BenefitResult {
  const decimal = (value: DecimalInput | undefined, absent: number): Decimal => new Decimal(value ?? absent);
  const periods = input.actual.map((actual, index) =>
    periodBenefit({
      kind: input.kind,
      direction: input.direction,
      actual: new Decimal(actual),
      counterfactual: decimal(input.counterfactual[index], 0),
      rate: new Decimal(input.rate),
      exposure: decimal(input.exposure, 1),
      yearFraction: decimal(input.yearFraction, 1),
      attribution: decimal(input.attribution, 1),
      deadweight: decimal(input.deadweight, 0),
      displacement: decimal(input.displacement, 0),
      confidence: decimal(input.confidence, 1),
    }),
  );
  return {
    id: input.id,
    benefitToDate: moneyString(sum(periods.map(({ benefit }) => benefit))),
    unadjustedBenefitToDate: moneyString(sum(periods.map(({ gross }) => gross))),
    periods: periods.map(({ gross, benefit }) => ({ gross: moneyString(gross), benefit: moneyString(benefit) })),
  };
}
