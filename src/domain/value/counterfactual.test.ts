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
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const codes = (outputs: RoiOutputs) => outputs.warnings.map(({ code }) => code);
const messages = (outputs: RoiOutputs) => outputs.warnings.map(({ message }) => message).join('\n');
const levels = (outputs: RoiOutputs) => metricOf(outputs).periods.map(({ counterfactual }) => counterfactual);
const WINDOW = baselineWindow('2025-09-01', '2026-01-01');
const RATES = [{ from: '2025-01-01', to: null, amount: '1', currency: 'EUR', per: 'one', perPeriod: null }];
const trend = (changes: Partial<ValueMetric> = {}) =>
  metricWith({ baseline: WINDOW, counterfactual: { kind: 'trend', fit: 'window' }, rates: RATES, ...changes });
const control = (method: 'ratio' | 'difference', changes: Partial<ValueMetric> = {}) =>
  metricWith({
    baseline: WINDOW,
    counterfactual: { kind: 'control', source: { connector: 'shop', stream: 'other', labels: {} }, method },
    rates: RATES,
    ...changes,
  });
const run = (metric: ValueMetric, samples: StoredSample[], controls?: StoredSample[], asOf = '2026-04-01') =>
  computeRoi(
    inputWith(projectWith([metric]), asOf, samples, {
      metrics: [
        {
          metricId: metric.id,
          source: { samples, intervalMs: null },
          ...(controls && { control: { samples: controls, intervalMs: null } }),
        },
      ],
    }),
  );

describe('a trend fitted to the baseline window', () => {
  it('is carried forward to each period, and its fit is told', () => {
    const outputs = run(trend(), monthly('2025-09-01', [100, 110, 120, 130, 140, 140, 140]));
    expect(levels(outputs).slice(0, 3)).toEqual(['140', '150', '160']);
    expect(outputs.benefitToDate).toBe('30');
    expect(metricOf(outputs).fit).toEqual({
      method: 'least-squares',
      n: 4,
      intercept: '100',
      slope: '10',
      adjustment: null,
      rSquared: '1',
      residualSd: '0',
    });
    expect(codes(outputs)).toEqual([]);
  });
  it('keeps the place of a period that is left out', () => {
    const outputs = run(trend(), monthly('2025-09-01', [100, null, 120, 130, 140, 140, 140]));
    expect(levels(outputs)[0]).toBe('140');
    expect(metricOf(outputs).fit?.n).toBe(3);
  });
  it('of a part of a month is that part of it', () => {
    const history = [
      ...monthly('2025-09-01', [310, 310, 310, 310]),
      ...daily('2026-01-01', '2026-02-01', (_, index) => (index === 30 ? null : 10)),
    ];
    expect(Number(levels(run(trend(), history, undefined, '2026-02-01'))[0])).toBeCloseTo(300, 8);
  });
  it('through fewer than three periods is refused: the metric is tracked and says why', () => {
    const outputs = run(trend(), monthly('2025-09-01', [100, null, null, 130, 140, 140, 140]));
    expect(metricOf(outputs)).toMatchObject({
      monetised: false,
      benefitToDate: null,
      fit: null,
      notMonetisedBecause: 'a trend needs at least 3 whole periods of the baseline window, and it holds 2',
    });
    expect(codes(outputs)).toContain('value/weak-counterfactual');
  });
  it('that explains little is a warning, with the measure of it', () => {
    const outputs = run(trend(), monthly('2025-09-01', [100, 130, 90, 120, 110, 110, 110]));
    expect(messages(outputs)).toContain('explains little of what varied in the baseline window (R² 0.02, below 0.5)');
    // √(980 / (4 − 2)): two of the four points' freedom went into the line.
    expect(Number(metricOf(outputs).fit?.residualSd)).toBeCloseTo(Math.sqrt(490), 9);
  });
  it('through a level that never varied is that level, without a warning', () => {
    const outputs = run(trend(), monthly('2025-09-01', [7, 7, 7, 7, 7, 7, 7]));
    expect(metricOf(outputs).fit).toMatchObject({ slope: '0', rSquared: null, residualSd: '0' });
    expect(codes(outputs)).toEqual([]);
    expect(outputs.benefitToDate).toBe('0');
  });
  it('below zero, where the metric never is, is a warning', () => {
    const outputs = run(trend(), monthly('2025-09-01', [40, 30, 20, 10, 5, 5, 5]));
    expect(levels(outputs)[2]).toBe('-20');
    expect(messages(outputs)).toContain('the trend is below zero in 2 periods, the first 2026-02-01 to 2026-03-01');
  });
  it('of a ratio weighs by the denominators: without a slope it is sum over sum', () => {
    const ratio = (values: [number, number][]) =>
      monthly(
        '2025-09-01',
        values.map(() => 0),
      ).map((sample, index) => ({
        ...sample,
        numerator: values[index]?.[0] ?? 0,
        denominator: values[index]?.[1] ?? 1,
      }));
    const metric = trend({ kind: 'ratio', exposure: { kind: 'value', value: '100' } });
    // Symmetric about the middle: 10 of 100, 1 of 2, 1 of 2, 10 of 100.
    const outputs = run(
      metric,
      ratio([
        [10, 100],
        [1, 2],
        [1, 2],
        [10, 100],
        [0, 9],
        [0, 9],
        [0, 9],
      ]),
    );
    expect(Number(metricOf(outputs).fit?.slope)).toBe(0);
    expect(Number(metricOf(outputs).fit?.intercept)).toBeCloseTo(22 / 204, 11);
    expect(metricOf(outputs).baseline?.value).toBe(metricOf(outputs).fit?.intercept);
  });
});

describe('a trend that is given', () => {
  const given = metricWith({
    baseline: null,
    startsOn: '2026-02-01',
    counterfactual: { kind: 'trend', fit: 'given', level: '50', change: '-2.5' },
    rates: RATES,
  });
  it('needs no baseline, and begins with the first period that counts', () => {
    const outputs = run(given, monthly('2026-01-01', [1, 40, 40]));
    expect(levels(outputs).slice(0, 3)).toEqual([null, '50', '47.5']);
    expect(metricOf(outputs)).toMatchObject({ monetised: true, baseline: null, fit: null, benefitToDate: '17.5' });
    expect(codes(outputs)).toEqual([]);
  });
  it('begins with the first whole week after a Friday', () => {
    const weekly = { ...given, cadence: 'week' as const, startsOn: '2026-01-09' };
    const outputs = run(
      weekly,
      daily('2026-01-01', '2026-02-01', () => 1),
      undefined,
      '2026-02-01',
    );
    expect(levels(outputs).slice(0, 4)).toEqual([null, null, '50', '47.5']);
    expect(metricOf(outputs).periods[2]?.from).toBe('2026-01-12');
  });
  it('begins with the first whole period where the benefit starts within one', () => {
    expect(levels(run({ ...given, startsOn: '2026-01-15' }, monthly('2026-01-01', [1, 40, 40])))[1]).toBe('50');
  });
});

describe('a control', () => {
  const own = monthly('2025-09-01', [100, 110, 120, 130, 70, 80, 90]);
  const other = monthly('2025-09-01', [50, 55, 60, 65, 70, 75, 80], { seriesId: 'c' });
  it('is brought to the baseline by a factor', () => {
    const outputs = run(control('ratio'), own, other);
    expect(levels(outputs).slice(0, 3)).toEqual(['140', '150', '160']);
    expect(metricOf(outputs).fit).toEqual({
      method: 'control-ratio',
      n: 4,
      intercept: null,
      slope: null,
      adjustment: '2',
      rSquared: '1',
      residualSd: '0',
    });
    expect(outputs.benefitToDate).toBe('210');
  });
  it('or by a difference', () => {
    const outputs = run(control('difference'), own, other);
    expect(metricOf(outputs).fit).toMatchObject({ method: 'control-difference', adjustment: '57.5' });
    expect(levels(outputs)[0]).toBe('127.5');
  });
  it.each([
    ['missing', { value: null, status: 'missing' }, 'missing', 'the control has no sample'],
    ['estimated', { status: 'estimated' }, 'missing', 'the control has no sample'],
    ['provisional', { status: 'provisional' }, 'provisional', 'its samples may still change'],
  ] as const)('that is %s leaves its period out', (_, change, status, because) => {
    const controls = other.map((sample, index) => (index === 5 ? { ...sample, ...change } : sample));
    const outputs = run(control('ratio'), own, controls);
    expect(metricOf(outputs).periods[1]).toMatchObject({ status, notCountedBecause: because, benefit: null });
    expect(outputs.benefitToDate).toBe('140');
  });
  it('of which a day is missing leaves its period out and lowers coverage', () => {
    const controls = [
      ...daily('2025-09-01', '2026-02-01', () => 2, { seriesId: 'c' }),
      ...daily('2026-02-01', '2026-04-01', (date) => (date === '2026-02-11' ? null : 2), { seriesId: 'c' }),
    ];
    const outputs = run(control('ratio'), own, controls);
    expect(metricOf(outputs).periods[1]).toMatchObject({
      status: 'incomplete',
      benefit: null,
      notCountedBecause: 'samples of the control are missing',
    });
    expect(outputs.coverage.received).toBe(2);
    expect(messages(outputs)).toContain(
      'samples of the control are missing: nothing is counted for the period 2026-02-01',
    );
  });
  it('that was never there in the window cannot be brought to the baseline', () => {
    const outputs = run(control('ratio'), own, other.slice(4));
    expect(metricOf(outputs).monetised).toBe(false);
    expect(codes(outputs)).toContain('value/weak-counterfactual');
  });
  it('of zero over the window has no factor, but a difference', () => {
    const none = monthly('2025-09-01', [0, 0, 0, 0, 0, 0, 0], { seriesId: 'c' });
    expect(metricOf(run(control('ratio'), own, none)).notMonetisedBecause).toContain('no factor brings it');
    expect(levels(run(control('difference'), own, none))[0]).toBe('115');
  });
  it('that went its own way is a warning', () => {
    const wild = monthly('2025-09-01', [90, 20, 70, 30, 70, 75, 80], { seriesId: 'c' });
    expect(codes(run(control('ratio'), own, wild))).toContain('value/weak-counterfactual');
  });
  it('of a ratio is weighted by the metric’s own denominators', () => {
    const ratio = (values: [number, number][], seriesId: string) =>
      monthly(
        '2025-09-01',
        values.map(() => 0),
        { seriesId },
      ).map((sample, index) => ({
        ...sample,
        numerator: values[index]?.[0] ?? 0,
        denominator: values[index]?.[1] ?? 1,
      }));
    const metric = control('ratio', { kind: 'ratio', exposure: { kind: 'value', value: '1' } });
    const outputs = run(
      metric,
      ratio(
        [
          [10, 100],
          [1, 50],
          [1, 50],
          [10, 100],
          [1, 10],
        ],
        's1',
      ),
      ratio(
        [
          [1, 10],
          [9, 10],
          [9, 10],
          [1, 10],
          [5, 10],
        ],
        'c',
      ),
      '2026-02-01',
    );
    // 22 seen, where the control's quotients would have made 100·0.1 + 50·0.9 + 50·0.9 + 100·0.1 = 110.
    expect(metricOf(outputs).fit?.adjustment).toBe('0.2');
    expect(levels(outputs)[0]).toBe('0.1');
  });
});

describe('a counterfactual that cannot be', () => {
  it.each([
    ['with a deadweight', trend({ deadweight: '0.2' }), 'both take off what would have happened anyway'],
    ['fitted to a given level', trend({ baseline: baselineOf('5') }), 'the baseline is a given level'],
    [
      'fitted through percentiles',
      trend({ kind: 'percentile', exposure: { kind: 'value', value: '1' } }),
      'a line through percentiles averages them',
    ],
    ['under a release', trend({ kind: 'stock', stockValuation: 'release' }), 'has no place in it'],
  ])('%s makes no money, whoever declared it, and says so', (_, metric, why) => {
    const outputs = run(metric, monthly('2025-09-01', [100, 110, 120, 130, 140, 140, 140]));
    expect(metricOf(outputs)).toMatchObject({ monetised: false, benefitToDate: null });
    expect(metricOf(outputs).notMonetisedBecause).toContain(why);
    expect(codes(outputs)).toContain('value/bad-input');
  });
});
