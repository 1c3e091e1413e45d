import { Decimal } from '../money/decimal.ts';
import { addDays, daysBetween } from '../time/dates.ts';
import type { Period } from '../time/periods.ts';
import type { CurrencyCode, LocalDate, RatePeriod, ValueMetric } from '../types.ts';
import type { MetricContext } from './context.ts';
import { isLeapYear } from './drop-off.ts';

/** A stretch of a period over which one rate was declared. */
export interface RatePart extends Period {
  /** In `currency`; for a stock held of a whole year. */
  amount: Decimal;
  currency: CurrencyCode;
  /** Mean exchange rate of the whole period into the project's currency. */
  exchange: Decimal;
  /** Its part of the period; all of a period's parts sum to 1. */
  share: Decimal;
}
export interface PeriodRate {
  /** In the project's currency: Σ amount · exchange · share. */
  rate: Decimal;
  parts: RatePart[];
}
export type RateLookup = ({ found: true } & PeriodRate) | { found: false; problem: 'rate' | 'fx'; because: string };

const ONE = new Decimal(1);

/** A declared rate as a number. */
interface PreparedRate {
  from: LocalDate;
  to: LocalDate | null;
  amount: Decimal;
  currency: CurrencyCode;
}

/**
 * What one unit is worth in a period. Where the declared rate changes within it the period is split at that date, and
 * each rate counts by its days: nothing says when in a period the units moved, so that they are taken as spread evenly. (For
 * a stock held, by its part of a year, which is the same but across a leap year's border.) Each is converted at the mean exchange
 * rate of the period. A day without a rate leaves the whole period without one: half of it would be a guess.
 */
export function ratesOf({
  metric,
  project,
  fx,
}: Pick<MetricContext, 'metric' | 'project' | 'fx'>): (period: Period) => RateLookup {
  const rates = metric.rates.map((rate) => ({ ...rate, amount: amountOf(metric, rate) }));
  const borders = [...new Set(rates.flatMap(({ from, to }) => (to === null ? [from] : [from, to])))].sort();
  return (period) => {
    const inside = borders.filter((date) => date > period.from && date < period.to);
    const starts = [period.from, ...inside];
    const whole = inside.length === 0 ? ONE : lengthOf(metric, period);
    const parts: RatePart[] = [];
    let rate: Decimal = new Decimal(0);
    for (const [index, from] of starts.entries()) {
      const stretch = { from, to: starts[index + 1] ?? period.to };
      const declared = newestOn(rates, from);
      if (declared === null)
        return { found: false, problem: 'rate', because: `no rate is declared for ${spell(stretch)}` };
      const { amount, currency } = declared;
      const lookup = fx.average(currency, project.currency, period);
      if (!lookup.found)
        return {
          found: false,
          problem: 'fx',
          because: `no exchange rate from ${currency} to ${project.currency} on ${lookup.date}`,
        };
      const share = inside.length === 0 ? ONE : lengthOf(metric, stretch).div(whole);
      parts.push({ ...stretch, amount, currency, exchange: lookup.rate, share });
      rate = rate.plus(amount.times(lookup.rate).times(share));
    }
    return { found: true, rate, parts };
  };
}

const isHeld = ({ kind, stockValuation }: ValueMetric): boolean => kind === 'stock' && stockValuation !== 'release';

function lengthOf(metric: ValueMetric, period: Period): Decimal {
  return isHeld(metric) ? yearFraction(period) : new Decimal(daysBetween(period.from, period.to));
}

function newestOn(rates: readonly PreparedRate[], date: LocalDate): PreparedRate | null {
  let newest: PreparedRate | null = null;
  for (const rate of rates)
    if (rate.from <= date && (rate.to === null || date < rate.to) && (newest === null || rate.from > newest.from))
      newest = rate;
  return newest;
}

/** A stock held is valued by the year: an amount a month is twelve times that. */
function amountOf(metric: ValueMetric, { amount, perPeriod }: RatePeriod): Decimal {
  return isHeld(metric) && perPeriod === 'month' ? new Decimal(amount).times(12) : new Decimal(amount);
}

/** Years that a period lasts: its days in each calendar year by that year's 365 or 366, so that a whole year is exactly 1. */
export function yearFraction({ from, to }: Period): Decimal {
  const year = Number(from.slice(0, 4));
  const nextYear = `${String(year + 1).padStart(4, '0')}-01-01`;
  const inYear = partOfYear(daysBetween(from, nextYear < to ? nextYear : to), isLeapYear(year) ? 366 : 365);
  return nextYear < to ? inYear.plus(yearFraction({ from: nextYear, to })) : inYear;
}

const partsOfYear = new Map<number, Decimal>();
/** There are few of them, and each is a division. */
function partOfYear(days: number, daysInYear: number): Decimal {
  const key = days * 1000 + daysInYear;
  const part = partsOfYear.get(key) ?? new Decimal(days).div(daysInYear);
  partsOfYear.set(key, part);
  return part;
}

function spell({ from, to }: Period): string {
  const last = addDays(to, -1);
  return last === from ? from : `${from} to ${last}`;
}
