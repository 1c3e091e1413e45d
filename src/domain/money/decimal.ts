import { Decimal as DecimalBase } from 'decimal.js';
import type { DecimalString } from '../types.ts';

/**
 * The decimal arithmetic of every figure: 40 significant digits, half-even, never exponent notation below 10^40.
 * A clone, so that nobody else's settings of decimal.js can change ours.
 */
export const Decimal = DecimalBase.clone({
  precision: 40,
  rounding: DecimalBase.ROUND_HALF_EVEN,
  toExpNeg: -40,
  toExpPos: 40,
  maxE: 9e15,
  minE: -9e15,
});
export type Decimal = DecimalBase;
export type DecimalInput = string | number | Decimal;

/** Decimal places that a stored amount of money keeps: far below a cent, so that rounding never shows in a sum. */
export const MONEY_PLACES = 8;
/** Decimal places of a stored ratio, rate or measured value. */
export const RATIO_PLACES = 12;

const DECIMAL_PATTERN = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/;

/** The number written in a text, or null: no blanks, no separators, no hexadecimal, no NaN or Infinity. */
export function parseDecimal(text: string): Decimal | null {
  return DECIMAL_PATTERN.test(text) ? new Decimal(text) : null;
}

export function sum(values: Iterable<Decimal>): Decimal {
  let total: Decimal = new Decimal(0);
  for (const value of values) total = total.plus(value);
  return total;
}

/** Plain notation without trailing zeros and without a negative zero. */
export function plain(value: Decimal): DecimalString {
  return value.isZero() ? '0' : value.toFixed();
}

/** Rounded half-even to `MONEY_PLACES`; sums of such amounts are exact. */
export function roundMoney(value: Decimal): Decimal {
  return value.toDecimalPlaces(MONEY_PLACES);
}
export function moneyString(value: Decimal): DecimalString {
  return plain(roundMoney(value));
}
export function ratioString(value: Decimal): DecimalString {
  return plain(value.toDecimalPlaces(RATIO_PLACES));
}

/** A quotient, or null where the divisor is zero: the caller shows "n/a", never Infinity. */
export function divideOrNull(dividend: Decimal, divisor: Decimal): Decimal | null {
  return divisor.isZero() ? null : dividend.div(divisor);
}

/**
 * A quotient over what something cost, or null where that is not above zero: more credits than costs to date are no base,
 * and the sign of a quotient over them would say that a gain is a loss.
 */
export function overCost(dividend: Decimal, cost: Decimal): Decimal | null {
  return cost.gt(0) ? dividend.div(cost) : null;
}

/** Σ(x − mean)² / (n − 1), its root; null for fewer than two values. */
export function sampleStandardDeviation(values: readonly Decimal[]): Decimal | null {
  if (values.length < 2) return null;
  const mean = sum(values).div(values.length);
  return sum(values.map((value) => value.minus(mean).pow(2)))
    .div(values.length - 1)
    .sqrt();
}
