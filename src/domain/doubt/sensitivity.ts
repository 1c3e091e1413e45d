import { Decimal } from '../money/decimal.ts';
import { money, ratioOrNull } from '../value/figures.ts';
import type { SensitivityOutput } from '../value/outputs.ts';
import type { Valuation } from '../value/valuation.ts';
import { type Driver, driversOf } from './drivers.ts';
import type { MetricProfile } from './metric-profile.ts';

/**
 * Tornado: NPV to date with one driver at its low and its high end, widest first. Switching values: where NPV becomes zero if only
 * that driver moves, nearest to where it is. Null where there is no headline.
 */
export function sensitivityOf(valuation: Valuation, profiles: readonly MetricProfile[]): SensitivityOutput | null {
  if (!valuation.hasHeadline) return null;
  const drivers = driversOf(valuation, profiles);
  const rows = drivers.map((driver) => {
    const [low, high] = [driver.npvAt(driver.low), driver.npvAt(driver.high)];
    return { driver, low, high, swing: high.minus(low).abs() };
  });
  rows.sort((a, b) => b.swing.comparedTo(a.swing) || (a.driver.driver < b.driver.driver ? -1 : 1));
  return {
    tornado: rows.map(({ driver, low, high, swing }) => ({
      driver: driver.driver,
      name: driver.name,
      low: ratio(driver.low),
      base: ratio(driver.base),
      high: ratio(driver.high),
      range: driver.range,
      npvAtLow: money(low),
      npvAtHigh: money(high),
      swing: money(swing),
    })),
    switching: rows.flatMap(({ driver }) =>
      driver.bounds === null
        ? []
        : [
            {
              driver: driver.driver,
              name: driver.name,
              base: ratio(driver.base),
              value: ratioOrNull(switchingValueOf(driver, driver.bounds)),
            },
          ],
    ),
  };
}

const ratio = (value: Decimal): string => ratioOrNull(value) as string;

/** The value nearest to the base at which NPV is zero, to twelve places; for whole numbers the first that takes it across. */
function switchingValueOf(driver: Driver, bounds: { least: Decimal; most: Decimal }): Decimal | null {
  const { base } = driver;
  if (driver.isWhole) return firstWholeAcross(driver, bounds.most);
  if (driver.npvAt(base).isZero()) return base;
  if (driver.isLinear) return crossingOfLine(driver, bounds);
  const found = [towards(driver, bounds.least), towards(driver, bounds.most)].filter((value) => value !== null);
  found.sort((a, b) => a.minus(base).abs().comparedTo(b.minus(base).abs()));
  return found[0] ?? null;
}

function crossingOfLine({ npvAt }: Driver, { least, most }: { least: Decimal; most: Decimal }): Decimal | null {
  const [low, high] = [npvAt(least), npvAt(most)];
  const slope = high.minus(low);
  if (slope.isZero()) return null;
  const value = least.minus(low.times(most.minus(least)).div(slope));
  return value.gte(least) && value.lte(most) ? value : null;
}

const STEPS = 48;
const HALVINGS = 60;

/** The first change of sign on the way from the base to one end, in strides that grow; then by halving. */
function towards({ npvAt, base }: Driver, end: Decimal): Decimal | null {
  const way = end.minus(base);
  const isPositive = npvAt(base).isPositive();
  let near = base;
  for (let step = STEPS - 1; step >= 0; step--) {
    const far = base.plus(way.times(new Decimal('0.8').pow(step)));
    if (npvAt(far).isPositive() !== isPositive) return halved(npvAt, near, far, isPositive);
    near = far;
  }
  return null;
}

function halved(npvAt: Driver['npvAt'], near: Decimal, far: Decimal, isPositive: boolean): Decimal {
  let [inside, outside] = [near, far];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = inside.plus(outside).div(2);
    if (npvAt(middle).isPositive() === isPositive) inside = middle;
    else outside = middle;
  }
  return outside.toDecimalPlaces(12);
}

function firstWholeAcross({ npvAt, base }: Driver, most: Decimal): Decimal | null {
  const isPositive = npvAt(base).gt(0);
  for (let value = base.plus(1); value.lte(most); value = value.plus(1))
    if (npvAt(value).gt(0) !== isPositive) return value;
  return null;
}
