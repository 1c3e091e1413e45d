import { describe, expect, it } from 'vitest';
import { costWith, projectWith } from '../../../test/factories/value.ts';
import type { FxRate } from '../types.ts';
import { changedFxCurrencies, fxNeeds, relevantFxRates } from './fx-needs.ts';

const rate = (from: string, to: string, figure = '1.1'): FxRate => ({
  from,
  to,
  rate: figure,
  validFrom: '2026-01-01',
  validTo: null,
  source: 'treasury',
});

describe('what exchange rates a project needs', () => {
  it('none where every amount is in its own currency', () => {
    const project = projectWith([], { manualCosts: [costWith({ currency: 'EUR' })] });
    expect(fxNeeds(project, [], [rate('USD', 'EUR')])).toMatchObject({ converted: [], currencies: [] });
  });
  it('those of its costs, and of a configured rate that leads on, from a week before its earliest date', () => {
    const project = projectWith([], { startsOn: '2026-01-01' });
    const costs = [{ currency: 'VND', postingDate: '2025-12-20' }];
    expect(fxNeeds(project, costs, [rate('VND', 'USD'), rate('GBP', 'CHF')])).toEqual({
      converted: ['VND'],
      currencies: ['EUR', 'USD', 'VND'],
      from: '2025-12-13',
    });
    expect(relevantFxRates([rate('VND', 'USD'), rate('GBP', 'CHF')], ['EUR', 'USD', 'VND'])).toEqual([
      rate('VND', 'USD'),
    ]);
  });
  it('two tables differ by the currencies of the rates that only one of them has, in whatever order they stand', () => {
    const [dollar, pound] = [rate('USD', 'EUR'), rate('GBP', 'EUR')];
    expect(changedFxCurrencies([dollar, pound], [pound, dollar])).toEqual([]);
    expect(changedFxCurrencies([dollar, pound], [rate('USD', 'EUR', '1.2'), pound])).toEqual(['EUR', 'USD']);
    expect(changedFxCurrencies([], [pound])).toEqual(['EUR', 'GBP']);
  });
});
