import { Decimal } from '../money/decimal.ts';

/** A quantity over time by day number (`epochDay`), ascending: steps or straight lines between; both ends hold on. */
export interface Path {
  days: readonly number[];
  values: readonly Decimal[];
  linear: boolean;
}

export const constantPath = (value: Decimal): Path => ({ days: [], values: [value], linear: false });

/** Values just after `from` and just before `to`, between which the path has no point. */
function endsOf({ days, values, linear }: Path, from: number, to: number): [Decimal, Decimal] {
  let index = days.length - 1;
  while (index > 0 && (days[index] as number) > from) index--;
  const value = values[Math.max(index, 0)] as Decimal;
  const [start, end, next] = [days[index], days[index + 1], values[index + 1]];
  if (!linear || start === undefined || end === undefined || next === undefined || from < start) return [value, value];
  const at = (day: number): Decimal =>
    value.plus(
      next
        .minus(value)
        .times(day - start)
        .div(end - start),
    );
  return [at(from), at(to)];
}

export interface PathProduct {
  /** Time-weighted mean over the days. */
  mean: Decimal;
  /** Just before the first day that is past them. */
  last: Decimal;
}

/**
 * The product of two paths over [from, to): between points both are straight, so that ∫ab = (2a₀b₀ + 2a₁b₁ + a₀b₁ + a₁b₀)/6
 * times the length is exact, not a sum of samples.
 */
export function productOver(a: Path, b: Path, from: number, to: number): PathProduct {
  const inside = [...a.days, ...b.days].filter((day) => day > from && day < to);
  const borders = [from, ...[...new Set(inside)].sort((x, y) => x - y), to];
  let total: Decimal = new Decimal(0);
  let last: Decimal = total;
  for (let index = 1; index < borders.length; index++) {
    const [start, end] = [borders[index - 1] as number, borders[index] as number];
    const [a0, a1] = endsOf(a, start, end);
    const [b0, b1] = endsOf(b, start, end);
    const first = a0.times(b0);
    const isLevel = a0 === a1 && b0 === b1;
    if (isLevel && borders.length === 2) return { mean: first, last: first };
    const second = isLevel ? first : a1.times(b1);
    const sixfold = first.plus(second).times(2).plus(a0.times(b1)).plus(a1.times(b0));
    total = total.plus(sixfold.div(6).times(end - start));
    last = second;
  }
  return { mean: total.div(to - from), last };
}
