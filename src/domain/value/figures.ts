import { Decimal, moneyString, ratioString } from '../money/decimal.ts';
import type { DecimalString } from '../types.ts';
import type { CoverageOutput, ValueWarning } from './outputs.ts';

export type WarningCode = ValueWarning['code'];

export const money = moneyString;
export function moneyOrNull(value: Decimal | null): DecimalString | null {
  return value === null ? null : moneyString(value);
}
export function ratioOrNull(value: Decimal | null): DecimalString | null {
  return value === null ? null : ratioString(value);
}

/** Received against expected points; a period whose cadence is unknown counts as one point. */
export function coverageOf(periods: readonly { received: number; expected: number | null }[]): CoverageOutput {
  let expected = 0;
  let received = 0;
  for (const period of periods) {
    expected += period.expected ?? 1;
    received += period.expected === null ? Math.min(1, period.received) : period.received;
  }
  return addCoverage([{ expected, received }]);
}

export function addCoverage(parts: readonly { expected: number; received: number }[]): CoverageOutput {
  const expected = parts.reduce((total, part) => total + part.expected, 0);
  const received = parts.reduce((total, part) => total + part.received, 0);
  return { expected, received, ratio: expected === 0 ? null : ratioString(new Decimal(received).div(expected)) };
}
