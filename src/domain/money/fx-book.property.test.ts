import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays } from '../time/dates.ts';
import type { FxQuote } from '../types.ts';
import { Decimal } from './decimal.ts';
import { createFxBook } from './fx-book.ts';

const start = '2025-01-01';
const code = fc.constantFrom('USD', 'GBP', 'JPY', 'CHF');
const rate = fc.integer({ min: 1, max: 9_999_999 }).map((units) => new Decimal(units).div(10_000).toFixed());
const quote = fc
  .record({ quote: code, day: fc.integer({ min: 0, max: 60 }), rate })
  .map(({ quote: currency, day, rate: figure }): FxQuote => {
    return { base: 'EUR', quote: currency, date: addDays(start, day), rate: figure, source: 'ecb/daily' };
  });
const unique = (row: FxQuote): string => `${row.quote} ${row.date}`;
const quotes = fc.uniqueArray(quote, { selector: unique, maxLength: 120 });
const date = fc.integer({ min: 0, max: 75 }).map((day) => addDays(start, day));
const any = fc.oneof(code, fc.constant('EUR'));
const near = (a: Decimal, b: Decimal): boolean => a.minus(b).abs().lte(b.abs().times('1e-30'));

describe('any book of rates', () => {
  it('a rate and its inverse make one, and are found together', () => {
    fc.assert(
      fc.property(quotes, any, any, date, (rows, from, to, on) => {
        const book = createFxBook([], rows);
        const [there, back] = [book.on(from, to, on), book.on(to, from, on)];
        expect(there.found).toBe(back.found);
        if (there.found && back.found) expect(near(there.rate.times(back.rate), new Decimal(1))).toBe(true);
      }),
    );
  });

  it('a rate through another currency is the product of its legs, which are of one date, young enough and never later', () => {
    fc.assert(
      fc.property(quotes, any, any, date, (rows, from, to, on) => {
        const lookup = createFxBook([], rows).on(from, to, on);
        if (!lookup.found || from === to) return;
        const dates = new Set(lookup.legs.map((leg) => leg.date));
        expect(dates.size).toBe(1);
        for (const used of dates) expect(used <= on && used >= addDays(on, -7)).toBe(true);
        const product = lookup.legs.reduce((all: Decimal, leg) => all.times(leg.rate), new Decimal(1));
        expect(product.eq(lookup.rate)).toBe(true);
      }),
    );
  });

  it('what is published later changes no earlier rate and no mean that ended before', () => {
    fc.assert(
      fc.property(quotes, any, any, date, fc.integer({ min: 1, max: 40 }), (rows, from, to, on, days) => {
        const period = { from: addDays(on, 1 - days), to: addDays(on, 1) };
        const [whole, then] = [
          createFxBook([], rows),
          createFxBook(
            [],
            rows.filter((row) => row.date <= on),
          ),
        ];
        expect(whole.on(from, to, on)).toEqual(then.on(from, to, on));
        expect(whole.average(from, to, period)).toEqual(then.average(from, to, period));
      }),
    );
  });

  it('the mean of a constant is the constant; any mean lies between the lowest and the highest rate of its days', () => {
    fc.assert(
      fc.property(quotes, rate, any, any, date, fc.integer({ min: 1, max: 40 }), (rows, figure, from, to, on, days) => {
        const period = { from: on, to: addDays(on, days) };
        const constant = createFxBook(
          [],
          rows.map((row) => ({ ...row, rate: figure })),
        );
        const [mean, single] = [constant.average(from, to, period), constant.on(from, to, on)];
        if (mean.found && single.found) expect(near(mean.rate, single.rate)).toBe(true);
        const book = createFxBook([], rows);
        const lookup = book.average(from, to, period);
        if (!lookup.found || from === to) return;
        const each = book.days(from, to, period).map((day) => day.lookup.rate);
        expect(lookup.rate.gte(Decimal.min(...each).times('0.999999999999'))).toBe(true);
        expect(lookup.rate.lte(Decimal.max(...each).times('1.000000000001'))).toBe(true);
      }),
    );
  });

  it('has a mean exactly where every day of the period has a rate', () => {
    fc.assert(
      fc.property(quotes, code, date, fc.integer({ min: 1, max: 20 }), (rows, to, on, days) => {
        const book = createFxBook([], rows);
        const dates = Array.from({ length: days }, (_, index) => addDays(on, index));
        const lookup = book.average('EUR', to, { from: on, to: addDays(on, days) });
        const missing = dates.find((day) => !book.on('EUR', to, day).found);
        expect(lookup.found).toBe(missing === undefined);
        if (!lookup.found) expect(lookup.date).toBe(missing);
      }),
    );
  });
});
