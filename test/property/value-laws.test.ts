import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CostLine,
  computeRoi,
  Decimal,
  type RatePeriod,
  type RoiOutputs,
  type StoredSample,
  type ValueMetric,
} from '#domain';
import {
  baselineOf,
  baselineWindow,
  costWith,
  inputWith,
  metricWith,
  monthly,
  projectWith,
} from '../factories/value.ts';
import { runs } from './runs.ts';

const seeded = { seed: 20260703, numRuns: runs(20, 300) };
const WINDOW = ['2025-01-01', '2026-01-01'] as const;
const AS_OF = '2028-01-01';
/** A year before the project and two years of it, by months. */
const MONTHS = 36;
const level = fc.integer({ min: 0, max: 1000 });
const history = fc.array(level, { minLength: MONTHS, maxLength: MONTHS });
/** Nulls after the baseline's year. */
const withGaps = fc
  .tuple(history, fc.uniqueArray(fc.integer({ min: 12, max: MONTHS - 1 }), { maxLength: 6 }))
  .map(([values, gaps]) => values.map((value, index) => (gaps.includes(index) ? null : value)));
const kind = fc.constantFrom('flow' as const, 'stock' as const);
const percent = fc.integer({ min: 0, max: 100 }).map((value) => String(value / 100));
const counterfactual = fc.constantFrom<ValueMetric['counterfactual']>(
  { kind: 'constant' },
  { kind: 'trend', fit: 'window' },
  { kind: 'trend', fit: 'given', level: '500', change: '-3' },
);
const ratesOf = (amount: string): RatePeriod[] => [
  { from: '2025-01-01', to: '2026-09-10', amount, currency: 'EUR', per: 'one', perPeriod: null },
  { from: '2026-09-10', to: null, amount, currency: 'EUR', per: 'one', perPeriod: null },
];
const base = (changes: Partial<ValueMetric>): ValueMetric =>
  metricWith({ baseline: baselineWindow(...WINDOW), rates: ratesOf('7'), ...changes });
const run = (
  metric: ValueMetric,
  values: readonly (number | null)[],
  controls?: readonly (number | null)[],
): RoiOutputs => {
  const samples = monthly('2025-01-01', values);
  const control: StoredSample[] | undefined = controls && monthly('2025-01-01', controls, { seriesId: 'c' });
  return computeRoi(
    inputWith(projectWith([metric], { startsOn: '2026-01-01' }), AS_OF, samples, {
      metrics: [
        {
          metricId: metric.id,
          source: { samples, intervalMs: null },
          ...(control && { control: { samples: control, intervalMs: null } }),
        },
      ],
    }),
  );
};
const periodsOf = (outputs: RoiOutputs) => outputs.metrics[0]?.periods ?? [];
const near = (a: string | null | undefined, b: Decimal | number, tolerance = '0.000001') =>
  expect(new Decimal(a ?? Number.NaN).minus(b).abs().lte(tolerance), `${a} is near ${b}`).toBe(true);

describe('laws of benefit', () => {
  it('k times the rate is k times the benefit', () => {
    fc.assert(
      fc.property(withGaps, kind, counterfactual, fc.integer({ min: 2, max: 900 }), (values, of, against, k) => {
        const metric = base({ kind: of, counterfactual: against });
        const [one, many] = [run(metric, values), run({ ...metric, rates: ratesOf(String(7 * k)) }, values)];
        near(many.benefitToDate, new Decimal(one.benefitToDate ?? 0).times(k), '0.0001');
      }),
      seeded,
    );
  });
  it('the other direction is the other sign, before confidence', () => {
    fc.assert(
      fc.property(withGaps, kind, counterfactual, percent, (values, of, against, attribution) => {
        const metric = base({ kind: of, counterfactual: against, attribution });
        const [down, up] = [run(metric, values), run({ ...metric, direction: 'up' }, values)];
        near(up.benefitToDate, new Decimal(down.benefitToDate ?? 0).negated());
      }),
      seeded,
    );
  });
  it('two attributions add up to their sum', () => {
    fc.assert(
      fc.property(withGaps, kind, percent, percent, percent, (values, of, a, b, confidence) => {
        fc.pre(Number(a) + Number(b) <= 1);
        const metric = base({ kind: of, confidence });
        const benefit = (attribution: string) => run({ ...metric, attribution }, values).benefitToDate ?? '';
        near(benefit(new Decimal(a).plus(b).toFixed()), new Decimal(benefit(a)).plus(benefit(b)));
      }),
      seeded,
    );
  });
  it('a given trend without change is a constant', () => {
    fc.assert(
      fc.property(withGaps, kind, level, (values, of, c) => {
        const constant = base({ kind: of, baseline: baselineOf(String(c)) });
        const flat = {
          ...constant,
          counterfactual: { kind: 'trend', fit: 'given', level: String(c), change: '0' } as const,
        };
        expect(periodsOf(run(flat, values))).toEqual(periodsOf(run(constant, values)));
      }),
      seeded,
    );
  });
  it('a metric that moves like its control, by factor or by difference, has no benefit', () => {
    fc.assert(
      fc.property(
        withGaps,
        kind,
        fc.constantFrom('ratio' as const, 'difference' as const),
        level,
        (values, of, method, k) => {
          const source = { connector: 'shop', stream: 'other', labels: {} };
          const metric = base({ kind: of, counterfactual: { kind: 'control', source, method } });
          const moved = values.map((value) => value && (method === 'ratio' ? value * (k + 1) : value + k));
          fc.pre(values.slice(0, 12).some((value) => value !== 0));
          const { benefitToDate } = run(
            metric,
            values,
            method === 'ratio' ? moved : moved.map((value, i) => (values[i] === 0 ? k : value)),
          );
          near(benefitToDate, 0);
        },
      ),
      seeded,
    );
  });
  it('one more month changes only itself', () => {
    fc.assert(
      fc.property(withGaps, kind, counterfactual, fc.integer({ min: 13, max: MONTHS }), (values, of, against, n) => {
        const metric = base({ kind: of, counterfactual: against });
        const shorter = values.map((value, index) => (index < n - 1 ? value : null));
        const longer = values.map((value, index) => (index < n ? value : null));
        const [before, after] = [periodsOf(run(metric, shorter)), periodsOf(run(metric, longer))];
        expect(after.filter((_, index) => index !== n - 13)).toEqual(before.filter((_, index) => index !== n - 13));
      }),
      seeded,
    );
  });
  it('the more drops off, the nearer each period is to nothing; the first year is untouched', () => {
    fc.assert(
      fc.property(withGaps, kind, percent, percent, (values, of, a, b) => {
        const [less, more] = [a, b].sort((x, y) => Number(x) - Number(y)) as [string, string];
        const [little, much] = [less, more].map((dropOff) => periodsOf(run(base({ kind: of, dropOff }), values)));
        for (const [index, period] of (much ?? []).entries()) {
          const other = little?.[index]?.benefit ?? null;
          if (period.benefit === null || other === null) expect(period.benefit).toBe(other);
          else if (index < 12) expect(period.benefit).toBe(other);
          else expect(new Decimal(period.benefit).abs().lte(new Decimal(other).abs())).toBe(true);
        }
      }),
      seeded,
    );
  });
  it('releases add up to the whole movement of the level', () => {
    fc.assert(
      fc.property(history, level, (values, start) => {
        const metric = base({ kind: 'stock', stockValuation: 'release', baseline: baselineOf(String(start)) });
        near(run(metric, values).benefitToDate, 7 * (start - (values.at(-1) ?? 0)));
      }),
      seeded,
    );
  });
});

const amount = fc.integer({ min: -5_000, max: 50_000 }).map(String);
const day = fc.integer({ min: 1, max: 28 }).map((d) => `2026-0${(d % 9) + 1}-${String(d).padStart(2, '0')}`);
const line = fc.record({
  kind: fc.constantFrom<CostLine['kind']>('budget', 'commitment', 'accrual', 'actual', 'forecast'),
  amount,
  postingDate: day,
  capitalisation: fc.constantFrom('capex' as const, 'opex' as const),
  recurrence: fc.constantFrom('one-off' as const, 'run' as const),
  pool: fc.constantFrom('a', 'b', null),
  names: fc.option(fc.nat({ max: 14 }), { nil: null }),
});
const lines = fc
  .array(line, { minLength: 1, maxLength: 15 })
  .map((drawn) =>
    drawn.map(({ names, ...rest }, index) =>
      costWith({ ...rest, sourceKey: `l${index}`, correctionOf: names === null ? null : `l${names}` }),
    ),
  );
const costsOf = (manualCosts: CostLine[], asOf = '2026-06-30') =>
  computeRoi(inputWith(projectWith([], { manualCosts }), asOf, [])).costs;
const total = (...parts: (string | null)[]) =>
  parts.reduce((sum, part) => sum.plus(part ?? 0), new Decimal(0)).toFixed();

describe('laws of cost, whatever corrects what', () => {
  it('each split adds up to cost to date, and EAC to what it is made of', () => {
    fc.assert(
      fc.property(lines, (manualCosts) => {
        const costs = costsOf(manualCosts);
        expect(total(costs.actual, costs.accrual)).toBe(costs.toDate);
        expect(total(costs.capex, costs.opex)).toBe(costs.toDate);
        expect(total(costs.oneOff, costs.run)).toBe(costs.toDate);
        expect(total(...costs.byPool.map((pool) => pool.amount))).toBe(costs.toDate);
        if (costs.estimateAtCompletion !== null)
          expect(costs.estimateAtCompletion).toBe(
            total(costs.toDate, Decimal.max(costs.commitments ?? 0, 0).toFixed(), costs.forecast),
          );
      }),
      { ...seeded, numRuns: 300 },
    );
  });
  it('the order of the lines does not matter', () => {
    fc.assert(
      fc.property(lines, (manualCosts) => {
        expect(costsOf([...manualCosts].reverse())).toEqual(costsOf(manualCosts));
      }),
      { ...seeded, numRuns: 150 },
    );
  });
  it('an accrual that an actual names leaves cost to date at the actual alone', () => {
    fc.assert(
      fc.property(amount, amount, (accrued, paid) => {
        const accrual = costWith({ sourceKey: 'acc', kind: 'accrual', amount: accrued });
        const actual = costWith({ sourceKey: 'inv', amount: paid, postingDate: '2026-03-01', correctionOf: 'acc' });
        expect(costsOf([accrual, actual]).toDate).toBe(paid);
      }),
      seeded,
    );
  });
});
