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
    switching: rows.map(({ driver }) => ({
      driver: driver.driver,
      name: driver.name,
      base: ratio(driver.base),
      value: ratioOrNull(switchingValueOf(driver)),
    })),
  };
}

const ratio = (value: Decimal): string => ratioOrNull(value) as string;

/** The value nearest to the base at which NPV is zero, to twelve places; for whole numbers the first that takes it across. */
function switchingValueOf(driver: Driver): Decimal | null {
  const { base, bounds } = driver;
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

/** The first stride is this part of the way. */
const FIRST_STRIDE = '0.0002';
const MOST_CHORDS = 80;
const PLACES = 12;

/** The first change of sign on the way from the base to one end, in strides that grow. */
function towards({ npvAt, base, strides }: Driver, end: Decimal): Decimal | null {
  const way = end.minus(base);
  const ratio = new Decimal(FIRST_STRIDE).pow(new Decimal(1).div(strides - 1));
  let near = { value: base, npv: npvAt(base) };
  for (let stride = strides - 1; stride >= 0; stride--) {
    const value = base.plus(way.times(ratio.pow(stride))).toDecimalPlaces(PLACES);
    const far = { value, npv: npvAt(value) };
    if (far.npv.isPositive() !== near.npv.isPositive()) return crossingBetween(npvAt, near, far);
    near = far;
  }
  return null;
}

interface Point {
  value: Decimal;
  npv: Decimal;
}

/** Chords by the Illinois rule: an end that stays twice counts half, so that the bracket shrinks from both sides. */
function crossingBetween(npvAt: Driver['npvAt'], near: Point, far: Point): Decimal {
  let [a, b] = [near, far];
  const enough = new Decimal(10).pow(-PLACES);
  for (let chord = 0; chord < MOST_CHORDS && a.value.minus(b.value).abs().gt(enough); chord++) {
    const value = b.value.minus(b.npv.times(b.value.minus(a.value)).div(b.npv.minus(a.npv)));
    if (value.minus(b.value).abs().lt(enough)) return value.toDecimalPlaces(PLACES);
    const next = { value, npv: npvAt(value) };
    if (next.npv.isZero()) return value.toDecimalPlaces(PLACES);
    a = next.npv.isPositive() === b.npv.isPositive() ? { ...a, npv: a.npv.div(2) } : b;
    b = next;
  }
  return b.value.toDecimalPlaces(PLACES);
}

function firstWholeAcross({ npvAt, base }: Driver, most: Decimal): Decimal | null {
  const isPositive = npvAt(base).gt(0);
  for (let value = base.plus(1); value.lte(most); value = value.plus(1))
    if (npvAt(value).gt(0) !== isPositive) return value;
  return null;
}
