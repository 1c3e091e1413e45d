import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addMonths,
  computeRoi,
  Decimal,
  type PlannedBenefit,
  type PlanVersion,
  type Project,
  type RoiInput,
  sum,
  type ValueMetric,
  type VarianceParts,
} from '#domain';
import { shrunk } from '../../src/domain/plan/performance.ts';
import { planFigures } from '../../src/domain/plan/plan-figures.ts';
import { money, moneyOrNull } from '../../src/domain/value/figures.ts';
import { valuate } from '../../src/domain/value/valuation.ts';
import { budgetRate, monthly, plannedCostWith, planWith, promiseWith } from '../factories/plan.ts';
import { costWith, inputWith, metricWith, projectWith } from '../factories/value.ts';
import { runs } from './runs.ts';

const seeded = { seed: 20260801, numRuns: runs(15, 200) };
const FROM = '2026-01-01';
const MONTHS = 24;
const END = '2028-01-01';

const level = fc.integer({ min: -50, max: 300 });
const levels = fc.array(level, { minLength: MONTHS, maxLength: MONTHS });
const fraction = fc.integer({ min: 0, max: 100 }).map((percent) => String(percent / 100));
const exchange = fc.integer({ min: 50, max: 200 }).map((percent) => String(percent / 100));
const currency = fc.constantFrom('EUR', 'USD');
const elapsed = fc.integer({ min: 1, max: MONTHS });
const start = fc.integer({ min: 0, max: 8 }).map((months) => addMonths(FROM, months));
const direction = fc.constantFrom('up' as const, 'down' as const);
const ramp = fc.constantFrom<PlannedBenefit['ramp'][]>(
  [],
  [{ afterMonths: 3, share: '1' }],
  [
    { afterMonths: 0, share: '0.2' },
    { afterMonths: 7, share: '0.9' },
  ],
);
const amounts = fc.array(
  fc.record({
    amount: fc.integer({ min: 1, max: 90_000 }).map((cents) => String(cents / 100)),
    month: fc.nat(MONTHS - 1),
    currency,
    pool: fc.constantFrom(null, 'labour', 'hardware'),
    recurrence: fc.constantFrom('one-off' as const, 'run' as const),
  }),
  { minLength: 1, maxLength: 8 },
);
type Amounts = typeof amounts extends fc.Arbitrary<infer T> ? T : never;

const factors = { attribution: fraction, confidence: fraction, deadweight: fraction, displacement: fraction };
const monthlyCurve = (values: readonly number[]) =>
  values.map((value, index) => ({ from: addMonths(FROM, index), value: String(value) }));
const dateOf = (month: number): string => addMonths(FROM, month).replace(/01$/, '15');
const total = (figures: readonly string[]): string => sum(figures.map((figure) => new Decimal(figure))).toFixed();
const minus = (a: string, b: string): string => new Decimal(a).minus(b).toFixed();
const partsOf = ({ volume, rate, timing, fx }: VarianceParts): string[] => [volume, rate, timing, fx];

interface Story {
  values: readonly (number | null)[];
  months: number;
  metric: Partial<ValueMetric>;
  plan: Partial<PlanVersion>;
  spent: Amounts;
  rate: string;
  project?: Partial<Project>;
}
function inputOf({ values, months, metric, plan, spent, rate, project }: Story): RoiInput {
  const owner = projectWith([metricWith(metric)], {
    horizonEndsOn: END,
    simulation: { seed: 1, draws: 0 },
    plans: [planWith(plan)],
    manualCosts: spent.map(({ month, ...line }, index) =>
      costWith({ ...line, sourceKey: String(index), postingDate: dateOf(month) }),
    ),
    ...project,
  });
  return inputWith(owner, addMonths(FROM, months), monthly(FROM, values.slice(0, months)), {
    fxRates: [budgetRate('USD', 'EUR', rate)],
  });
}
/** What a plan is compared with, without what else a computation gives. */
function figuresOf(story: Story) {
  const valuation = valuate(inputOf(story));
  const { benefits, costs } = valuation.presentValue;
  return {
    ...planFigures(valuation),
    benefitToDate: moneyOrNull(valuation.benefitToDate),
    costToDate: moneyOrNull(valuation.costs.toDate),
    npv: money(benefits.minus(costs)),
  };
}
const rateIn = (code: string, amount: string): ValueMetric['rates'] => [
  { from: FROM, to: null, amount, currency: code, per: 'failure', perPeriod: null },
];

/** Anything against anything. */
const stories = fc
  .record({
    values: fc.array(fc.option(level, { freq: 8 }), { minLength: MONTHS, maxLength: MONTHS }),
    months: elapsed,
    metric: fc.record({ startsOn: start, direction, ...factors, hasStarted: fc.boolean() }),
    promise: fc.record({ startsOn: start, ramp, dropOff: fraction, ...factors }),
    curve: levels,
    interpolation: fc.constantFrom('step' as const, 'linear' as const),
    rates: fc.tuple(currency, currency, exchange, exchange),
    planned: amounts,
    spent: amounts,
    costRisk: fraction,
  })
  .map(({ rates: [actual, promised, rate, budget], promise, curve, interpolation, planned, metric, ...rest }) => ({
    ...rest,
    rate,
    project: { costRisk: rest.costRisk },
    metric: { ...metric, rates: rateIn(actual, '7.31') },
    plan: {
      fxRates: [budgetRate('USD', 'EUR', budget)],
      benefits: [
        promiseWith({
          ...promise,
          curve: monthlyCurve(curve),
          interpolation,
          rate: { amount: '6.97', currency: promised, perPeriod: null },
        }),
      ],
      costs: planned.map(({ month, ...cost }) => plannedCostWith({ ...cost, date: dateOf(month) })),
    },
  }));

describe('a plan and its actuals, whatever they are', () => {
  it('differ by parts that sum to the difference, to the last place', () => {
    let compared = 0;
    fc.assert(
      fc.property(stories, (story) => {
        const { variance, plan, benefitToDate, costToDate } = figuresOf(story);
        if (variance === null || plan === null) return;
        if (variance.benefit !== null && benefitToDate !== null) {
          compared += 1;
          expect(variance.benefit.total).toBe(minus(benefitToDate, plan.benefitToDate));
          expect(total(partsOf(variance.benefit))).toBe(variance.benefit.total);
          for (const part of ['volume', 'rate', 'timing', 'fx', 'total'] as const)
            expect(total(variance.metrics.map(({ benefit }) => benefit[part]))).toBe(variance.benefit[part]);
        }
        if (variance.cost !== null && costToDate !== null) {
          expect(variance.cost.total).toBe(minus(costToDate, plan.costToDate));
          expect(total(partsOf(variance.cost))).toBe(variance.cost.total);
        }
      }),
      seeded,
    );
    expect(compared).toBeGreaterThan(10);
  });

  it('make a forecast whose flows and metrics sum to its totals', () => {
    fc.assert(
      fc.property(stories, (story) => {
        const { forecast, costToDate } = figuresOf(story);
        if (forecast === null) return;
        expect(total(forecast.cashFlows.map(({ benefit }) => benefit))).toBe(forecast.benefitAtCompletion);
        expect(total(forecast.cashFlows.map(({ cost }) => cost))).toBe(forecast.costAtCompletion);
        expect(total(forecast.metrics.flatMap(({ actual, expected }) => [actual, expected]))).toBe(
          forecast.benefitAtCompletion,
        );
        expect(total([costToDate ?? '', forecast.costToCome])).toBe(forecast.costAtCompletion);
      }),
      seeded,
    );
  });

  it('give the same bytes again', () => {
    fc.assert(
      fc.property(stories, (story) => {
        expect(JSON.stringify(computeRoi(inputOf(story)))).toBe(JSON.stringify(computeRoi(inputOf(story))));
      }),
      { ...seeded, numRuns: 5 },
    );
  });
});

describe('actuals that come exactly as planned', () => {
  const asPlanned = (months: fc.Arbitrary<number>) =>
    fc
      .record({ curve: levels, months, startsOn: start, direction, code: currency, rate: exchange, planned: amounts })
      .chain((story) => fc.record({ story: fc.constant(story), ...factors }))
      .map(({ story: { curve, code, rate, planned, startsOn, ...rest }, ...shares }) => ({
        ...rest,
        rate,
        values: curve,
        spent: planned.filter(({ month }) => month < rest.months),
        metric: { ...shares, startsOn, direction: rest.direction, rates: rateIn(code, '7.31') },
        plan: {
          fxRates: [budgetRate('USD', 'EUR', rate)],
          benefits: [
            promiseWith({
              ...shares,
              startsOn,
              curve: monthlyCurve(curve),
              rate: { amount: '7.31', currency: code, perPeriod: null },
            }),
          ],
          costs: planned.map(({ month, ...cost }) => plannedCostWith({ ...cost, date: dateOf(month) })),
        },
      }));
  /** Nothing spent yet is a project whose cost is not declared. */
  const known = ({ spent }: Story): boolean => spent.length > 0;

  it('differ in no part, have k = 1, and come to the plan at completion', () => {
    fc.assert(
      fc.property(asPlanned(elapsed).filter(known), (story) => {
        const { variance, forecast, plan } = figuresOf(story);
        expect([variance?.benefit, variance?.cost].flatMap((split) => (split ? partsOf(split) : ['?']))).toEqual(
          Array(8).fill('0'),
        );
        expect(forecast?.factors.map(({ factor }) => factor)).toEqual(['1']);
        expect(forecast?.benefitAtCompletion).toBe(plan?.benefitTotal);
        expect(forecast?.costAtCompletion).toBe(plan?.costTotal);
        expect(forecast?.npvAtCompletion).toBe(plan?.npv);
        expect(forecast?.roiAtCompletion).toBe(plan?.roi);
      }),
      seeded,
    );
  });
});

describe('a forecast with nothing remaining', () => {
  it('is what came', () => {
    fc.assert(
      fc.property(stories, levels, (story, values) => {
        const over = { ...story, values, months: MONTHS, metric: { ...story.metric, hasStarted: true } };
        const outputs = figuresOf(over);
        expect(outputs.forecast).toMatchObject({
          benefitAtCompletion: outputs.benefitToDate,
          costAtCompletion: outputs.costToDate,
          npvAtCompletion: outputs.npv,
        });
      }),
      seeded,
    );
  });
});

describe('k', () => {
  const ratio = fc.integer({ min: -300, max: 500 }).map((percent) => new Decimal(percent).div(100));
  const periods = fc.integer({ min: 1, max: 6 });
  it('rises with the ratio, lies between it and one within its limits, and moves from one with each period', () => {
    fc.assert(
      fc.property(ratio, ratio, periods, (a, b, n) => {
        const [low, high] = a.lte(b) ? [a, b] : [b, a];
        expect(shrunk(low, n).lte(shrunk(high, n))).toBe(true);
        const k = shrunk(a, n);
        expect(k.gte(0) && k.lte(2)).toBe(true);
        expect(k.minus(1).abs().lte(a.minus(1).abs())).toBe(true);
        expect(
          k
            .minus(1)
            .abs()
            .gte(
              shrunk(a, n - 1)
                .minus(1)
                .abs(),
            ),
        ).toBe(true);
      }),
      { ...seeded, numRuns: 300 },
    );
  });
});
