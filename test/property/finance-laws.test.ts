import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  Decimal,
  discountFactor,
  evaluateFinanceCase,
  type FinanceCase,
  factorOver,
  flatRate,
  irr,
  mirr,
  payback,
  presentValue,
  sum,
} from '#domain';
import { runs } from './runs.ts';

const seeded = { seed: 20260703, numRuns: runs(20, 400) };
const amounts = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2, maxLength: 12 });
const rate = fc.integer({ min: -40, max: 200 }).map((percent) => new Decimal(percent).div(100));
const decimals = (values: readonly number[]): Decimal[] => values.map((value) => new Decimal(value));
const convention = fc.constantFrom('npv0' as const, 'excel' as const, 'tei' as const, 'servicenow' as const);
const near = (a: Decimal | number | null, b: Decimal | number | null, share = 1e-10): boolean => {
  if (a === null || b === null) return a === b;
  const [left, right] = [new Decimal(a), new Decimal(b)];
  return left
    .minus(right)
    .abs()
    .lte(Decimal.max(left.abs(), right.abs(), 1).times(share));
};

describe('laws of net present value', () => {
  it('flows times k are worth k times as much, under every convention', () => {
    fc.assert(
      fc.property(amounts, rate, convention, fc.integer({ min: -9, max: 9 }), (values, r, by, k) => {
        const once = presentValue(decimals(values), r, by) as Decimal;
        const scaled = presentValue(decimals(values.map((value) => value * k)), r, by) as Decimal;
        expect(near(scaled, once.times(k), 1e-25)).toBe(true);
      }),
      seeded,
    );
  });
  it('delayed by a period, worth a factor 1/(1 + r) less; excel is npv0 delayed, half a period its root', () => {
    fc.assert(
      fc.property(amounts, rate, (values, r) => {
        const flows = decimals(values);
        const at = (timing: 'start' | 'mid' | 'end') => presentValue(flows, r, 'npv0', timing) as Decimal;
        const growth = r.plus(1);
        expect(near(at('end').times(growth), at('start'), 1e-25)).toBe(true);
        expect(near(at('mid').times(growth.sqrt()), at('start'), 1e-25)).toBe(true);
        expect(near(presentValue(flows, r, 'excel'), at('end'), 1e-25)).toBe(true);
      }),
      seeded,
    );
  });
  it('equal steps are the flat rate to the last digit, whatever years they are cut at', () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { maxLength: 4 });
    fc.assert(
      fc.property(amounts, rate, cuts, convention, (values, r, years, by) => {
        const rates = [0, ...years.sort((a, b) => a - b)].map((fromYear) => ({ fromYear, rate: r }));
        const each = { id: 'x', convention: by, flows: values };
        const { basis: _, ...stepped } = evaluateFinanceCase({ ...each, rates });
        const { basis: __, ...flat } = evaluateFinanceCase({ ...each, rate: r });
        expect(stepped).toEqual(flat);
      }),
      seeded,
    );
  });
  it('with steps, the factor of a time is the product of the years passed', () => {
    fc.assert(
      fc.property(fc.array(rate, { minLength: 1, maxLength: 6 }), fc.integer({ min: 0, max: 3000 }), (rates, days) => {
        const steps = rates.map((each, fromYear) => ({ fromYear, rate: each }));
        let wanted = 1;
        for (let left = days, year = 0; left > 0; left -= 365, year++)
          wanted *=
            rates[Math.min(year, rates.length - 1)]
              ?.plus(1)
              .pow(-Math.min(left, 365) / 365)
              .toNumber() ?? 0;
        expect(near(factorOver(steps, days, 365), wanted, 1e-9)).toBe(true);
      }),
      seeded,
    );
  });
  it('tei is npv0 of costs and benefits that bear their risk', () => {
    const money = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 3, maxLength: 6 });
    const share = fc.integer({ min: 0, max: 40 }).map((percent) => percent / 100);
    fc.assert(
      fc.property(money, money, rate, share, share, (costs, benefits, r, costRisk, benefitRisk) => {
        const terms = { id: 'x', rate: r };
        const tei = evaluateFinanceCase({ ...terms, convention: 'tei', costs, benefits, costRisk, benefitRisk });
        const length = Math.max(costs.length, benefits.length);
        const net = Array.from({ length }, (_, index) =>
          new Decimal(benefits[index] ?? 0)
            .times(new Decimal(1).minus(benefitRisk))
            .minus(new Decimal(costs[index] ?? 0).times(new Decimal(1).plus(costRisk))),
        );
        const npv0 = evaluateFinanceCase({ ...terms, convention: 'npv0', flows: net });
        expect(tei.npv).toBe(npv0.npv);
        expect(tei.irrRoots).toEqual(npv0.irrRoots);
      }),
      seeded,
    );
  });
  it('Fisher: nominal flows at (1 + r)(1 + i) − 1 are worth what real ones are at r, by period and by date', () => {
    const inflation = fc.integer({ min: -3, max: 12 }).map((percent) => new Decimal(percent).div(100));
    fc.assert(
      fc.property(amounts, rate, inflation, (values, r, i) => {
        const nominal = r.plus(1).times(i.plus(1)).minus(1);
        const dated = values.map((value, index) => [addDays('2026-03-01', index * 97), value] as const);
        const shapes: Partial<FinanceCase>[] = [
          { flows: values },
          { flows: values, timing: 'mid' },
          { datedFlows: dated },
        ];
        for (const shape of shapes) {
          const real = evaluateFinanceCase({ id: 'x', rate: r, inflation: i, ...shape });
          const money = evaluateFinanceCase({ id: 'x', rate: nominal, ...shape });
          expect(near(real.npv, money.npv)).toBe(true);
          expect(near(real.xnpv, money.xnpv)).toBe(true);
          expect(near(real.discountedPayback, money.discountedPayback, 1e-8)).toBe(true);
        }
      }),
      seeded,
    );
  });
});

describe('laws of returns', () => {
  it('a double root is counted once', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 90 }), (tenths) => {
        const x = new Decimal(tenths).div(10).plus(1);
        const { status, roots } = irr([x.pow(0), x.times(-2), x.pow(2)]);
        expect(status).toBe('unique');
        expect(near(roots[0] as Decimal, x.minus(1))).toBe(true);
      }),
      seeded,
    );
  });
  it('the NPV curve is zero at each root and has the sign of the NPV everywhere else', () => {
    fc.assert(
      fc.property(amounts, (values) => {
        const { irrRoots, npvCurve, irrStatus } = evaluateFinanceCase({ id: 'x', flows: values });
        fc.pre(irrStatus === 'multiple' && npvCurve.length > 0);
        const size = sum(decimals(values).map((value) => value.abs()));
        for (const root of irrRoots ?? []) {
          const at = npvCurve.find((point) => point.rate === root);
          const scale = Decimal.max(1, discountFactor(root, values.length)).times(size);
          expect(Math.abs(at?.npv ?? Number.NaN)).toBeLessThanOrEqual(scale.times(1e-9).toNumber());
        }
        for (const { rate: r, npv } of npvCurve.filter((point) => !irrRoots?.includes(point.rate)))
          expect(near(npv, presentValue(decimals(values), new Decimal(r), 'npv0'), 1e-9)).toBe(true);
      }),
      seeded,
    );
  });
  it('MIRR lies between the reinvestment rate and the unique IRR of one outlay with inflows', () => {
    const inflows = fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 1500 }), inflows, rate, (outlay, gains, reinvest) => {
        const flows = decimals([-outlay, ...gains]);
        const { status, roots } = irr(flows);
        fc.pre(status === 'unique');
        const [low, high] = [Decimal.min(reinvest, roots[0] as Decimal), Decimal.max(reinvest, roots[0] as Decimal)];
        const found = mirr(flows, new Decimal('0.05'), reinvest) as Decimal;
        expect(found.gte(low.minus(1e-12)) && found.lte(high.plus(1e-12))).toBe(true);
      }),
      seeded,
    );
  });
  it('payback: larger inflows never pay back later, discounting never earlier', () => {
    const inflows = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 1, maxLength: 8 });
    const years = (flows: readonly Decimal[]) =>
      payback(flows.map((amount, index) => ({ at: new Decimal(index), amount }))).at?.toNumber() ??
      Number.POSITIVE_INFINITY;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1500 }),
        inflows,
        fc.integer({ min: 0, max: 90 }),
        (outlay, gains, extra) => {
          const flows = decimals([-outlay, ...gains]);
          const more = decimals([-outlay, ...gains.map((gain) => gain + extra)]);
          expect(years(more)).toBeLessThanOrEqual(years(flows));
          const steps = flatRate(new Decimal(extra).div(100));
          const discounted = flows.map((flow, index) => flow.times(factorOver(steps, index, 1)));
          expect(years(discounted)).toBeGreaterThanOrEqual(years(flows));
        },
      ),
      seeded,
    );
  });
});
