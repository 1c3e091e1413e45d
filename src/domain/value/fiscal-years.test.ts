import { describe, expect, it } from 'vitest';
import { monthly } from '../../../test/factories/plan.ts';
import { costWith, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { FiscalCalendar, Project } from '../types.ts';
import { computeRoi } from './roi.ts';

function outputsOf(fiscalCalendar: FiscalCalendar, changes: Partial<Project> = {}) {
  const project = projectWith([metricWith()], {
    fiscalCalendar,
    manualCosts: [costWith({ amount: '1000' }), costWith({ amount: '200', postingDate: '2026-06-30' })],
    ...changes,
  });
  return computeRoi(inputWith(project, '2026-09-01', monthly('2026-01-01', Array<number>(8).fill(99))));
}
const MONTH = 20 * 450;

describe('fiscal years', () => {
  it('hold each benefit by the last day of its period and each cost by its posting date', () => {
    const outputs = outputsOf({ kind: 'months', firstMonth: 7 });
    expect(outputs.fiscalYears).toEqual([
      {
        name: 'FY2026',
        from: '2025-07-01',
        to: '2026-07-01',
        benefit: String(6 * MONTH),
        cost: '1200',
        net: String(6 * MONTH - 1200),
      },
      { name: 'FY2027', from: '2026-07-01', to: '2027-07-01', benefit: String(2 * MONTH), cost: '0', net: '18000' },
    ]);
  });
  it('add up to the figures to date in any calendar', () => {
    const weeks: FiscalCalendar = {
      kind: 'weeks',
      lastMonth: 1,
      endsOnWeekday: 6,
      rule: 'nearest-to-month-end',
      pattern: '4-5-4',
    };
    const outputs = outputsOf(weeks);
    const total = (key: 'benefit' | 'cost') => outputs.fiscalYears.reduce((all, year) => all + Number(year[key]), 0);
    expect([String(total('benefit')), String(total('cost'))]).toEqual([outputs.benefitToDate, outputs.costToDate]);
  });
  it('say what is not known by leaving it empty, not zero', () => {
    const [year] = outputsOf({ kind: 'months', firstMonth: 1 }, { manualCosts: [] }).fiscalYears;
    expect(year).toMatchObject({ benefit: String(8 * MONTH), cost: null, net: null });
  });
  it('of a table leave out what it does not reach, and say so', () => {
    const period = { name: 'H2', from: '2026-04-01', to: '2026-10-01' };
    const outputs = outputsOf({ kind: 'table', years: [{ name: '2026/2', periods: [period] }] });
    expect(outputs.fiscalYears.map(({ name, benefit, cost }) => [name, benefit, cost])).toEqual([
      ['2026/2', String(5 * MONTH), '200'],
    ]);
    expect(outputs.warnings.map(({ message }) => message)).toContain(
      'the fiscal calendar has no year for 4 amounts, the first of 2026-01-15; the fiscal years leave them out',
    );
  });
});
