import { describe, expect, it } from 'vitest';
import { Decimal } from '../money/decimal.ts';
import { fitOf, type Line, leastSquares } from './least-squares.ts';

const pointsOf = (xs: number[], ys: number[], weights: number[] = xs.map(() => 1)) =>
  xs.map((x, index) => ({ x, y: new Decimal(ys[index] ?? 0), weight: new Decimal(weights[index] ?? 1) }));
const at = (line: Line | null, x: number) => (line as Line).intercept.plus((line as Line).slope.times(x));

describe('least squares', () => {
  // Anscombe, Graphs in Statistical Analysis (1973), the first and third set, with the figures published there.
  it.each([
    [
      'first',
      [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5],
      [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68],
      { intercept: 3.000091, slope: 0.500091, rSquared: 0.666542, residualSd: 1.236603 },
    ],
    [
      'third',
      [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5],
      [7.46, 6.77, 12.74, 7.11, 7.81, 8.84, 6.08, 5.39, 8.15, 6.42, 5.73],
      { intercept: 3.002455, slope: 0.499727, rSquared: 0.666324, residualSd: 1.236311 },
    ],
  ])('gives the published line of Anscombe’s %s set', (_, xs, ys, published) => {
    const points = pointsOf(xs, ys);
    const line = leastSquares(points);
    const fit = fitOf(points, ({ x }) => at(line, x), 2);
    expect(Number(line?.intercept)).toBeCloseTo(published.intercept, 6);
    expect(Number(line?.slope)).toBeCloseTo(published.slope, 6);
    expect(Number(fit.rSquared)).toBeCloseTo(published.rSquared, 6);
    expect(Number(fit.residualSd)).toBeCloseTo(published.residualSd, 6);
  });
  it('a point of weight three is three points', () => {
    const thrice = leastSquares(pointsOf([0, 1, 2, 2, 2], [1, 5, 3, 3, 3]));
    const weighted = leastSquares(pointsOf([0, 1, 2], [1, 5, 3], [1, 1, 3]));
    expect(Number(weighted?.slope)).toBeCloseTo(Number(thrice?.slope), 12);
    expect(Number(weighted?.intercept)).toBeCloseTo(Number(thrice?.intercept), 12);
  });
  it('of one x, or of nothing, there is no line; without freedom or variation no measure', () => {
    expect(leastSquares(pointsOf([2, 2], [1, 5]))).toBeNull();
    expect(leastSquares([])).toBeNull();
    expect(fitOf(pointsOf([1, 2], [3, 3]), () => new Decimal(3), 2)).toEqual({ rSquared: null, residualSd: null });
  });
});
