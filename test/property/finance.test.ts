import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  combineSameDay,
  Decimal,
  datedDiscountFactor,
  daysBetween,
  discountFactor,
  irr,
  mirr,
  presentValue,
  sum,
  xirr,
} from '#domain';
import { countDistinctRoots } from './sturm.ts';

const seeded = { seed: 20260701, numRuns: 60 };
const amounts = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2, maxLength: 14 });
const decimals = (values: readonly number[]): Decimal[] => values.map((value) => new Decimal(value));

/** |NPV| at a rate as a share of the sum of the discounted amounts' sizes. */
function residue(flows: readonly Decimal[], factors: readonly Decimal[]): number {
  const terms = flows.map((flow, index) => flow.times(factors[index] as Decimal));
  return sum(terms)
    .abs()
    .div(sum(terms.map((term) => term.abs())))
    .toNumber();
}

describe('internal rates of return', () => {
  it('NPV at every root is zero', () => {
    fc.assert(
      fc.property(amounts, (values) => {
        const flows = decimals(values);
        for (const root of irr(flows).roots)
          expect(
            residue(
              flows,
              flows.map((_, index) => discountFactor(root, index)),
            ),
          ).toBeLessThan(1e-9);
      }),
      seeded,
    );
  });
  it('as many as Sturm’s theorem counts in exact arithmetic', () => {
    fc.assert(
      fc.property(amounts, (values) => {
        fc.pre(values.some((value) => value !== 0));
        expect(irr(decimals(values)).roots).toHaveLength(countDistinctRoots(values));
      }),
      { ...seeded, numRuns: 150 },
    );
  });
  it('as many as it counts where roots were put on purpose, some of them twice', () => {
    const factor = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(fc.array(factor, { minLength: 1, maxLength: 5 }), (tenths) => {
        // Π (10 − k·x) with x = 1/(1 + r): the roots are r = k/10 − 1
        const flows = tenths.reduce<number[]>(
          (polynomial, k) => [...polynomial, 0].map((value, index) => value * 10 - (polynomial[index - 1] ?? 0) * k),
          [1],
        );
        const wanted = [...new Set(tenths)].sort((a, b) => a - b).map((k) => k / 10 - 1);
        const roots = irr(decimals(flows)).roots.map((root) => root.toDecimalPlaces(9).toNumber());
        expect(roots).toEqual(wanted.map((root) => new Decimal(root).toDecimalPlaces(9).toNumber()));
      }),
      seeded,
    );
  });
  it('do not change when every flow is scaled or turned round', () => {
    fc.assert(
      fc.property(amounts, fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), (values, scale, negative) => {
        const factor = new Decimal(scale).div(1000).times(negative ? -1 : 1);
        const scaled = decimals(values).map((value) => value.times(factor));
        expect(irr(scaled)).toEqual(irr(decimals(values)));
      }),
      seeded,
    );
  });
  it('of dated flows: NPV zero at each, unchanged when all dates move alike or the order changes', () => {
    const flow = fc.record({ days: fc.integer({ min: 0, max: 2000 }), amount: fc.integer({ min: -1000, max: 1000 }) });
    fc.assert(
      fc.property(
        fc.array(flow, { minLength: 2, maxLength: 10 }),
        fc.integer({ min: -4000, max: 4000 }),
        (list, shift) => {
          const dated = (move: number) =>
            list.map(({ days, amount }) => ({ date: addDays('2026-01-01', days + move), amount: new Decimal(amount) }));
          const { status, roots } = xirr(dated(0));
          const combined = combineSameDay(dated(0));
          const start = combined[0]?.date as string;
          for (const root of roots)
            expect(
              residue(
                combined.map(({ amount }) => amount),
                combined.map(({ date }) => datedDiscountFactor(root, daysBetween(start, date))),
              ),
            ).toBeLessThan(1e-9);
          expect(xirr(dated(shift).reverse())).toEqual({ status, roots });
        },
      ),
      { ...seeded, numRuns: 40 },
    );
  });
  it('a year’s distance in days is a year: dated and regular flows agree', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -500, max: 500 }), { minLength: 2, maxLength: 6 }), (values) => {
        const dated = decimals(values).map((amount, index) => ({ date: addDays('2026-01-01', index * 365), amount }));
        const places = (roots: Decimal[]) => roots.map((root) => root.toDecimalPlaces(12).toNumber());
        expect(places(xirr(dated).roots)).toEqual(places(irr(decimals(values)).roots));
      }),
      { ...seeded, numRuns: 40 },
    );
  });
});

describe('net present value', () => {
  const rate = fc.integer({ min: -50, max: 300 }).map((percent) => new Decimal(percent).div(100));
  it('one period later is worth one discount factor', () => {
    fc.assert(
      fc.property(amounts, rate, (values, r) => {
        const now = presentValue(decimals(values), r, 'npv0') as Decimal;
        const later = presentValue(decimals([0, ...values]), r, 'npv0') as Decimal;
        expect(later.times(r.plus(1)).minus(now).abs().toNumber()).toBeLessThan(1e-20);
        const excel = presentValue(decimals(values), r, 'excel') as Decimal;
        expect(excel.minus(later).abs().toNumber()).toBeLessThan(1e-20);
      }),
      seeded,
    );
  });
  it('is additive', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer(), fc.integer()), { minLength: 1, maxLength: 10 }), rate, (pairs, r) => {
        const pv = (values: number[]) => presentValue(decimals(values), r, 'npv0') as Decimal;
        const both = pv(pairs.map(([a, b]) => a + b));
        const apart = pv(pairs.map(([a]) => a)).plus(pv(pairs.map(([, b]) => b)));
        expect(both.minus(apart).abs().lte(both.abs().plus(1e12).times(1e-25))).toBe(true);
      }),
      seeded,
    );
  });
  it('MIRR at the unique IRR’s own rate is that IRR', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 1000 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
        (outlay, inflows) => {
          const flows = decimals([-outlay, ...inflows]);
          const { status, roots } = irr(flows);
          fc.pre(status === 'unique');
          const root = roots[0] as Decimal;
          expect(mirr(flows, root, root)?.minus(root).abs().toNumber()).toBeLessThan(1e-9);
        },
      ),
      seeded,
    );
  });
});
