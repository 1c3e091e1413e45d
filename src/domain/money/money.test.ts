import { describe, expect, it } from 'vitest';
import type { FxRate } from '../types.ts';
import { Decimal, moneyString, parseDecimal, sampleStandardDeviation, sum } from './decimal.ts';
import { fxRateOn } from './fx.ts';
import { createFxBook } from './fx-book.ts';

const rate = (
  from: string,
  to: string,
  figure: string,
  validFrom = '2026-01-01',
  validTo: string | null = null,
): FxRate => ({
  from,
  to,
  rate: figure,
  validFrom,
  validTo,
  source: 'treasury',
});

describe('decimal arithmetic', () => {
  it('adds tenths exactly', () => {
    expect(sum(['0.1', '0.2'].map((text) => new Decimal(text))).toFixed()).toBe('0.3');
  });
  it('writes plain numbers: no exponent, no trailing zeros, no negative zero', () => {
    expect(['1e-7', '1e21', '2.50', '-0.000000001'].map((text) => moneyString(new Decimal(text)))).toEqual([
      '0.0000001',
      '1000000000000000000000',
      '2.5',
      '0',
    ]);
  });
  it('refuses what is no number', () => {
    for (const text of ['', ' 1', '1,5', '0x10', 'NaN', 'Infinity', '1e9999']) expect(parseDecimal(text)).toBeNull();
    expect(parseDecimal('-1.5e3')?.toNumber()).toBe(-1500);
  });
  it('the spread of one value is unknown, not zero', () => {
    expect(sampleStandardDeviation([new Decimal(1)])).toBeNull();
    expect(sampleStandardDeviation([1, 2, 3].map((value) => new Decimal(value)))?.toNumber()).toBe(1);
  });
});

describe('currency conversion', () => {
  const rates = [rate('USD', 'EUR', '0.8', '2026-01-01', '2026-07-01'), rate('GBP', 'EUR', '1.25')];
  it('is direct, inverse, or through one other currency', () => {
    const figures = [
      ['USD', 'EUR'],
      ['EUR', 'USD'],
      ['USD', 'GBP'],
    ].map(([from = '', to = '']) => {
      const lookup = fxRateOn(rates, from, to, '2026-03-01');
      return lookup.found && [lookup.rate.toNumber(), lookup.path.join('>')];
    });
    expect(figures).toEqual([
      [0.8, 'USD>EUR'],
      [1.25, 'EUR>USD'],
      [0.64, 'USD>EUR>GBP'],
    ]);
  });
  it('without a rate on that very date says so; it is never 1', () => {
    expect(fxRateOn(rates, 'USD', 'EUR', '2026-07-01')).toEqual({
      found: false,
      from: 'USD',
      to: 'EUR',
      date: '2026-07-01',
    });
    expect(fxRateOn(rates, 'USD', 'EUR', '2025-12-31').found).toBe(false);
    expect(fxRateOn([], 'EUR', 'EUR', '2026-01-01')).toMatchObject({ found: true });
  });
  it('the newer of two valid rates wins, in whatever order they stand', () => {
    const two = [rate('USD', 'EUR', '0.9', '2026-02-01'), rate('USD', 'EUR', '0.7')];
    for (const order of [two, [...two].reverse()]) {
      const lookup = fxRateOn(order, 'USD', 'EUR', '2026-03-01');
      expect(lookup.found && lookup.rate.toNumber()).toBe(0.9);
    }
  });
  it('the mean of a period weighs each rate by its days; one day without makes it unknown', () => {
    const two = [
      rate('USD', 'EUR', '0.7', '2026-01-01', '2026-01-08'),
      rate('USD', 'EUR', '0.9', '2026-01-08', '2026-01-29'),
    ];
    const book = createFxBook(two, []);
    const lookup = book.average('USD', 'EUR', { from: '2026-01-01', to: '2026-01-29' });
    expect(lookup.found && lookup.rate.toNumber()).toBe(0.85);
    expect(book.average('USD', 'EUR', { from: '2026-01-01', to: '2026-01-30' })).toMatchObject({
      found: false,
      date: '2026-01-29',
    });
  });
});
