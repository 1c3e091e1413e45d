import { describe, expect, it } from 'vitest';
import { type BrokenRule, errorAt } from '../../../test/factories/project-input.ts';

describe('conventions, horizon and calendar that do not go together are errors with their places', () => {
  it.each<BrokenRule>([
    [
      'a horizon before the start',
      { horizonEndsOn: '2026-06-01' },
      'horizonEndsOn',
      /ends on 2026-06-01, which is not after the start of the project/,
      'startsOn',
    ],
    [
      'two horizons',
      { horizonYears: 3, horizonEndsOn: '2029-01-01' },
      'horizonEndsOn',
      /write one of the two/,
      'horizonYears',
    ],
    ['a horizon of centuries', { horizonEndsOn: '2190-01-01' }, 'horizonEndsOn', /more than 100 years/],
    ['no discount rate', { discountRate: undefined }, 'discountRate', /is required: write one rate/],
    [
      'a rate and steps',
      { discount: [{ fromYear: 0, rate: '8 %' }] },
      'discount',
      /discountRate says it already/,
      'discountRate',
    ],
    [
      'steps that begin late',
      { discountRate: undefined, discount: [{ fromYear: 1, rate: '8 %' }] },
      'discount.0.fromYear',
      /the first step must be from year 0/,
    ],
    [
      'steps out of order',
      {
        discountRate: undefined,
        discount: [
          { fromYear: 0, rate: '8 %' },
          { fromYear: 5, rate: '7 %' },
          { fromYear: 5, rate: '6 %' },
        ],
      },
      'discount.2.fromYear',
      /steps must ascend, but year 5 follows year 5/,
      'discount.1.fromYear',
    ],
    [
      'the green book with another rate',
      { convention: 'green-book' },
      'discountRate',
      /has rates of its own/,
      'convention',
    ],
    [
      'inflation that begins late',
      { priceBasis: { real: { baseYear: 2026, inflation: [{ fromYear: 2027, rate: '2 %' }] } } },
      'priceBasis.real.inflation.0.fromYear',
      /needed from 2026 on/,
    ],
    [
      'inflation out of order',
      {
        priceBasis: {
          real: {
            baseYear: 2026,
            inflation: [
              { fromYear: 2026, rate: '2 %' },
              { fromYear: 2025, rate: '1 %' },
            ],
          },
        },
      },
      'priceBasis.real.inflation.1.fromYear',
      /must ascend/,
    ],
    [
      'a gap in the fiscal calendar',
      {
        horizonEndsOn: '2026-09-01',
        fiscalCalendar: {
          kind: 'table',
          years: [
            {
              name: 'A',
              periods: [
                { name: '1', from: '2026-06-01', to: '2026-07-01' },
                { name: '2', from: '2026-07-02', to: '2026-09-01' },
              ],
            },
          ],
        },
      },
      'fiscalCalendar.years.0.periods.1.from',
      /without a gap/,
      'fiscalCalendar.years.0.periods.0.to',
    ],
    [
      'an overlap in it',
      {
        horizonEndsOn: '2026-09-01',
        fiscalCalendar: {
          kind: 'table',
          years: [
            { name: 'A', periods: [{ name: '1', from: '2026-06-01', to: '2026-07-01' }] },
            { name: 'B', periods: [{ name: '1', from: '2026-06-30', to: '2026-09-01' }] },
          ],
        },
      },
      'fiscalCalendar.years.1.periods.0.from',
      /without an overlap/,
    ],
  ])('%s', (_what, changes, path, message, seeAlso) => {
    const found = errorAt(changes, path, message);
    if (seeAlso !== undefined) expect(found.seeAlso?.join('.')).toBe(seeAlso);
  });
});
