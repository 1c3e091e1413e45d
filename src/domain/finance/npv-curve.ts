import { Decimal } from '../money/decimal.ts';

export interface CurvePoint {
  rate: Decimal;
  npv: Decimal;
}

/** From −50 % to 100 % in steps of ten points. */
const GRID = Array.from({ length: 16 }, (_, index) => new Decimal(index - 5).div(10));

/**
 * NPV by discount rate, ascending: a grid from −50 % to 100 %, `alsoAt` (the case's own rates) and every root of the
 * IRR. It says what a single rate cannot where IRR is not unique. `npvAt` gives the NPV at one flat rate above −1.
 */
export function npvCurve(npvAt: (rate: Decimal) => Decimal, alsoAt: readonly Decimal[]): CurvePoint[] {
  const rates = new Map<string, Decimal>();
  for (const rate of [...GRID, ...alsoAt]) rates.set(rate.toFixed(), rate);
  return [...rates.values()].sort((a, b) => a.comparedTo(b)).map((rate) => ({ rate, npv: npvAt(rate) }));
}
