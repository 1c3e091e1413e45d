import { Decimal } from '../money/decimal.ts';

/**
 * Shares rounded to so many places that sum to the total exactly. What rounding leaves, some units of the last place, goes to the
 * shares that rounding moved furthest the other way, at equal distance to the first; a share of zero stays zero. Negating
 * all shares and the total negates the result.
 */
export function roundShares(shares: readonly Decimal[], total: Decimal, places: number): Decimal[] {
  const unit = new Decimal(10).pow(-places);
  const rounded = shares.map((share) => share.toDecimalPlaces(places));
  const rest = rounded.reduce((left, share) => left.minus(share), total);
  let units = rest.div(unit).round().toNumber();
  const step = Math.sign(units);
  const missing = (index: number): Decimal => (shares[index] as Decimal).minus(rounded[index] as Decimal).times(step);
  const order = shares
    .map((_, index) => index)
    .filter((index) => !(shares[index] as Decimal).isZero())
    .sort((a, b) => missing(b).comparedTo(missing(a)) || a - b);
  for (let turn = 0; units !== 0 && order.length > 0; turn++) {
    const index = order[turn % order.length] as number;
    rounded[index] = (rounded[index] as Decimal).plus(unit.times(step));
    units -= step;
  }
  return rounded;
}
