import type { CurrencyCode, FxQuote, FxRate, LocalDate } from '../types.ts';
import { averageFxRate, type FxLookup, fxRateOn } from './fx.ts';

/** Exchange rates of one computation, for looking up. What is not found says so; it is never taken as 1. */
export interface FxBook {
  /** Units of `to` for one of `from` on a date. */
  on(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLookup;
  /** Mean over the days of [from, to). */
  average(from: CurrencyCode, to: CurrencyCode, period: { from: LocalDate; to: LocalDate }): FxLookup;
}

export function createFxBook(rates: readonly FxRate[], _quotes: readonly FxQuote[]): FxBook {
  return {
    on: (from, to, date) => fxRateOn(rates, from, to, date),
    average: (from, to, period) => averageFxRate(rates, from, to, period),
  };
}
