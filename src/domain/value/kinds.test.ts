import { describe, expect, it } from 'vitest';
import {
  baselineOf,
  baselineWindow,
  daily,
  inputWith,
  metricWith,
  monthly,
  projectWith,
} from '../../../test/factories/value.ts';
import type { StoredSample, ValueMetric } from '../types.ts';
import { keptShare, wholeYears } from './drop-off.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';
import { assertValuable, metricProblems } from './value-rules.ts';

const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const benefits = (outputs: RoiOutputs) => metricOf(outputs).periods.map(({ benefit }) => benefit);
const RATES = [{ from: '2025-01-01', to: null, amount: '10', currency: 'EUR', per: 'one', perPeriod: null }];
const run = (metric: ValueMetric, samples: StoredSample[], asOf = '2026-05-01') =>
  computeRoi(inputWith(projectWith([metric]), asOf, samples));

describe('a stock that is released', () => {
  const released = metricWith({ kind: 'stock', stockValuation: 'release', baseline: baselineOf('100'), rates: RATES });
  const levels = (months: (number | null)[]) => monthly('2026-01-01', months);
  it('counts each change of its level once, the first against the baseline', () => {
    const outputs = run(released, levels([90, 70, 75, 60]));
    expect(benefits(outputs)).toEqual(['100', '200', '-50', '150', null]);
    expect(
      metricOf(outputs)
        .periods.map(({ counterfactual }) => counterfactual)
        .slice(0, 4),
    ).toEqual(['100', '90', '70', '75']);
    expect(outputs.benefitToDate).toBe('400');
  });
  it('goes by the level at the end of a period, not by its mean', () => {
    const samples = daily('2026-01-01', '2026-02-01', (_, index) => (index < 30 ? 100 : 80));
    const [period] = metricOf(run(released, samples, '2026-02-01')).periods;
    expect(period).toMatchObject({ actual: '80', benefit: '200' });
  });
  it('is compared with the level before its start where that is known: what moved until then is drift', () => {
    const outputs = run({ ...released, startsOn: '2026-02-01' }, levels([90, 70, 75, 60]));
    expect(benefits(outputs)).toEqual([null, '200', '-50', '150', null]);
  });
  it('is compared with the end of the baseline’s window where the start follows upon it', () => {
    const window = baselineWindow('2025-11-01', '2026-01-01');
    const outputs = run({ ...released, baseline: window }, monthly('2025-11-01', [120, 100, 95]), '2026-02-01');
    expect(metricOf(outputs).baseline?.value).toMatch(/^110/);
    expect(benefits(outputs)[0]).toBe('50');
  });
  it('waits where the level before may still change', () => {
    const samples = levels([90, 70, 75, 60]).map((sample, index) =>
      index === 1 ? { ...sample, status: 'provisional' as const } : sample,
    );
    expect(benefits(run(released, samples))).toEqual(['100', null, null, '150', null]);
  });
  it('does not count a period whose predecessor is not known, and says so', () => {
    const outputs = run(released, levels([90, null, 75, 60]));
    expect(benefits(outputs)).toEqual(['100', null, null, '150', null]);
    expect(metricOf(outputs).periods[2]?.notCountedBecause).toBe(
      'the level at the end of the period before 2026-03-01 is not known',
    );
    expect(outputs.coverage).toMatchObject({ expected: 4, received: 2 });
    expect(outputs.warnings.map(({ message }) => message).join()).toContain('the period before it is not known');
  });
});

describe('a percentile', () => {
  const percentile = metricWith({
    kind: 'percentile',
    baseline: baselineWindow('2025-08-01', '2026-01-01'),
    exposure: { kind: 'value', value: '50' },
    rates: RATES,
  });
  it('is compared with the lower median of the window’s, a figure that really was observed', () => {
    const outputs = run(percentile, monthly('2025-08-01', [8, 3, 9, 4, null, 3]), '2026-02-01');
    expect(metricOf(outputs).baseline).toMatchObject({ value: '4', n: 4 });
    // (4 − 3) · 50 · 10
    expect(outputs.benefitToDate).toBe('500');
  });
  it('without an exposure makes no money', () => {
    const outputs = run({ ...percentile, exposure: null }, monthly('2025-08-01', [8, 3, 9, 4, 5, 3]), '2026-02-01');
    expect(metricOf(outputs).notMonetisedBecause).toContain('a percentile needs an exposure');
  });
});

describe('drop-off', () => {
  it('takes its share with each whole year since the start, at the start of a period', () => {
    const metric = metricWith({ baseline: baselineOf('2'), dropOff: '0.25', rates: RATES, startsOn: '2024-01-01' });
    const project = projectWith([{ ...metric, rates: [{ ...RATES[0], from: '2024-01-01' }] as ValueMetric['rates'] }], {
      startsOn: '2024-01-01',
    });
    const outputs = computeRoi(inputWith(project, '2026-02-01', monthly('2024-01-01', Array(25).fill(1))));
    const periods = benefits(outputs);
    expect([periods[0], periods[11], periods[12], periods[23], periods[24]]).toEqual([
      '10',
      '10',
      '7.5',
      '7.5',
      '5.625',
    ]);
    expect(metricOf(outputs).periods[24]?.gross).toBe('10');
  });
  it.each([
    ['2024-02-29', '2025-02-27', 0],
    ['2024-02-29', '2025-02-28', 1],
    ['2024-02-29', '2028-02-28', 3],
    ['2024-02-29', '2028-02-29', 4],
    ['2024-06-15', '2024-01-01', 0],
    ['2024-06-15', '2026-06-14', 1],
  ])('from %s to %s are %i whole years', (from, to, years) => {
    expect(wholeYears(from, to)).toBe(years);
  });
  it('of everything leaves nothing after a year, and all in the first', () => {
    expect(keptShare('1', '2025-01-01', '2025-12-31').toFixed()).toBe('1');
    expect(keptShare('1', '2025-01-01', '2026-01-01').toFixed()).toBe('0');
  });
});

describe('a benefit that has not begun', () => {
  const waiting = metricWith({
    hasStarted: false,
    startsOn: '2026-02-01',
    startRule: { deliverable: 'gateway', lagMonths: 1, lagDays: 14 },
  });
  it('is drift throughout, and says on what it waits', () => {
    const outputs = run(waiting, monthly('2026-01-01', [1, 1, 1, 1]));
    expect(metricOf(outputs).periods.map(({ status }) => status)).toEqual(['drift', 'drift', 'drift', 'drift', 'open']);
    expect(metricOf(outputs)).toMatchObject({ hasStarted: false, monetised: true, benefitToDate: '0' });
    expect(outputs.warnings).toEqual([
      {
        code: 'value/not-started',
        metricId: 'failures',
        message:
          'Failed checkouts: it waits for the deliverable gateway and 1 month and 14 days more, expected on 2026-02-01, so nothing counts as benefit yet',
      },
    ]);
  });
});

describe('the rules of a metric', () => {
  it('are all told at once, and thrown by who makes metrics otherwise', () => {
    const wrong = metricWith({
      kind: 'stock',
      stockValuation: 'release',
      deadweight: '0.1',
      counterfactual: { kind: 'trend', fit: 'given', level: '1', change: '0' },
      rates: [{ from: '2026-01-01', to: null, amount: '1', currency: 'EUR', per: 'one', perPeriod: 'year' }],
    });
    expect(metricProblems(wrong).map(({ field }) => field)).toEqual(['deadweight', 'counterfactual', 'rates']);
    expect(() => assertValuable(wrong)).toThrow(RangeError);
    expect(() => assertValuable(metricWith())).not.toThrow();
  });
});
