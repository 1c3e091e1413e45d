import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';
import { Decimal } from './decimal.ts';

/** A date without a published rate takes the newest one before it, at most so many days old. */
export const FX_MAX_AGE_DAYS = 7;

/** One step of a conversion: `rate` units of `to` for one of `from`. */
export interface FxLeg {
  from: CurrencyCode;
  to: CurrencyCode;
  rate: Decimal;
  /** Of publication; of a configured rate the first date on which it holds. */
  date: LocalDate;
  /** What a configured rate names as its source, or connector and stream of a quote. */
  source: string;
  origin: 'configured' | 'published';
  /** As it was written: one `base` is `rate` units of `quote`. The other way round than the leg where it was inverted. */
  quoted: { base: CurrencyCode; quote: CurrencyCode; rate: DecimalString };
}

/** What a mean rate was taken over. */
export interface FxAverage {
  /**
   * `publication-days`: each date that the publisher has in the period counts once, as in its own averages. `calendar-days`: each
   * day counts once, with the rate that holds on it.
   */
  over: 'publication-days' | 'calendar-days';
  days: number;
  first: LocalDate;
  last: LocalDate;
}

export type FxFound = {
  found: true;
  rate: Decimal;
  /** The currencies walked through, first and last included. */
  path: CurrencyCode[];
  /** Each step of the path; of a mean, those of its last day. None for a currency into itself. */
  legs: FxLeg[];
  /** Null: the rate of one date. */
  average: FxAverage | null;
};
/** What is not found says so: the first date without a rate. It is never taken as 1. */
export type FxLookup = FxFound | { found: false; from: CurrencyCode; to: CurrencyCode; date: LocalDate };

export const sameCurrency = (code: CurrencyCode): FxFound => ({
  found: true,
  rate: new Decimal(1),
  path: [code],
  legs: [],
  average: null,
});

/** The legs, one after the other, as one rate. */
export function alongLegs(legs: readonly FxLeg[]): FxFound {
  const [first] = legs;
  return {
    found: true,
    rate: legs.reduce((product: Decimal, leg) => product.times(leg.rate), new Decimal(1)),
    path: first === undefined ? [] : [first.from, ...legs.map(({ to }) => to)],
    legs: [...legs],
    average: null,
  };
}
