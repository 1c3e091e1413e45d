import { describe, expect, it } from 'vitest';
import document from '../../../test/fixtures/finance.json' with { type: 'json' };
import { Decimal } from '../money/decimal.ts';
import { evaluateFinanceCase, evaluateFinanceDocument } from './case.ts';
import type { FinanceCase, FinanceResult } from './case-types.ts';
import { combineSameDay, greenBookFactor } from './discounting.ts';
import { irr, mirr, xirr } from './irr.ts';
import { payback } from './payback.ts';

const results = new Map(
  evaluateFinanceDocument(document as unknown as { cases: FinanceCase[] }).map((result) => [result.id, result]),
);
const flows = (...amounts: (string | number)[]): Decimal[] => amounts.map((amount) => new Decimal(amount));
const numbers = (values: readonly Decimal[]): number[] => values.map((value) => value.toDecimalPlaces(12).toNumber());

/** Equal to the digits that the published figure shows. */
function agrees(actual: number, published: string): boolean {
  const places = published.split('.')[1]?.length ?? 0;
  return new Decimal(actual).toDecimalPlaces(places, Decimal.ROUND_HALF_UP).eq(published);
}

/** Excel's XIRR stops when it is near enough: its last printed digit is not the root's. */
const LOOSE = new Set(['excel-xirr.xirr']);

describe('the worked examples with published figures', () => {
  for (const example of document.cases) {
    const result = results.get(example.id) as FinanceResult;
    const figures = result as unknown as Record<string, number | null>;
    const published = Object.entries((example as { published?: Record<string, string> }).published ?? {});
    for (const [key, value] of published) {
      it(`${example.id}: ${key} is ${value} as published`, () => {
        if (key === 'payback') return expect(result.paybackWords).toBe(value);
        const actual = key === 'irr' ? nearest(result.irrRoots ?? [], Number(value)) : (figures[key] ?? Number.NaN);
        if (LOOSE.has(`${example.id}.${key}`)) expect(actual).toBeCloseTo(Number(value), 7);
        else expect(agrees(actual, value), `${actual} against ${value}`).toBe(true);
      });
    }
    const computed = Object.entries((example as { computed?: Record<string, unknown> }).computed ?? {});
    for (const [key, value] of computed) {
      it(`${example.id}: ${key} is ${JSON.stringify(value)} as recomputed`, () => {
        if (key === 'irrStatus') expect(result.irrStatus).toBe(value);
        else if (key === 'irrRoots') {
          expect(result.irrRoots).toHaveLength((value as string[]).length);
          for (const [index, root] of (value as string[]).entries())
            expect(agrees(result.irrRoots?.[index] ?? Number.NaN, root)).toBe(true);
        } else if (key === 'discountFactor')
          for (const [year, factor] of Object.entries(value as Record<string, string>))
            expect(agrees(result.discountFactor?.[year] ?? Number.NaN, factor)).toBe(true);
        else expect(agrees(figures[key] ?? Number.NaN, value as string)).toBe(true);
      });
    }
  }
});

function nearest(values: readonly number[], to: number): number {
  return [...values].sort((a, b) => Math.abs(a - to) - Math.abs(b - to))[0] ?? Number.NaN;
}

describe('figures that do not apply', () => {
  it('are null: no rate, no NPV; bare flows, no ROI; regular flows, no XIRR', () => {
    expect(evaluateFinanceCase({ id: 'x', flows: ['-10', '12'] })).toEqual({
      id: 'x',
      convention: 'npv0',
      basis: 'flows at period starts, the first undiscounted; no rate; nominal',
      npv: null,
      pvBenefits: null,
      pvCosts: null,
      roi: null,
      bcr: null,
      irrStatus: 'unique',
      irrRoots: [0.2],
      npvCurve: [],
      mirr: null,
      xirr: null,
      xnpv: null,
      payback: 0.833333333333,
      paybackCrossesBack: false,
      paybackWords: null,
      discountedPayback: null,
      discountedPaybackCrossesBack: false,
    });
  });
  it('zero cost: NPV is shown, ROI and BCR are not', () => {
    const result = evaluateFinanceCase({ id: 'x', convention: 'tei', rate: '0.1', costs: [0, 0], benefits: [0, 110] });
    expect(result).toMatchObject({ npv: 100, roi: null, bcr: null });
  });
});

describe('internal rates of return', () => {
  it('a double root counts once', () => {
    expect(numbers(irr(flows(100, -220, 121)).roots)).toEqual([0.1]);
    expect(irr(flows(100, -220, 121)).status).toBe('unique');
  });
  it('a double root beside a simple one: both, and not unique', () => {
    // (1.1x − 1)²(1.5x − 1) with x = 1/(1 + r)
    const rates = irr(flows(-1, '3.7', '-4.51', '1.815'));
    expect(rates.status).toBe('multiple');
    expect(numbers(rates.roots)).toEqual([0.1, 0.5]);
  });
  it('two roots a hundred-millionth apart are told apart; moved to just no root they are gone', () => {
    const r1 = new Decimal('1.1');
    const r2 = r1.plus('1e-8');
    expect(irr([new Decimal(1), r1.plus(r2).neg(), r1.times(r2)]).roots).toHaveLength(2);
    expect(irr([new Decimal(1), r1.plus(r2).neg(), r1.times(r2).plus('1e-15')]).status).toBe('none');
  });
  it('a root of tenfold multiplicity is found once', () => {
    expect(numbers(irr(flows(1, -10, 45, -120, 210, -252, 210, -120, 45, -10, 1)).roots)).toEqual([0]);
  });
  it('the range is (−0.99, 10]: ten is in, −0.99 is not', () => {
    expect(numbers(irr(flows(-1, 11)).roots)).toEqual([10]);
    expect(irr(flows(-1, '11.0000001')).status).toBe('none');
    expect(irr(flows(-100, 1)).status).toBe('none');
    expect(numbers(irr(flows(-100, '1.1')).roots)).toEqual([-0.989]);
  });
  it('flows that never change sign, or are all zero, have none', () => {
    expect(irr(flows(-1, -2)).status).toBe('none');
    expect(irr(flows(0, 0, 0)).status).toBe('none');
    expect(irr([]).status).toBe('none');
  });
  it('leading zeros move nothing', () => {
    expect(numbers(irr(flows(0, 0, -10, 12)).roots)).toEqual([0.2]);
  });
  it('dated flows: those of one day are added up first', () => {
    const dated = [
      { date: '2026-01-01', amount: new Decimal(-70) },
      { date: '2027-01-01', amount: new Decimal(110) },
      { date: '2026-01-01', amount: new Decimal(-30) },
    ];
    expect(numbers(xirr(dated).roots)).toEqual([0.1]);
    expect(combineSameDay(dated)).toHaveLength(2);
  });
  it('dated flows can have several rates as well', () => {
    const dated = [
      { date: '2025-01-01', amount: new Decimal(100) },
      { date: '2026-01-01', amount: new Decimal(-230) },
      { date: '2027-01-01', amount: new Decimal(132) },
    ];
    expect(xirr(dated).status).toBe('multiple');
    expect(numbers(xirr(dated).roots)).toEqual([0.1, 0.2]);
  });
  it('MIRR as documented by Excel: −120000 and five inflows at 10 % and 12 % give 12.61 %', () => {
    const rate = mirr(flows(-120000, 39000, 30000, 21000, 37000, 46000), new Decimal('0.10'), new Decimal('0.12'));
    expect(rate?.toDecimalPlaces(4).toNumber()).toBe(0.1261);
    expect(mirr(flows(1, 2), new Decimal('0.1'), new Decimal('0.1'))).toBeNull();
  });
});

describe('payback', () => {
  const timed = (...amounts: number[]) =>
    amounts.map((amount, at) => ({ at: new Decimal(at), amount: new Decimal(amount) }));
  it('is interpolated within the period of the crossing', () => {
    expect(payback(timed(-100, 39, 59, 55)).at?.toFixed(4)).toBe('2.0364');
  });
  it('says when the cumulative net falls back below zero', () => {
    expect(payback(timed(-10, 12, -5, 9))).toMatchObject({ crossesBack: true });
    expect(payback(timed(-10, 12, -1, 9))).toMatchObject({ crossesBack: false });
  });
  it('is null when it never comes back, zero when nothing was ever outstanding', () => {
    expect(payback(timed(-10, 5)).at).toBeNull();
    expect(payback(timed(1, 5)).at?.toNumber()).toBe(0);
    expect(payback([]).at).toBeNull();
  });
});

describe('the Green Book', () => {
  it('year 0 is 1; the bands change after 30 and 75 years', () => {
    expect(greenBookFactor(0).toNumber()).toBe(1);
    expect(greenBookFactor(31).div(greenBookFactor(30)).times('1.03').toDecimalPlaces(30).toNumber()).toBe(1);
    expect(greenBookFactor(76).div(greenBookFactor(75)).times('1.025').toDecimalPlaces(30).toNumber()).toBe(1);
    expect(() => greenBookFactor(126)).toThrow(RangeError);
  });
});
