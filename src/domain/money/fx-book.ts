import { addDays, daysBetween } from '../time/dates.ts';
import type { CurrencyCode, FxQuote, FxRate, LocalDate } from '../types.ts';
import { type ConfiguredFx, createConfiguredFx } from './configured-fx.ts';
import { sum } from './decimal.ts';
import {
  alongLegs,
  FX_MAX_AGE_DAYS,
  type FxAverage,
  type FxFound,
  type FxLeg,
  type FxLookup,
  sameCurrency,
} from './fx-lookup.ts';
import { createPublishedFx, type FxRoute, lastNotAfter, type PublishedFx } from './published-fx.ts';

/** The half-open interval of dates that a mean is taken over. */
export interface FxPeriod {
  from: LocalDate;
  to: LocalDate;
}

/** Exchange rates of one computation, for looking up. What is not found says so; it is never taken as 1. */
export interface FxBook {
  /**
   * Units of `to` for one of `from` on a date. Configured rates go before quotes, and both before a path that mixes them; each
   * direct, inverse, or through another currency, EUR first. A date without a quote takes the newest one before it, at most
   * seven days old; never one of a later date.
   */
  on(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLookup;
  /**
   * Mean over [from, to), in which every day must have a rate. Published rates: over their publication dates, as publishers do
   * themselves (weekends and holidays do not count), of one publisher and one path. As soon as a configured rate holds on one
   * of the days: over the calendar days, each with the rate that holds on it.
   */
  average(from: CurrencyCode, to: CurrencyCode, period: FxPeriod): FxLookup;
  /** The days that `average` is the mean of, each with its rate; empty where there is none. */
  days(from: CurrencyCode, to: CurrencyCode, period: FxPeriod): { date: LocalDate; lookup: FxFound }[];
}

type Days = { over: FxAverage['over']; days: { date: LocalDate; lookup: FxFound }[] };

export function createFxBook(
  rates: readonly FxRate[],
  quotes: readonly FxQuote[],
  { maxAgeDays = FX_MAX_AGE_DAYS }: { maxAgeDays?: number } = {},
): FxBook {
  const configured = createConfiguredFx(rates);
  const published = createPublishedFx(quotes, maxAgeDays);
  const ofDates = new Map<string, FxLookup>();
  const ofPeriods = new Map<string, FxLookup>();

  function on(from: CurrencyCode, to: CurrencyCode, date: LocalDate): FxLookup {
    if (from === to) return sameCurrency(from);
    return remembered(ofDates, `${from} ${to} ${date}`, () => {
      const legs =
        configured.on(from, to, date) ??
        published.on(from, to, date) ??
        mixedOn(configured, published, { from, to, date });
      return legs === null ? { found: false, from, to, date } : alongLegs(legs);
    });
  }

  /** The days of a mean, or the first date without a rate. */
  function daysOf(from: CurrencyCode, to: CurrencyCode, period: FxPeriod): Days | LocalDate {
    const dates = datesOf(period);
    if (dates.length === 0) return period.from;
    const hasConfigured = rates.length > 0 && dates.some((date) => configured.on(from, to, date) !== null);
    if (!hasConfigured)
      for (const route of published.routes(from, to)) {
        const days = publicationDays(route, period, maxAgeDays);
        if (days !== null) return { over: 'publication-days', days };
      }
    const days: Days['days'] = [];
    for (const date of dates) {
      const lookup = on(from, to, date);
      if (!lookup.found) return date;
      days.push({ date, lookup });
    }
    return { over: 'calendar-days', days };
  }

  return {
    on,
    average(from, to, period) {
      if (from === to) return sameCurrency(from);
      return remembered(ofPeriods, `${from} ${to} ${period.from} ${period.to}`, () => {
        const found = daysOf(from, to, period);
        if (typeof found === 'string') return { found: false, from, to, date: found };
        const [first, last] = [found.days[0], found.days.at(-1)];
        if (first === undefined || last === undefined) return { found: false, from, to, date: period.from };
        return {
          ...last.lookup,
          rate: sum(found.days.map(({ lookup }) => lookup.rate)).div(found.days.length),
          average: { over: found.over, days: found.days.length, first: first.date, last: last.date },
        };
      });
    },
    days(from, to, period) {
      const found = from === to ? '' : daysOf(from, to, period);
      return typeof found === 'string' ? [] : found.days;
    },
  };
}

function remembered(known: Map<string, FxLookup>, key: string, find: () => FxLookup): FxLookup {
  let lookup = known.get(key);
  if (lookup === undefined) {
    lookup = find();
    known.set(key, lookup);
  }
  return lookup;
}

/** A currency that the publisher does not have, by a configured rate into one that it has. */
function mixedOn(
  configured: ConfiguredFx,
  published: PublishedFx,
  { from, to, date }: { from: CurrencyCode; to: CurrencyCode; date: LocalDate },
): FxLeg[] | null {
  for (const pivot of configured.currencies) {
    if (pivot === from || pivot === to) continue;
    const written = configured.legOn(from, pivot, date);
    const onwards = written && published.on(pivot, to, date);
    if (written && onwards) return [written, ...onwards];
    const last = configured.legOn(pivot, to, date);
    const before = last && published.on(from, pivot, date);
    if (last && before) return [...before, last];
  }
  return null;
}

/**
 * The publication dates in the period; null when some day of it has no rate that is young enough. A period without one, such
 * as a Sunday, has the newest date before it.
 */
function publicationDays(route: FxRoute, { from, to }: FxPeriod, maxAgeDays: number): Days['days'] | null {
  const start = lastNotAfter(route.dates, from);
  const days: Days['days'] = [];
  let previous = route.dates[start];
  if (previous === undefined) return null;
  for (let at = start; ; at++) {
    const date = route.dates[at];
    // The day before the next date, or the last of the period, is the one with the oldest rate.
    const next = date === undefined || date >= to ? to : date;
    if (next > previous && daysBetween(previous, next) - 1 > maxAgeDays) return null;
    if (date === undefined || date >= to) break;
    if (date >= from) days.push({ date, lookup: alongLegs(route.legsAt(at)) });
    previous = date;
  }
  return days.length > 0 ? days : [{ date: previous, lookup: alongLegs(route.legsAt(start)) }];
}

function datesOf({ from, to }: FxPeriod): LocalDate[] {
  const dates: LocalDate[] = [];
  for (let date = from; date < to; date = addDays(date, 1)) dates.push(date);
  return dates;
}
