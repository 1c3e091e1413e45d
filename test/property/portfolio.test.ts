import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  computeRoi,
  Decimal,
  type FxRate,
  type Portfolio,
  type PortfolioInput,
  type Project,
  portfolioHash,
  rollUp,
  scaleClaims,
  sum,
} from '#domain';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith } from '../factories/value.ts';

const seeded = { seed: 20261123, numRuns: 12 };
const AS_OF = '2026-05-01';
const euros: Portfolio = { id: 'shop', name: 'Shop', currency: 'EUR', discount: null };

const claimed = fc.record({
  projectId: fc.constantFrom('a', 'b', 'c'),
  metricId: fc.constantFrom('m', 'n'),
  claimKey: fc.constantFrom('k', 'l'),
  attribution: fc.integer({ min: 0, max: 100 }).map((percent) => new Decimal(percent).div(100)),
  start: fc.integer({ min: 0, max: 60 }),
  days: fc.integer({ min: 1, max: 31 }),
});
const periodsOf = (list: { start: number; days: number }[]) =>
  list.map(({ start, days, ...rest }) => {
    const from = addDays('2026-01-01', start);
    return { ...rest, from, to: addDays(from, days) };
  }) as Parameters<typeof scaleClaims>[0][number][];

describe('claims of any projects', () => {
  it('to one key never come to more than the whole on any day, and are left alone where they do not', () => {
    fc.assert(
      fc.property(fc.array(claimed, { maxLength: 12 }), (list) => {
        const periods = periodsOf(list);
        const { factorOf, conflicts } = scaleClaims(periods);
        for (let day = '2026-01-01'; day < '2026-04-05'; day = addDays(day, 1))
          for (const key of ['k', 'l']) {
            const active = periods.filter(({ claimKey, from, to }) => claimKey === key && from <= day && day < to);
            const total = sum(active.map(({ attribution }) => attribution));
            const isConflict = conflicts.some((one) => one.claimKey === key && one.from <= day && day < one.to);
            expect(isConflict).toBe(total.gt(1));
            const oneDay = {
              projectId: '',
              metricId: '',
              claimKey: key,
              attribution: total,
              from: day,
              to: addDays(day, 1),
            };
            if (active.length > 0) expect(total.times(factorOf(oneDay)).toNumber()).toBeLessThanOrEqual(1 + 1e-12);
          }
        for (const period of periods) {
          const touches = conflicts.some(
            ({ claimKey, from, to }) => claimKey === period.claimKey && from < period.to && to > period.from,
          );
          expect(factorOf(period).lt(1)).toBe(touches);
        }
      }),
      seeded,
    );
  });
  it('two that claim 80 % each get half of the whole each', () => {
    const periods = periodsOf([
      { start: 0, days: 31 },
      { start: 0, days: 31 },
    ]).map((period, index) => ({
      ...period,
      projectId: `p${index}`,
      metricId: 'm',
      claimKey: 'k',
      attribution: new Decimal('0.8'),
    }));
    const { factorOf, conflicts } = scaleClaims(periods);
    expect(
      factorOf(periods[0] as (typeof periods)[number])
        .times('0.8')
        .toNumber(),
    ).toBeCloseTo(0.5, 12);
    expect(conflicts).toMatchObject([{ claimKey: 'k', from: '2026-01-01', to: '2026-02-01', attributionTotal: '1.6' }]);
  });
});

const figures = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  cost: fc.integer({ min: 1, max: 50_000 }),
  rate: fc.constantFrom('0.08', '0', '0.2'),
  attribution: fc.constantFrom('1', '0.7'),
});
function projectOf(
  id: string,
  { level, cost, rate, attribution }: { level: number; cost: number; rate: string; attribution: string },
  changes: Partial<Project> = {},
  claimKey: string | null = null,
): PortfolioInput['projects'][number] {
  const metric = metricWith({ baseline: baselineOf('200'), attribution, claimKey });
  const currency = changes.currency ?? 'EUR';
  const manualCosts = [costWith({ amount: String(cost), currency })];
  const project = projectWith([{ ...metric, rates: metric.rates.map((one) => ({ ...one, currency })) }], {
    id,
    discount: [{ fromYear: 0, rate }],
    manualCosts,
    ...changes,
  });
  const input = inputWith(
    project,
    AS_OF,
    daily('2026-01-01', AS_OF, () => level),
  );
  return { input, outputs: computeRoi(input) };
}
const portfolioOf = (
  projects: PortfolioInput['projects'],
  portfolio: Portfolio = euros,
  fxRates: FxRate[] = [],
): PortfolioInput => ({ portfolio, asOf: AS_OF, projects, fxRates, fxQuotes: [] });

describe('a portfolio of any projects', () => {
  it('of one project in its own currency says what the project says', () => {
    fc.assert(
      fc.property(figures, (given) => {
        const one = projectOf('a', given);
        const { npv, roi, bcr, realisedRoi, benefitToDate, costToDate, irr, payback } = rollUp(portfolioOf([one]));
        const { outputs } = one;
        expect({ npv, roi, bcr, realisedRoi, benefitToDate, costToDate, irr, payback }).toEqual({
          npv: outputs.npv,
          roi: outputs.roi,
          bcr: outputs.bcr,
          realisedRoi: outputs.realisedRoi,
          benefitToDate: outputs.benefitToDate,
          costToDate: outputs.costToDate,
          irr: outputs.irr,
          payback: outputs.payback,
        });
      }),
      seeded,
    );
  });
  it('adds up from its projects, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.array(figures, { minLength: 1, maxLength: 4 }), (list) => {
        const projects = list.map((given, index) =>
          projectOf(`p${index}`, given, { startsOn: index % 2 === 0 ? '2026-01-01' : '2025-11-01' }),
        );
        const forward = rollUp(portfolioOf(projects));
        expect(forward.counted).toBe(list.length);
        const backward = rollUp(portfolioOf([...projects].reverse()));
        expect(JSON.stringify(backward)).toBe(JSON.stringify(forward));
        expect(portfolioHash(portfolioOf(projects))).toBe(portfolioHash(portfolioOf([...projects].reverse())));
        const total = sum(forward.projects.map(({ npv }) => new Decimal(npv ?? 0)));
        expect(
          total
            .minus(forward.npv ?? 0)
            .abs()
            .toNumber(),
        ).toBeLessThan(1e-6);
      }),
      seeded,
    );
  });
  it('in another currency at one constant rate is the same times that rate', () => {
    fc.assert(
      fc.property(fc.array(figures, { minLength: 1, maxLength: 3 }), (list) => {
        const projects = list.map((given, index) => projectOf(`p${index}`, given));
        const rate = { from: 'EUR', to: 'USD', rate: '1.25', validFrom: '2020-01-01', validTo: null, source: 'test' };
        const dollars = rollUp(portfolioOf(projects, { ...euros, currency: 'USD' }, [rate]));
        const own = rollUp(portfolioOf(projects));
        expect(Number(dollars.npv)).toBeCloseTo(Number(own.npv) * 1.25, 4);
        expect(Number(dollars.roi)).toBeCloseTo(Number(own.roi), 8);
      }),
      seeded,
    );
  });
  it('counts no benefit twice: a claim that two projects make in full is worth what one makes of it', () => {
    fc.assert(
      fc.property(figures, (given) => {
        const full = { ...given, attribution: '1' };
        const alone = rollUp(portfolioOf([projectOf('a', full, {}, 'failures')]));
        const both = rollUp(portfolioOf([projectOf('a', full, {}, 'failures'), projectOf('b', full, {}, 'failures')]));
        expect(Number(both.benefitToDate)).toBeCloseTo(Number(alone.benefitToDate), 4);
        expect(both.warnings.map(({ code }) => code)).toContain('value/claim-conflict');
        expect(Number(both.benefitBeforeClaims)).toBeCloseTo(2 * Number(alone.benefitToDate), 4);
      }),
      seeded,
    );
  });
});

describe('a portfolio with a project that it cannot count', () => {
  const good = projectOf('good', { level: 3, cost: 1000, rate: '0.08', attribution: '1' });
  it('says which and why, and counts the others: unknown is not zero', () => {
    const input = inputWith(projectWith([metricWith({ baseline: null })], { id: 'tracked' }), AS_OF, []);
    const outputs = rollUp(portfolioOf([good, { input, outputs: computeRoi(input) }]));
    expect(outputs).toMatchObject({ counted: 1, of: 2, npv: good.outputs.npv });
    expect(outputs.projects.find(({ projectId }) => projectId === 'tracked')?.excludedBecause).toMatch(/not known/);
    expect(outputs.warnings).toMatchObject([{ code: 'value/partial', projectId: 'tracked' }]);
    expect(outputs.basis).toContain('1 of 2 projects');
  });
  it('never takes a missing exchange rate as 1', () => {
    const pounds = projectOf('pounds', { level: 3, cost: 1000, rate: '0.08', attribution: '1' }, { currency: 'GBP' });
    const { warnings } = rollUp(portfolioOf([good, pounds]));
    expect(warnings.some(({ projectId }) => projectId === 'pounds')).toBe(true);
  });
  it('without any project has no figure', () => {
    expect(rollUp(portfolioOf([]))).toMatchObject({ npv: null, roi: null, counted: 0, of: 0, baseDate: null });
  });
});
