import type { CurrencyCode, FxRate, LocalDate } from '../types.ts';
import { Decimal } from './decimal.ts';
import type { FxLeg } from './fx-lookup.ts';

/** Rates that people wrote, for looking up. */
export interface ConfiguredFx {
  /** Every currency that a rate names, EUR first, then by name. */
  currencies: readonly CurrencyCode[];
  /** Direct, else the inverse of the opposite rate. */
  legOn(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLeg | null;
  /** Direct, inverse, or through the first currency that has both legs on that date. */
  on(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLeg[] | null;
}

export function createConfiguredFx(rates: readonly FxRate[]): ConfiguredFx {
  const pairs = new Map<string, FxRate[]>();
  for (const rate of rates) {
    // A rate of zero or below is no rate.
    if (!new Decimal(rate.rate).gt(0)) continue;
    const key = `${rate.from} ${rate.to}`;
    const list = pairs.get(key);
    if (list === undefined) pairs.set(key, [rate]);
    else list.push(rate);
  }
  // The newest valid rate wins; equal dates are settled by source and figure, so that file order never matters.
  for (const list of pairs.values())
    list.sort((a, b) => compare(b.validFrom, a.validFrom) || compare(a.source, b.source) || compare(a.rate, b.rate));
  const currencies = pivotsFirst(new Set(rates.flatMap(({ from, to }) => [from, to])));

  const validOn = (from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxRate | undefined =>
    pairs
      .get(`${from} ${to}`)
      ?.find(({ validFrom, validTo }) => validFrom <= date && (validTo === null || date < validTo));

  function legOn(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLeg | null {
    const direct = validOn(from, to, date);
    const written = direct ?? validOn(to, from, date);
    if (written === undefined) return null;
    return {
      from,
      to,
      rate: direct ? new Decimal(written.rate) : new Decimal(1).div(written.rate),
      date: written.validFrom,
      source: written.source,
      origin: 'configured',
      quoted: { base: written.from, quote: written.to, rate: written.rate },
    };
  }

  return {
    currencies,
    legOn,
    on(from, to, date) {
      const single = legOn(from, to, date);
      if (single !== null) return [single];
      for (const pivot of currencies) {
        if (pivot === from || pivot === to) continue;
        const first = legOn(from, pivot, date);
        const second = first && legOn(pivot, to, date);
        if (first && second) return [first, second];
      }
      return null;
    },
  };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Most publishers quote against the euro: it is tried first, then the others by name. */
export function pivotsFirst(currencies: Iterable<CurrencyCode>): CurrencyCode[] {
  return [...currencies].sort((a, b) => Number(b === 'EUR') - Number(a === 'EUR') || compare(a, b));
}
