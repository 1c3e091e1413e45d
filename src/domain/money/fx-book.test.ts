import { describe, expect, it } from 'vitest';
import type { FxQuote, FxRate, LocalDate } from '../types.ts';
import { createFxBook } from './fx-book.ts';
import type { FxLookup } from './fx-lookup.ts';

const euro = (quote: string, date: LocalDate, rate: string, source = 'ecb/daily'): FxQuote => ({
  base: 'EUR',
  quote,
  date,
  rate,
  source,
});
const configured = (
  from: string,
  to: string,
  rate: string,
  validFrom: LocalDate,
  validTo: LocalDate | null,
): FxRate => ({
  from,
  to,
  rate,
  validFrom,
  validTo,
  source: 'treasury',
});
const figure = (lookup: FxLookup): string | null =>
  lookup.found ? lookup.rate.toSignificantDigits(12).toFixed() : null;

/** The ECB's reference rates of January 2024: USD, JPY, GBP, CHF, SEK, CZK. */
const JANUARY_2024 = `
2023-12-29 1.105 156.33 0.86905 0.926 11.096 24.724
2024-01-02 1.0956 155.68 0.86645 0.9305 11.1545 24.687
2024-01-03 1.0919 156.16 0.8647 0.9322 11.1915 24.675
2024-01-04 1.0953 157.91 0.86278 0.9313 11.1905 24.652
2024-01-05 1.0921 158.57 0.8621 0.932 11.235 24.616
2024-01-08 1.0946 158.19 0.8615 0.9308 11.2095 24.488
2024-01-09 1.094 157.63 0.85938 0.9313 11.2115 24.594
2024-01-10 1.0946 159.03 0.86023 0.9336 11.197 24.562
2024-01-11 1.0987 159.71 0.86145 0.9338 11.197 24.659
2024-01-12 1.0942 159.17 0.8595 0.935 11.26 24.689
2024-01-15 1.0945 159.67 0.86075 0.9351 11.278 24.714
2024-01-16 1.0882 159.64 0.86078 0.9361 11.3215 24.71
2024-01-17 1.0877 160.65 0.85818 0.9406 11.3925 24.755
2024-01-18 1.0875 160.89 0.85773 0.9432 11.364 24.734
2024-01-19 1.0887 161.17 0.85825 0.9459 11.38 24.813
2024-01-22 1.089 160.95 0.85575 0.9458 11.3545 24.758
2024-01-23 1.0872 160.88 0.85493 0.9446 11.347 24.824
2024-01-24 1.0905 160.46 0.85543 0.9415 11.3585 24.786
2024-01-25 1.0893 160.81 0.85538 0.942 11.35 24.756
2024-01-26 1.0871 160.62 0.85368 0.9396 11.3203 24.748
2024-01-29 1.0823 160.13 0.8525 0.9339 11.3562 24.806
2024-01-30 1.0846 159.97 0.85628 0.9365 11.2971 24.831
2024-01-31 1.0837 160.19 0.85435 0.9348 11.2682 24.891`;
const codes = ['USD', 'JPY', 'GBP', 'CHF', 'SEK', 'CZK'];
const quotes = JANUARY_2024.trim()
  .split('\n')
  .flatMap((line) => {
    const [date = '', ...rates] = line.split(' ');
    return rates.map((rate, index) => euro(codes[index] ?? '', date, rate));
  });
const january = { from: '2024-01-01', to: '2024-02-01' };

describe('a book of published rates', () => {
  const book = createFxBook([], quotes);

  it('gives the monthly averages that the ECB published for January 2024', () => {
    // ECB Economic Bulletin, statistical annex, table of exchange rates: averages of period, units of currency for one euro.
    const published = { USD: '1.091', JPY: '159.458', GBP: '0.859', CHF: '0.937', SEK: '11.283', CZK: '24.716' };
    for (const [code, mean] of Object.entries(published)) {
      const lookup = book.average('EUR', code, january);
      expect(lookup.found && lookup.rate.toDecimalPlaces(3).toFixed(), code).toBe(mean);
    }
    expect(book.average('EUR', 'USD', january)).toMatchObject({
      average: { over: 'publication-days', days: 22, first: '2024-01-02', last: '2024-01-31' },
      path: ['EUR', 'USD'],
    });
  });

  it('shows the days that a mean was taken over', () => {
    const days = book.days('EUR', 'USD', january);
    expect(days).toHaveLength(22);
    expect(days[0]).toMatchObject({ date: '2024-01-02', lookup: { legs: [{ quoted: { rate: '1.0956' } }] } });
    expect(book.days('EUR', 'XAU', january)).toEqual([]);
  });

  it('is direct, inverse, or through the euro with both legs of one date, and tells its legs', () => {
    expect(figure(book.on('EUR', 'USD', '2024-01-31'))).toBe('1.0837');
    expect(figure(book.on('USD', 'EUR', '2024-01-31'))).toBe('0.92276460275');
    const cross = book.on('USD', 'GBP', '2024-01-31');
    expect(figure(cross)).toBe('0.788363938359');
    expect(cross).toMatchObject({
      path: ['USD', 'EUR', 'GBP'],
      legs: [
        {
          from: 'USD',
          to: 'EUR',
          date: '2024-01-31',
          source: 'ecb/daily',
          origin: 'published',
          quoted: { base: 'EUR', quote: 'USD', rate: '1.0837' },
        },
        { from: 'EUR', to: 'GBP', date: '2024-01-31' },
      ],
    });
  });

  it('on a weekend and on a holiday takes the newest rate before it, never the next one', () => {
    for (const [date, used] of [
      ['2024-01-07', '2024-01-05'],
      ['2024-01-01', '2023-12-29'],
    ] as const)
      expect(book.on('EUR', 'USD', date)).toMatchObject({ legs: [{ date: used }] });
    expect(book.on('EUR', 'USD', '2023-12-28').found).toBe(false);
  });

  it('has no rate once the newest one is more than seven days old', () => {
    expect(book.on('EUR', 'USD', '2024-02-07').found).toBe(true);
    expect(book.on('EUR', 'USD', '2024-02-08')).toEqual({ found: false, from: 'EUR', to: 'USD', date: '2024-02-08' });
    expect(book.average('EUR', 'USD', { from: '2024-01-01', to: '2024-02-10' })).toMatchObject({
      found: false,
      date: '2024-02-08',
    });
    expect(createFxBook([], quotes, { maxAgeDays: 8 }).on('EUR', 'USD', '2024-02-08').found).toBe(true);
  });

  it('gives a Sunday alone the rate of Friday, and nothing for a period without days', () => {
    expect(figure(book.average('EUR', 'USD', { from: '2024-01-07', to: '2024-01-08' }))).toBe('1.0921');
    expect(book.average('EUR', 'USD', { from: '2024-01-07', to: '2024-01-07' }).found).toBe(false);
  });

  it('has no mean where the rates have a hole in the period, such as a suspended currency', () => {
    const holed = quotes.filter(({ quote, date }) => quote !== 'SEK' || date < '2024-01-10' || date > '2024-01-20');
    const other = createFxBook([], holed);
    expect(other.average('EUR', 'SEK', january)).toMatchObject({ found: false, date: '2024-01-17' });
    // Where one leg is missing, the other one's later dates do not count either.
    expect(other.on('SEK', 'USD', '2024-01-12')).toMatchObject({
      legs: [{ date: '2024-01-09' }, { date: '2024-01-09' }],
    });
  });

  it('says so where there is no rate at all: never 1', () => {
    expect(book.on('EUR', 'XAU', '2024-01-31')).toMatchObject({ found: false });
    expect(book.average('USD', 'VND', january)).toMatchObject({ found: false, date: '2024-01-01' });
    expect(figure(book.on('XAU', 'XAU', '2024-01-31'))).toBe('1');
  });

  it('does not care in which order quotes are read, nor which of two publishers comes first', () => {
    const two = [...quotes, ...quotes.map((row) => ({ ...row, source: 'other/bank', rate: '9' }))];
    for (const order of [two, [...two].reverse()])
      expect(figure(createFxBook([], order).on('EUR', 'USD', '2024-01-31'))).toBe('1.0837');
  });
});

describe('a book with configured rates', () => {
  it('puts them before quotes, also the opposite way and through another currency', () => {
    const book = createFxBook([configured('USD', 'EUR', '0.5', '2024-01-10', '2024-01-20')], quotes);
    expect(book.on('USD', 'EUR', '2024-01-15')).toMatchObject({
      legs: [{ origin: 'configured', source: 'treasury', date: '2024-01-10' }],
    });
    expect(figure(book.on('EUR', 'USD', '2024-01-15'))).toBe('2');
    expect(figure(book.on('EUR', 'USD', '2024-01-20'))).toBe('1.0887');
  });

  it('joins one to quotes for a currency that the publisher does not have', () => {
    const book = createFxBook([configured('VND', 'USD', '0.00004', '2024-01-01', null)], quotes);
    expect(book.on('VND', 'EUR', '2024-01-31')).toMatchObject({
      path: ['VND', 'USD', 'EUR'],
      legs: [{ origin: 'configured' }, { origin: 'published', date: '2024-01-31' }],
    });
    expect(book.on('GBP', 'VND', '2024-01-31')).toMatchObject({ path: ['GBP', 'EUR', 'USD', 'VND'] });
    expect(book.average('VND', 'EUR', january)).toMatchObject({ average: { over: 'calendar-days', days: 31 } });
  });

  it('takes the mean over calendar days as soon as one of them has a configured rate', () => {
    const book = createFxBook([configured('EUR', 'USD', '2', '2024-01-06', '2024-01-08')], quotes);
    const lookup = book.average('EUR', 'USD', { from: '2024-01-05', to: '2024-01-09' });
    // Friday 1.0921, Saturday and Sunday 2, Monday 1.0946.
    expect(figure(lookup)).toBe('1.546675');
    expect(lookup).toMatchObject({ average: { over: 'calendar-days', days: 4 } });
  });
});
