import { describe, expect, it } from 'vitest';
import {
  baselineOf,
  daily,
  inputWith,
  metricWith,
  monthly,
  projectWith,
  sampleAt,
} from '../../../test/factories/value.ts';
import document from '../../../test/fixtures/finance.json' with { type: 'json' };
import { startOfDayMs } from '../time/zones.ts';
import type { MetricKind, StoredSample } from '../types.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const HOUR = 3_600_000;
const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const statuses = (outputs: RoiOutputs) => metricOf(outputs).periods.map(({ status }) => status);

describe('from a metric to money', () => {
  for (const example of document.benefit) {
    it(`${example.id}: benefit to date is ${example.computed.benefitToDate}, through the whole engine`, () => {
      const [level = 0, next = 0] = example.counterfactual;
      const metric = metricWith({
        kind: example.kind as MetricKind,
        direction: example.direction as 'up' | 'down',
        baseline: null,
        counterfactual: { kind: 'trend', fit: 'given', level: String(level), change: String(next - level) },
        rates: [
          {
            from: '2026-01-01',
            to: null,
            amount: example.rate,
            currency: example.currency,
            per: 'incident',
            perPeriod: null,
          },
        ],
        attribution: example.attribution,
        confidence: example.confidence,
      });
      const outputs = computeRoi(inputWith(projectWith([metric]), '2026-07-01', monthly('2026-01-01', example.actual)));
      expect(outputs.benefitToDate).toBe(example.computed.benefitToDate);
      expect(
        metricOf(outputs)
          .periods.slice(0, -1)
          .map(({ counterfactual }) => Number(counterfactual)),
      ).toEqual(example.counterfactual);
    });
  }

  it('flow: baseline less actual, times rate; adjusted and unadjusted are both given', () => {
    const metric = metricWith({
      baseline: baselineOf('100'),
      attribution: '0.8',
      deadweight: '0.1',
      displacement: '0.5',
      confidence: '0.9',
    });
    const outputs = computeRoi(
      inputWith(
        projectWith([metric]),
        '2026-03-01',
        daily('2026-01-01', '2026-03-01', () => 1),
      ),
    );
    // January 100 − 31, February 100 − 28
    expect(outputs.unadjustedBenefitToDate).toBe(String((69 + 72) * 450));
    expect(Number(outputs.benefitToDate)).toBeCloseTo((69 + 72) * 450 * 0.8 * 0.9 * 0.5 * 0.9, 6);
  });
  it('a loss is not made smaller by doubt', () => {
    const metric = metricWith({ baseline: baselineOf('20'), confidence: '0.5', attribution: '0.5' });
    const outputs = computeRoi(
      inputWith(
        projectWith([metric]),
        '2026-02-01',
        daily('2026-01-01', '2026-02-01', () => 1),
      ),
    );
    expect(outputs.benefitToDate).toBe(String(-11 * 450 * 0.5));
  });
  it('stock: the time-weighted mean, at a yearly rate', () => {
    const metric = metricWith({ kind: 'stock', baseline: baselineOf('100'), cadence: 'month' });
    // 80 for ten days, 50 for twenty-one
    const samples = daily('2026-01-01', '2026-02-01', (_, index) => (index < 10 ? 80 : 50));
    const [period] = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-02-01', samples))).periods;
    expect(Number(period?.actual)).toBeCloseTo((80 * 10 + 50 * 21) / 31, 10);
    expect(Number(period?.benefit)).toBeCloseTo((100 - (80 * 10 + 50 * 21) / 31) * 450 * (31 / 365), 6);
  });
  it('ratio: sum over sum, never a mean of ratios; exposure scales it', () => {
    const metric = metricWith({
      kind: 'ratio',
      cadence: 'day',
      baseline: baselineOf('0.10'),
      exposure: { kind: 'value', value: '1000' },
      rates: [{ from: '2026-01-01', to: null, amount: '2', currency: 'EUR', per: 'order', perPeriod: null }],
    });
    const start = startOfDayMs('2026-01-01', 'Europe/Berlin');
    const samples = [
      sampleAt(start, 12 * HOUR, 1, { numerator: 1, denominator: 1 }),
      sampleAt(start + 12 * HOUR, 12 * HOUR, 0, { numerator: 4, denominator: 99 }),
    ];
    const [period] = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-01-02', samples))).periods;
    expect(period).toMatchObject({ status: 'closed', actual: '0.05', exposure: '1000', benefit: '100' });
  });
  it('ratio: a period whose denominators are all zero has no ratio, counts nothing and says so', () => {
    const metric = metricWith({
      kind: 'ratio',
      cadence: 'day',
      baseline: baselineOf('0.10'),
      exposure: { kind: 'value', value: '1000' },
    });
    const start = startOfDayMs('2026-01-01', 'Europe/Berlin');
    const samples = [
      sampleAt(start, 24 * HOUR, 0, { value: null, numerator: 0, denominator: 0 }),
      sampleAt(start + 24 * HOUR, 24 * HOUR, 0.05, { numerator: 5, denominator: 100 }),
    ];
    const outputs = computeRoi(inputWith(projectWith([metric]), '2026-01-03', samples));
    expect(metricOf(outputs).periods.map(({ actual, benefit }) => [actual, benefit === null])).toEqual([
      [null, true],
      ['0.05', false],
      [null, true],
    ]);
    expect(outputs.warnings.map(({ message }) => message).join()).toContain(
      'the denominator is zero in the period 2026-01-01 to 2026-01-02',
    );
  });
  it('ratio of two sources: a time at which one side is missing does not count', () => {
    const metric = metricWith({
      kind: 'ratio',
      cadence: 'day',
      denominator: { connector: 'shop', stream: 'orders', labels: {} },
      baseline: baselineOf('0.5'),
    });
    const start = startOfDayMs('2026-01-01', 'Europe/Berlin');
    const [above, below]: StoredSample[][] = [[], []];
    for (let hour = 0; hour < 24; hour++) {
      above?.push(sampleAt(start + hour * HOUR, HOUR, hour === 5 ? 1000 : 1));
      if (hour !== 5) below?.push(sampleAt(start + hour * HOUR, HOUR, 4, { seriesId: 'd' }));
    }
    const set = (samples: StoredSample[] = []) => ({ samples, intervalMs: HOUR });
    const outputs = computeRoi(
      inputWith(projectWith([metric]), '2026-01-02', [], {
        metrics: [{ metricId: 'failures', source: set(above), denominator: set(below), exposure: null }],
      }),
    );
    expect(metricOf(outputs).periods[0]).toMatchObject({
      actual: '0.25',
      exposure: '92',
      received: 23,
      expected: 24,
      status: 'incomplete',
    });
  });
  it('movement before the benefit starts is drift; a period past its end does not count', () => {
    const metric = metricWith({ startsOn: '2026-02-01', endsOn: '2026-03-01' });
    const outputs = computeRoi(
      inputWith(
        projectWith([metric]),
        '2026-04-10',
        daily('2026-01-01', '2026-04-10', () => 1),
      ),
    );
    expect(statuses(outputs)).toEqual(['drift', 'closed', 'after-end', 'after-end']);
    expect(outputs.benefitToDate).toBe(String((119 - 28) * 450));
  });
  it('several series of one source are added up', () => {
    const samples = [
      ...daily('2026-01-01', '2026-02-01', () => 1),
      ...daily('2026-01-01', '2026-02-01', () => 2, { seriesId: 's2' }),
    ];
    for (const kind of ['flow', 'stock'] as const) {
      const [period] = metricOf(
        computeRoi(inputWith(projectWith([metricWith({ kind })]), '2026-02-01', samples)),
      ).periods;
      expect(period?.actual).toBe(kind === 'flow' ? '93' : '3');
    }
  });
});
