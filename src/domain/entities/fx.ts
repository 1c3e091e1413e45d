import type { CurrencyCode, DecimalString, LocalDate } from './scalars.ts';

/** `amount` units of `from` times `rate` are units of `to`, on dates of [validFrom, validTo). Written by people: it goes before what a feed says. */
export interface FxRate {
  from: CurrencyCode;
  to: CurrencyCode;
  rate: DecimalString;
  validFrom: LocalDate;
  validTo: LocalDate | null;
  source: string;
}

/** A daily reference rate as a publisher gives it: one unit of `base` is `rate` units of `quote` on `date`. */
export interface FxQuote {
  base: CurrencyCode;
  quote: CurrencyCode;
  date: LocalDate;
  rate: DecimalString;
  /** Connector and stream that it came by, `ecb/daily`. */
  source: string;
}
