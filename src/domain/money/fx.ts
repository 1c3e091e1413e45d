import type { CurrencyCode, FxRate, LocalDate } from '../types.ts';
import { createConfiguredFx } from './configured-fx.ts';
import { alongLegs, type FxLookup, sameCurrency } from './fx-lookup.ts';

/**
 * Units of `to` for one unit of `from` on a date by configured rates alone: 1 for the same currency, else direct, inverse, or
 * through one other currency. For many look-ups make an `FxBook`.
 */
export function fxRateOn(rates: readonly FxRate[], from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLookup {
  if (from === to) return sameCurrency(from);
  const legs = createConfiguredFx(rates).on(from, to, date);
  return legs === null ? { found: false, from, to, date } : alongLegs(legs);
}
