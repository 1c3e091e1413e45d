import { daysBetween } from '../time/dates.ts';
import type { CurrencyCode, FxRate, LocalDate } from '../types.ts';
import { Decimal } from './decimal.ts';

/** A date without a published rate takes the newest one before it, at most so many days old. */
export const FX_MAX_AGE_DAYS = 7;

/** How a rate was found: the currencies walked through, first and last included. */
export type FxLookup =
  | { found: true; rate: Decimal; path: CurrencyCode[] }
  | { found: false; from: CurrencyCode; to: CurrencyCode; date: LocalDate };

export type FxConversion =
  | { found: true; amount: Decimal; rate: Decimal; path: CurrencyCode[] }
  | { found: false; from: CurrencyCode; to: CurrencyCode; date: LocalDate };

const validOn = (rate: FxRate, date: LocalDate): boolean =>
  rate.validFrom <= date && (rate.validTo === null || date < rate.validTo);

/** The newest valid rate wins; equal dates are settled by source and figure, so that file order never matters. */
function newest(rates: readonly FxRate[]): FxRate | null {
  const ordered = [...rates].sort(
    (a, b) => compare(b.validFrom, a.validFrom) || compare(a.source, b.source) || compare(a.rate, b.rate),
  );
  return ordered[0] ?? null;
}
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Direct rate, else the inverse of the opposite one. A rate of zero or below is no rate. */
function quoted(rates: readonly FxRate[], from: CurrencyCode, to: CurrencyCode, date: LocalDate): Decimal | null {
  const usable = rates.filter((rate) => validOn(rate, date) && new Decimal(rate.rate).gt(0));
  const direct = newest(usable.filter((rate) => rate.from === from && rate.to === to));
  if (direct) return new Decimal(direct.rate);
  const opposite = newest(usable.filter((rate) => rate.from === to && rate.to === from));
  return opposite ? new Decimal(1).div(opposite.rate) : null;
}

/**
 * Units of `to` for one unit of `from` on a date: 1 for the same currency, else direct, inverse, or through one other
 * currency (the first in alphabetical order that has both legs). What is not found says so; it is never taken as 1.
 */
export function fxRateOn(rates: readonly FxRate[], from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLookup {
  if (from === to) return { found: true, rate: new Decimal(1), path: [from] };
  const quote = quoted(rates, from, to, date);
  if (quote) return { found: true, rate: quote, path: [from, to] };
  const pivots = [...new Set(rates.flatMap((rate) => [rate.from, rate.to]))]
    .filter((code) => code !== from && code !== to)
    .sort();
  for (const pivot of pivots) {
    const first = quoted(rates, from, pivot, date);
    const second = first && quoted(rates, pivot, to, date);
    if (first && second) return { found: true, rate: first.times(second), path: [from, pivot, to] };
  }
  return { found: false, from, to, date };
}

/** Converts at the rate of one date; the caller keeps the original amount. */
export function convert(
  rates: readonly FxRate[],
  amount: Decimal,
  from: CurrencyCode,
  to: CurrencyCode,
  date: LocalDate,
): FxConversion {
  const lookup = fxRateOn(rates, from, to, date);
  return lookup.found ? { ...lookup, amount: amount.times(lookup.rate) } : lookup;
}

/**
 * Mean rate of the half-open period, weighted by the days that each rate is valid. One day without a rate makes the
 * whole period `found: false`, with that day as its date.
 */
export function averageFxRate(
  rates: readonly FxRate[],
  from: CurrencyCode,
  to: CurrencyCode,
  period: { from: LocalDate; to: LocalDate },
): FxLookup {
  if (from === to) return { found: true, rate: new Decimal(1), path: [from] };
  const inside = rates
    .flatMap((rate) => (rate.validTo === null ? [rate.validFrom] : [rate.validFrom, rate.validTo]))
    .filter((date) => date > period.from && date < period.to);
  const starts = [...new Set([period.from, ...inside])].sort();
  let weighted: Decimal = new Decimal(0);
  let path: CurrencyCode[] = [];
  for (const [index, start] of starts.entries()) {
    const lookup = fxRateOn(rates, from, to, start);
    if (!lookup.found) return lookup;
    weighted = weighted.plus(lookup.rate.times(daysBetween(start, starts[index + 1] ?? period.to)));
    path = lookup.path;
  }
  return { found: true, rate: weighted.div(daysBetween(period.from, period.to)), path };
}
