import { Decimal, sum } from '../money/decimal.ts';

export interface Point {
  x: number;
  y: Decimal;
  /** How much it counts, above zero; 1 throughout is the ordinary case. */
  weight: Decimal;
}
export interface Line {
  /** At x = 0. */
  intercept: Decimal;
  slope: Decimal;
}
/** How well something describes the points that it was found from. */
export interface Fit {
  /** 1 − Σw(y − ŷ)² / Σw(y − ȳ)²; below zero: worse than the mean. Null where y does not vary. */
  rSquared: Decimal | null;
  /** In the unit of y; null where no freedom is left. */
  residualSd: Decimal | null;
}

/**
 * The line with the least Σw(y − intercept − slope·x)²: slope = Σw(x − x̄)(y − ȳ) / Σw(x − x̄)², intercept = ȳ − slope·x̄, means
 * weighted (NIST/SEMATECH e-Handbook of Statistical Methods, 4.1.4.1 and 4.1.4.3). Null for fewer than two different x.
 */
export function leastSquares(points: readonly Point[]): Line | null {
  const weight = sum(points.map((point) => point.weight));
  if (weight.isZero()) return null;
  const meanX = sum(points.map(({ x, weight: w }) => w.times(x))).div(weight);
  const meanY = sum(points.map(({ y, weight: w }) => w.times(y))).div(weight);
  const spread = sum(points.map(({ x, weight: w }) => meanX.minus(x).pow(2).times(w)));
  if (spread.isZero()) return null;
  const slope = sum(
    points.map(({ x, y, weight: w }) => w.times(new Decimal(x).minus(meanX)).times(y.minus(meanY))),
  ).div(spread);
  return { slope, intercept: meanY.minus(slope.times(meanX)) };
}

/**
 * R² and the standard deviation of what is left over, √(Σw(y − ŷ)²/Σw · n/(n − parameters)): with equal weights the usual
 * √(Σ(y − ŷ)²/(n − parameters)).
 */
export function fitOf(
  points: readonly Point[],
  fitted: (point: Point, index: number) => Decimal,
  parameters: number,
): Fit {
  const n = points.length;
  const weight = sum(points.map((point) => point.weight));
  if (weight.isZero()) return { rSquared: null, residualSd: null };
  const mean = sum(points.map(({ y, weight: w }) => w.times(y))).div(weight);
  const left = sum(points.map((point, index) => point.y.minus(fitted(point, index)).pow(2).times(point.weight)));
  const total = sum(points.map(({ y, weight: w }) => y.minus(mean).pow(2).times(w)));
  return {
    rSquared: total.isZero() ? null : new Decimal(1).minus(left.div(total)),
    residualSd:
      n > parameters
        ? left
            .div(weight)
            .times(n)
            .div(n - parameters)
            .sqrt()
        : null,
  };
}
