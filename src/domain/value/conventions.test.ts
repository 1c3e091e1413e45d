import { describe, expect, it } from 'vitest';
import { metricWith, projectWith } from '../../../test/factories/value.ts';
import { Decimal } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import type { Project } from '../types.ts';
import { basisOf } from './basis.ts';
import type { MonthlyFlow } from './cash-flows.ts';
import { deflatorOf, projectYearAt } from './flow-time.ts';
import { discountFactorOf, presentValueOf } from './present-value.ts';
import { irrOf, mirrOf, npvCurveOf, paybackOf } from './returns.ts';

const project = (changes: Partial<Project> = {}): Project =>
  projectWith([metricWith()], { startsOn: '2026-04-01', horizonEndsOn: '2036-04-01', ...changes });
const flow = (date: string, benefit: number | string, cost: number | string = 0): MonthlyFlow => ({
  date,
  benefit: new Decimal(benefit),
  cost: new Decimal(cost),
});
const npv = (each: Project, flows: MonthlyFlow[]): number => {
  const { benefits, costs } = presentValueOf(each, flows);
  return benefits.minus(costs).toDecimalPlaces(6).toNumber();
};
const tenPercent = { discount: [{ fromYear: 0, rate: '0.10' }] };
/** Initial cost in the month of t0, then the middle of each of three years. */
const flows = [flow('2026-04-30', 0, 1000), flow('2026-09-30', 500), flow('2027-09-30', 600), flow('2028-09-30', 700)];

describe('a project’s years', () => {
  it('begin on the anniversaries of its start, also that of a 29 February', () => {
    expect(projectYearAt(project(), '2027-03-31')).toBe(0);
    expect(projectYearAt(project(), '2027-04-01')).toBe(1);
    expect(projectYearAt(project(), '2026-03-31')).toBe(-1);
    expect(projectYearAt(project({ startsOn: '2024-02-29' }), '2025-02-27')).toBe(0);
    expect(projectYearAt(project({ startsOn: '2024-02-29' }), '2025-02-28')).toBe(1);
  });
});

describe('conventions', () => {
  it('tei: the initial cost at time zero, everything else at year ends', () => {
    const wanted = -1000 + 500 / 1.1 + 600 / 1.1 ** 2 + 700 / 1.1 ** 3;
    expect(npv(project({ convention: 'tei', ...tenPercent }), flows)).toBeCloseTo(wanted, 5);
  });
  it('excel: every flow at its year’s end, the first year’s too; mid-year where the timing says so', () => {
    const years = [-500, 600, 700];
    const at = (shift: number) => years.reduce((sum, net, year) => sum + net / 1.1 ** (year + shift), 0);
    const excel = project({ convention: 'excel', ...tenPercent });
    expect(npv(excel, flows)).toBeCloseTo(at(1), 5);
    expect(npv({ ...excel, timing: 'mid' }, flows)).toBeCloseTo(at(0.5), 5);
    expect(npv({ ...excel, timing: 'start' }, flows)).toBeCloseTo(at(0), 5);
  });
  it('servicenow: the first year undiscounted, as in the examples of its community', () => {
    // FY22 240000 − 180000, FY23 the same at 11 %: 114054
    const servicenow = project({ convention: 'servicenow', discount: [{ fromYear: 0, rate: '0.11' }] });
    const years = [flow('2026-08-31', 240_000, 180_000), flow('2027-08-31', 240_000, 180_000)];
    expect(Math.round(npv(servicenow, years))).toBe(114_054);
    // FY19 8823 − 10045, FY20 (21176 − 11954) at 10 %: 7161
    const demand = [flow('2026-08-31', 8823, 10_045), flow('2027-08-31', 21_176, 11_954)];
    expect(Math.trunc(npv({ ...servicenow, ...tenPercent }, demand))).toBe(7161);
  });
  it('green-book: year 0 undiscounted, its own declining rates whatever the project says', () => {
    const book = project({ convention: 'green-book', discount: [], startsOn: '2000-01-01' });
    const factor = (date: string) => discountFactorOf(book, date).toDecimalPlaces(6).toNumber();
    expect(factor('2000-12-31')).toBe(1);
    expect(factor('2010-06-30')).toBe(0.708919);
    expect(factor('2030-06-30')).toBe(0.356278);
    expect(factor('2031-06-30')).toBe(0.345901);
  });
  it('what was before t0 is at t0 by years, and compounded by dates', () => {
    const before = '2025-04-01';
    for (const convention of ['tei', 'excel', 'green-book', 'servicenow'] as const)
      expect(discountFactorOf(project({ convention, ...tenPercent }), before).toNumber()).toBe(1);
    expect(discountFactorOf(project(tenPercent), before).toDecimalPlaces(12).toNumber()).toBe(1.1);
  });
  it('rates that change: the product over the years passed, in part at the end; equal steps are the flat rate', () => {
    const steps = [
      { fromYear: 0, rate: '0.10' },
      { fromYear: 1, rate: '0.05' },
    ];
    const factor = (discount: Project['discount'], days: number) =>
      discountFactorOf(project({ discount }), addDays('2026-04-01', days));
    expect(factor(steps, 365 + 146).toNumber()).toBeCloseTo(1 / 1.1 / 1.05 ** 0.4, 12);
    const same = steps.map((step) => ({ ...step, rate: '0.10' }));
    expect(factor(same, 511)).toEqual(factor(tenPercent.discount, 511));
    expect(factor([], 511).toNumber()).toBe(1);
  });
});

describe('real prices', () => {
  const inflation = [{ fromYear: 2026, rate: '0.02' }];
  const real = (changes: Partial<Project> = {}) =>
    project({ priceBasis: { kind: 'real', baseYear: 2026, inflation }, ...changes });
  it('bring flows to the middle of the base year, forwards and back', () => {
    expect(deflatorOf(real(), '2026-07-02').toNumber()).toBe(1);
    expect(deflatorOf(real(), '2027-07-02').toNumber()).toBeCloseTo(1 / 1.02, 12);
    expect(deflatorOf(real(), '2025-07-02').toNumber()).toBeCloseTo(1.02, 12);
    const stepped = {
      kind: 'real' as const,
      baseYear: 2026,
      inflation: [...inflation, { fromYear: 2027, rate: '0.04' }],
    };
    const wanted = 1.02 ** (-183 / 365) * 1.04 ** (-182 / 365);
    expect(deflatorOf({ priceBasis: stepped }, '2027-07-02').toNumber()).toBeCloseTo(wanted, 12);
  });
  it('Fisher: at (1 + real)(1 + inflation) − 1 nominal flows are worth the same, but for the prices of t0', () => {
    const nominal = project({ discount: [{ fromYear: 0, rate: String(1.05 * 1.02 - 1) }] });
    const fisher = real({ discount: [{ fromYear: 0, rate: '0.05' }] });
    const level = deflatorOf(fisher, fisher.startsOn).toNumber();
    expect(npv(fisher, flows)).toBeCloseTo(npv(nominal, flows) * level, 5);
    const rate = (each: Project) => Number(irrOf(each, flows).value);
    expect((1 + rate(fisher)) * 1.02).toBeCloseTo(1 + rate(nominal), 9);
  });
});

describe('returns', () => {
  it('by years the IRR is that of the yearly columns, so that NPV at it is zero', () => {
    const tei = project({ convention: 'tei', ...tenPercent });
    const { value, status } = irrOf(tei, flows);
    expect(status).toBe('unique');
    expect(npv({ ...tei, discount: [{ fromYear: 0, rate: value ?? '' }] }, flows)).toBeCloseTo(0, 5);
  });
  it('MIRR is of the columns by project year, behind the initial one under tei', () => {
    const tei = project({ convention: 'tei', ...tenPercent });
    const future = 500 * 1.1 ** 2 + 600 * 1.1 + 700;
    expect(Number(mirrOf(tei, flows))).toBeCloseTo((future / 1000) ** (1 / 3) - 1, 10);
    const dated = (600 * 1.1 + 700) / 500;
    expect(Number(mirrOf(project(tenPercent), flows))).toBeCloseTo(dated ** (1 / 2) - 1, 10);
    expect(mirrOf(project(), flows.slice(0, 2))).toBeNull();
  });
  it('where IRR is not unique the NPV curve shows every root and the project’s own rate', () => {
    const twice = [flow('2026-04-01', 100), flow('2027-04-01', 0, 230), flow('2028-03-31', 132)];
    const each = project({ convention: 'servicenow', discount: [{ fromYear: 0, rate: '0.15' }] });
    const years = [flow('2026-05-01', 100), flow('2027-05-01', 0, 230), flow('2028-05-01', 132)];
    expect(irrOf(each, years)).toEqual({ status: 'multiple', value: null, roots: ['0.1', '0.2'] });
    const curve = npvCurveOf(each, years);
    expect(curve.filter(({ npv: worth }) => worth === '0').map(({ rate }) => rate)).toEqual(['0.1', '0.2']);
    expect(Number(curve.find(({ rate }) => rate === '0.15')?.npv)).toBeLessThan(0);
    expect([curve[0]?.rate, curve.at(-1)?.rate]).toEqual(['-0.5', '1']);
    expect(irrOf(project(), twice).status).toBe('multiple');
    expect(npvCurveOf(each, flows)).toEqual([]);
    expect(npvCurveOf(each, [flow('2026-05-01', 100)])).toEqual([]);
  });
  it('discounted payback is never before the plain one', () => {
    for (const convention of ['dated', 'tei', 'excel', 'servicenow'] as const) {
      const each = project({ convention, ...tenPercent });
      expect(Number(paybackOf(each, flows, true).years)).toBeGreaterThanOrEqual(
        Number(paybackOf(each, flows, false).years),
      );
    }
  });
});

describe('the basis in words', () => {
  it('names convention, timing, rates and prices', () => {
    const said = (changes: Partial<Project>) => basisOf(project(changes), '2026-11-01');
    expect(said({})).toBe('closed periods to 31 Oct 2026, flows at month ends discounted at 8% from 1 Apr 2026');
    const discount = [
      { fromYear: 0, rate: '0.08' },
      { fromYear: 3, rate: '0.05' },
    ];
    expect(said({ discount })).toContain('discounted at 8%, after 3 years 5% from');
    expect(said({ convention: 'tei' })).toContain('TEI, risk-adjusted: initial costs undiscounted, flows at year ends');
    expect(said({ convention: 'excel', timing: 'mid' })).toContain('as Excel’s NPV: flows at mid-year, the first too,');
    expect(said({ convention: 'green-book' })).toContain('discounted at 3.5%, after 30 years 3%, after 75 years 2.5%');
    expect(said({ convention: 'servicenow' })).toContain('as ServiceNow: the first year undiscounted, then discounted');
    const inflation = [{ fromYear: 2026, rate: '0.02' }];
    expect(said({ priceBasis: { kind: 'real', baseYear: 2026, inflation } })).toContain(
      'in prices of mid-2026 (inflation 2%)',
    );
  });
});
