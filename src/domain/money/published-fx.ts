import { addDays } from '../time/dates.ts';
import type { CurrencyCode, DecimalString, FxQuote, LocalDate } from '../types.ts';
import { pivotsFirst } from './configured-fx.ts';
import { Decimal } from './decimal.ts';
import type { FxLeg } from './fx-lookup.ts';

/** One way from a currency to another, with the dates on which every leg of it was published. */
export interface FxRoute {
  /** Ascending. */
  dates: readonly LocalDate[];
  legsAt(index: number): FxLeg[];
}

/** Published quotes, for looking up. */
export interface PublishedFx {
  /** Best first: direct, inverse, through EUR, through another currency; one publisher before two. */
  routes(from: CurrencyCode, to: CurrencyCode): readonly FxRoute[];
  /** Legs of the newest date that is not after `date` and not older than the limit, by the best route that has one. */
  on(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLeg[] | null;
}

/** What one publisher says of one pair. */
interface Series {
  base: CurrencyCode;
  quote: CurrencyCode;
  source: string;
  /** Ascending. */
  dates: LocalDate[];
  rates: DecimalString[];
}

export function createPublishedFx(quotes: readonly FxQuote[], maxAgeDays: number): PublishedFx {
  const { byPair, currencies } = seriesOf(quotes);
  const known = new Map<string, FxRoute[]>();

  /** Series that lead from one currency to the other, direct ones first. */
  const between = (from: CurrencyCode, to: CurrencyCode): Series[] => [
    ...(byPair.get(`${from} ${to}`) ?? []),
    ...(byPair.get(`${to} ${from}`) ?? []),
  ];

  function find(from: CurrencyCode, to: CurrencyCode): FxRoute[] {
    const found = between(from, to).map((series) => single(series, from, to));
    const ofTwo: FxRoute[] = [];
    for (const pivot of currencies) {
      if (pivot === from || pivot === to) continue;
      for (const first of between(from, pivot))
        for (const second of between(pivot, to)) {
          const route = through(first, second, from, pivot, to);
          (first.source === second.source ? found : ofTwo).push(route);
        }
    }
    return [...found, ...ofTwo].filter(({ dates }) => dates.length > 0);
  }

  function routes(from: CurrencyCode, to: CurrencyCode): readonly FxRoute[] {
    const key = `${from} ${to}`;
    let list = known.get(key);
    if (list === undefined) {
      list = find(from, to);
      known.set(key, list);
    }
    return list;
  }

  return {
    routes,
    on(from, to, date) {
      const candidates = routes(from, to);
      if (candidates.length === 0) return null;
      const oldest = addDays(date, -maxAgeDays);
      for (const route of candidates) {
        const at = lastNotAfter(route.dates, date);
        if (at >= 0 && (route.dates[at] as LocalDate) >= oldest) return route.legsAt(at);
      }
      return null;
    },
  };
}

/** Index of the last date that is not after `date`; −1 when all are. */
export function lastNotAfter(dates: readonly LocalDate[], date: LocalDate): number {
  let [low, high] = [0, dates.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((dates[middle] as LocalDate) <= date) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** In an order of their own, so that the order in which quotes were read never matters. */
function seriesOf(quotes: readonly FxQuote[]): { byPair: Map<string, Series[]>; currencies: CurrencyCode[] } {
  const bySource = new Map<string, { head: FxQuote; rates: Map<LocalDate, DecimalString> }>();
  for (const row of quotes) {
    if (!new Decimal(row.rate).gt(0)) continue;
    const key = `${row.source}\n${row.base}\n${row.quote}`;
    let series = bySource.get(key);
    if (series === undefined) {
      series = { head: row, rates: new Map() };
      bySource.set(key, series);
    }
    const before = series.rates.get(row.date);
    if (before === undefined || row.rate < before) series.rates.set(row.date, row.rate);
  }
  const byPair = new Map<string, Series[]>();
  const currencies = new Set<CurrencyCode>();
  for (const key of [...bySource.keys()].sort()) {
    const { head, rates } = bySource.get(key) as { head: FxQuote; rates: Map<LocalDate, DecimalString> };
    const dates = [...rates.keys()].sort();
    const { base, quote, source } = head;
    const series = { base, quote, source, dates, rates: dates.map((date) => rates.get(date) as DecimalString) };
    byPair.set(`${base} ${quote}`, [...(byPair.get(`${base} ${quote}`) ?? []), series]);
    currencies.add(base).add(quote);
  }
  return { byPair, currencies: pivotsFirst(currencies) };
}

function legOf(series: Series, index: number, from: CurrencyCode, to: CurrencyCode): FxLeg {
  const { base, quote, source, dates, rates } = series;
  const rate = rates[index] as DecimalString;
  return {
    from,
    to,
    rate: base === from ? new Decimal(rate) : new Decimal(1).div(rate),
    date: dates[index] as LocalDate,
    source,
    origin: 'published',
    quoted: { base, quote, rate },
  };
}

const single = (series: Series, from: CurrencyCode, to: CurrencyCode): FxRoute => ({
  dates: series.dates,
  legsAt: (index) => [legOf(series, index, from, to)],
});

/** Only dates that both series have: legs of different dates would make a rate that nobody ever saw. */
function through(first: Series, second: Series, from: CurrencyCode, pivot: CurrencyCode, to: CurrencyCode): FxRoute {
  const dates: LocalDate[] = [];
  const places: [number, number][] = [];
  for (let [left, right] = [0, 0]; left < first.dates.length && right < second.dates.length; ) {
    const [a, b] = [first.dates[left] as LocalDate, second.dates[right] as LocalDate];
    if (a === b) {
      dates.push(a);
      places.push([left, right]);
    }
    if (a <= b) left++;
    if (b <= a) right++;
  }
  return {
    dates,
    legsAt(index) {
      const [left, right] = places[index] as [number, number];
      return [legOf(first, left, from, pivot), legOf(second, right, pivot, to)];
    },
  };
}
