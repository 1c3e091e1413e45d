import { describe, expect, it } from 'vitest';
import { baselineOf, daily, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const codes = (outputs: RoiOutputs) => outputs.warnings.map(({ code }) => code);

describe('a rate', () => {
  it('holds for the periods within it; a gap between rates is a warning, not zero', () => {
    const metric = metricWith({
      rates: [
        { from: '2026-01-01', to: '2026-02-01', amount: '1', currency: 'EUR', per: 'failure', perPeriod: null },
        { from: '2026-03-01', to: null, amount: '10', currency: 'EUR', per: 'failure', perPeriod: null },
      ],
    });
    const outputs = computeRoi(
      inputWith(
        projectWith([metric]),
        '2026-04-01',
        daily('2026-01-01', '2026-04-01', () => 1),
      ),
    );
    expect(metricOf(outputs).periods.map(({ benefit }) => benefit)).toEqual(['88', null, '880', null]);
    expect(outputs.warnings[0]?.message).toContain('2026-02-01');
    expect(codes(outputs)).toContain('value/no-rate');
    expect(outputs.benefitToDate).toBe('968');
  });
  it('is converted at the mean exchange rate of the period', () => {
    const metric = metricWith({
      rates: [{ from: '2026-01-01', to: null, amount: '31', currency: 'USD', per: 'failure', perPeriod: null }],
    });
    const fxRates = [
      { from: 'USD', to: 'EUR', rate: '0.5', validFrom: '2025-01-01', validTo: '2026-01-11', source: 't' },
      { from: 'EUR', to: 'USD', rate: '1', validFrom: '2026-01-11', validTo: null, source: 't' },
    ];
    const input = inputWith(
      projectWith([metric]),
      '2026-02-01',
      daily('2026-01-01', '2026-02-01', () => 1),
      { fxRates },
    );
    expect(metricOf(computeRoi(input)).periods[0]?.rate).toBe(String(0.5 * 10 + 21));
  });
  it('that changes within a period counts by the days of each', () => {
    const metric = metricWith({
      rates: [
        { from: '2026-01-01', to: '2026-01-11', amount: '31', currency: 'EUR', per: 'failure', perPeriod: null },
        { from: '2026-01-11', to: null, amount: '62', currency: 'EUR', per: 'failure', perPeriod: null },
      ],
    });
    const samples = daily('2026-01-01', '2026-02-01', () => 1);
    const [period] = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-02-01', samples))).periods;
    expect(Number(period?.rate)).toBeCloseTo(10 + 42, 10);
    expect(Number(period?.benefit)).toBeCloseTo(88 * 52, 6);
  });
  it('that a day of the period is without leaves it uncounted, and says which', () => {
    const metric = metricWith({
      rates: [{ from: '2026-01-05', to: null, amount: '1', currency: 'EUR', per: 'failure', perPeriod: null }],
    });
    const samples = daily('2026-01-01', '2026-03-01', () => 1);
    const { periods } = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-03-01', samples)));
    expect(periods.map(({ benefit, notCountedBecause }) => [benefit, notCountedBecause])).toEqual([
      [null, 'no rate is declared for 2026-01-01 to 2026-01-04'],
      ['91', null],
      [null, 'it is not over yet'],
    ]);
  });
  it('of a stock held is for a year, or for a month twelve times that', () => {
    const [yearly, monthly] = (['year', 'month'] as const).map((perPeriod) => {
      const metric = metricWith({
        kind: 'stock',
        stockValuation: 'holding',
        baseline: baselineOf('100'),
        rates: [{ from: '2026-01-01', to: null, amount: '10', currency: 'EUR', per: 'item', perPeriod }],
      });
      const samples = daily('2026-01-01', '2027-01-01', () => 90);
      return computeRoi(inputWith(projectWith([{ ...metric, cadence: 'year' }]), '2027-01-01', samples)).benefitToDate;
    });
    expect([yearly, monthly]).toEqual(['100', '1200']);
  });
  it('of a stock held that changes at a border of leap years counts by its part of each', () => {
    const metric = metricWith({
      kind: 'stock',
      cadence: 'week',
      baseline: baselineOf('1'),
      startsOn: '2024-12-30',
      rates: [
        { from: '2024-01-01', to: '2025-01-01', amount: '366', currency: 'EUR', per: 'item', perPeriod: 'year' },
        { from: '2025-01-01', to: null, amount: '730', currency: 'EUR', per: 'item', perPeriod: 'year' },
      ],
    });
    const project = projectWith([metric], { startsOn: '2024-12-30' });
    const samples = daily('2024-12-30', '2025-01-06', () => 0);
    // Two days at 1 a day, five at 2.
    expect(Number(computeRoi(inputWith(project, '2025-01-06', samples)).benefitToDate)).toBeCloseTo(12, 7);
  });
});
