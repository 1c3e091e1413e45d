import { describe, expect, it } from 'vitest';
import {
  baselineOf,
  baselineWindow,
  costWith,
  daily,
  inputWith,
  metricWith,
  projectWith,
  sampleAt,
} from '../../../test/factories/value.ts';
import document from '../../../test/fixtures/finance.json' with { type: 'json' };
import { Decimal, sum } from '../money/decimal.ts';
import { startOfDayMs } from '../time/zones.ts';
import type { MetricKind, StoredSample } from '../types.ts';
import { periodBenefit } from './benefit.ts';
import { canonicalJson } from './canonical.ts';
import type { RoiInput } from './input.ts';
import { inputsHash } from './inputs-hash.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const HOUR = 3_600_000;
const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const statuses = (outputs: RoiOutputs) => metricOf(outputs).periods.map(({ status }) => status);
const codes = (outputs: RoiOutputs) => outputs.warnings.map(({ code }) => code);

describe('from a metric to money', () => {
  for (const example of document.benefit) {
    it(`${example.id}: benefit to date is ${example.computed.benefitToDate}`, () => {
      const periods = example.actual.map((actual, index) =>
        periodBenefit({
          kind: example.kind as MetricKind,
          direction: example.direction as 'up' | 'down',
          actual: new Decimal(actual),
          counterfactual: new Decimal(example.counterfactual[index] ?? 0),
          rate: new Decimal(example.rate),
          exposure: new Decimal(0),
          yearFraction: new Decimal(0),
          attribution: new Decimal(example.attribution),
          deadweight: new Decimal(0),
          displacement: new Decimal(0),
          confidence: new Decimal(example.confidence),
        }),
      );
      expect(sum(periods.map(({ benefit }) => benefit)).toFixed()).toBe(example.computed.benefitToDate);
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
  it('a rate holds for the periods that start in it; a gap between rates is a warning, not zero', () => {
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
  it('the benefit rate is converted at the mean exchange rate of the period', () => {
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
});

describe('missing data is never zero', () => {
  const flow = metricWith({ baseline: baselineOf('31') });
  it('a missing sample lowers coverage and the level it is compared with, so it saves nothing', () => {
    const samples = daily('2026-01-01', '2026-02-01', (_, index) => (index === 3 ? null : 1));
    const outputs = computeRoi(inputWith(projectWith([flow]), '2026-02-01', samples));
    expect(statuses(outputs)).toEqual(['incomplete', 'open']);
    expect(outputs.coverage).toEqual({ expected: 31, received: 30, ratio: '0.967741935484' });
    expect(outputs.benefitToDate).toBe('0');
  });
  it('a period without any sample contributes nothing', () => {
    const samples = [...daily('2026-01-01', '2026-02-01', () => 1), ...daily('2026-03-01', '2026-04-01', () => 1)];
    const outputs = computeRoi(inputWith(projectWith([metricWith()]), '2026-04-01', samples));
    expect(statuses(outputs)).toEqual(['closed', 'missing', 'closed', 'open']);
    expect(outputs.benefitToDate).toBe(String(2 * 88 * 450));
    expect(codes(outputs)).toContain('value/partial');
  });
  it('no sample at all: no benefit is given, and no ROI', () => {
    const outputs = computeRoi(inputWith(projectWith([flow], { manualCosts: [costWith()] }), '2026-03-01', []));
    expect(outputs).toMatchObject({ benefitToDate: null, roi: null, npv: null, realisedRoi: null, costToDate: '1000' });
    expect(codes(outputs)).toContain('value/no-data');
  });
  it('estimates stay out and provisional periods wait', () => {
    const estimated = daily('2026-01-01', '2026-02-01', () => 1, { status: 'estimated' });
    expect(statuses(computeRoi(inputWith(projectWith([flow]), '2026-02-01', estimated)))[0]).toBe('missing');
    const samples = daily('2026-01-01', '2026-03-01', () => 1);
    const provisional = samples.map((sample, index) =>
      index > 57 ? { ...sample, status: 'provisional' as const } : sample,
    );
    const outputs = computeRoi(inputWith(projectWith([flow]), '2026-03-01', provisional));
    expect(statuses(outputs)).toEqual(['closed', 'provisional', 'open']);
    expect(outputs.benefitToDate).toBe('0');
  });
  it('an instantaneous stock vouches for its interval only, not for a gap', () => {
    const start = startOfDayMs('2026-01-01', 'Europe/Berlin');
    const samples = [0, 1, 2, 3, 20, 21, 22, 23].map((hour) => sampleAt(start + hour * HOUR, 0, hour < 10 ? 10 : 20));
    const metric = metricWith({ kind: 'stock', cadence: 'day' });
    const [period] = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-01-02', samples))).periods;
    expect(period).toMatchObject({ actual: '15', received: 8, expected: 24, status: 'incomplete' });
  });
});

describe('the baseline', () => {
  it('is the mean of the whole periods in its window, with n and sd', () => {
    const metric = metricWith({
      cadence: 'week',
      baseline: baselineWindow('2026-01-01', '2026-01-28'),
      startsOn: '2026-02-02',
    });
    // whole ISO weeks: 5–11, 12–18, 19–25 January
    const samples = daily('2026-01-01', '2026-02-09', (date) =>
      date < '2026-01-12' ? 1 : date < '2026-01-19' ? 2 : 3,
    );
    const output = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-02-09', samples)));
    expect(output.baseline).toEqual({
      value: '14',
      n: 3,
      sd: '7',
      kind: 'window',
      window: { from: '2026-01-01', to: '2026-01-28' },
      approvedBy: null,
      frozenOn: null,
    });
    expect(output.benefitToDate).toBe(String((14 - 21) * 450));
  });
  it('absent: the metric is tracked, not monetised, and says so', () => {
    const outputs = computeRoi(
      inputWith(
        projectWith([metricWith({ baseline: null })]),
        '2026-02-01',
        daily('2026-01-01', '2026-02-01', () => 1),
      ),
    );
    expect(metricOf(outputs)).toMatchObject({
      monetised: false,
      benefitToDate: null,
      notMonetisedBecause: 'no baseline is declared',
      latest: { actual: '31' },
    });
    expect(codes(outputs)).toContain('value/no-baseline');
    expect(outputs.benefitToDate).toBeNull();
  });
  it('whose window holds no whole period is none', () => {
    const metric = metricWith({ baseline: baselineWindow('2026-01-02', '2026-02-01') });
    const outputs = computeRoi(
      inputWith(
        projectWith([metric]),
        '2026-03-01',
        daily('2026-01-01', '2026-03-01', () => 1),
      ),
    );
    expect(codes(outputs)).toContain('value/no-baseline');
    expect(metricOf(outputs).monetised).toBe(false);
  });
});

describe('local days', () => {
  it('a daily export is complete on the days of 23 and 25 hours', () => {
    const metric = metricWith({ cadence: 'day' });
    for (const [from, to] of [
      ['2026-03-28', '2026-03-31'],
      ['2026-10-24', '2026-10-27'],
    ] as const) {
      const project = projectWith([{ ...metric, startsOn: from }], { startsOn: from });
      const outputs = computeRoi(
        inputWith(
          project,
          to,
          daily(from, to, () => 7),
        ),
      );
      expect(
        metricOf(outputs)
          .periods.slice(0, 3)
          .map(({ status, actual }) => [status, actual]),
      ).toEqual(Array.from({ length: 3 }, () => ['closed', '7']));
    }
  });
  it('an hourly series expects 23 and 25 points on them', () => {
    const start = startOfDayMs('2026-10-25', 'Europe/Berlin');
    const samples = Array.from({ length: 24 }, (_, hour) => sampleAt(start + hour * HOUR, HOUR, 1));
    const project = projectWith([metricWith({ cadence: 'day', startsOn: '2026-10-25' })], { startsOn: '2026-10-25' });
    expect(metricOf(computeRoi(inputWith(project, '2026-10-26', samples))).periods[0]).toMatchObject({
      received: 24,
      expected: 25,
      status: 'incomplete',
    });
  });
  it('in a zone half an hour off, an hour across midnight is shared out and nothing is lost', () => {
    const zone = 'Asia/Kolkata';
    const first = startOfDayMs('2026-01-01', zone) - HOUR / 2;
    const samples = Array.from({ length: 49 }, (_, hour) => sampleAt(first + hour * HOUR, HOUR, 10));
    const project = projectWith([metricWith({ cadence: 'day' })], { timeZone: zone });
    const { periods } = metricOf(computeRoi(inputWith(project, '2026-01-03', samples)));
    expect(periods.slice(0, 2).map(({ actual, status }) => [actual, status])).toEqual([
      ['240', 'closed'],
      ['240', 'closed'],
    ]);
  });
});

describe('cost and return', () => {
  const metric = metricWith();
  const samples = daily('2026-01-01', '2026-07-01', () => 1);
  it('actuals and accruals count net of corrections up to the date; budget and commitments stand apart', () => {
    const manualCosts = [
      costWith({ amount: '1000' }),
      costWith({ amount: '-200', kind: 'accrual', correctionOf: 'x' }),
      costWith({ amount: '5000', kind: 'budget' }),
      costWith({ amount: '70', kind: 'commitment' }),
      costWith({ amount: '9', postingDate: '2026-08-01' }),
    ];
    const { costs, costToDate } = computeRoi(inputWith(projectWith([metric], { manualCosts }), '2026-07-01', samples));
    expect(costToDate).toBe('800');
    expect(costs).toMatchObject({ toDate: '800', budget: '5000', commitments: '70', lineCount: 5 });
  });
  it('NPV, ROI and BCR agree with a calculation of their own in floating point', () => {
    const project = projectWith([metric], {
      manualCosts: [costWith({ amount: '180000' }), costWith({ amount: '20000', postingDate: '2026-03-02' })],
    });
    const outputs = computeRoi(inputWith(project, '2026-07-01', samples));
    const ends = ['2026-01-31', '2026-02-28', '2026-03-31', '2026-04-30', '2026-05-31', '2026-06-30'];
    const factor = (date: string) => 1.08 ** (-(Date.parse(date) - Date.parse('2026-01-01')) / 86_400_000 / 365);
    const pvb = ends.reduce((total, end) => total + (119 - Number(end.slice(-2))) * 450 * factor(end), 0);
    const pvc = 180000 * factor('2026-01-31') + 20000 * factor('2026-03-31');
    expect(outputs.cashFlows.map(({ date }) => date)).toEqual(ends);
    expect(Number(outputs.npv)).toBeCloseTo(pvb - pvc, 4);
    expect(Number(outputs.roi)).toBeCloseTo((pvb - pvc) / pvc, 9);
    expect(Number(outputs.bcr)).toBeCloseTo(pvb / pvc, 9);
    expect(outputs.irr.status).toBe('unique');
    expect(outputs.payback).toMatchObject({ date: '2026-06-01', crossesBack: false });
    expect(outputs.basis).toBe('closed periods to 30 Jun 2026, flows at month ends discounted at 8% from 1 Jan 2026');
  });
  it('a cost source that was never pulled leaves the cost unknown, not zero, and no ROI or NPV is claimed', () => {
    const source = { connector: 'sap', stream: 'costs' };
    const project = projectWith([metric], { costSources: [{ ...source, projectRef: 'P-1' }] });
    const unread = computeRoi(inputWith(project, '2026-07-01', samples, { unreadCostSources: [source] }));
    expect(unread).toMatchObject({ costToDate: null, npv: null, roi: null, realisedRoi: null });
    expect(unread.warnings.map(({ message }) => message)).toContain(
      'the cost source sap/costs was never pulled, so cost to date is not known',
    );
  });
  it('no cost: ROI and BCR are not given, NPV is; nothing declared: neither', () => {
    const free = projectWith([metric], { costSources: [{ connector: 'sap', stream: 'costs', projectRef: 'P-1' }] });
    expect(computeRoi(inputWith(free, '2026-07-01', samples))).toMatchObject({
      costToDate: '0',
      roi: null,
      bcr: null,
      npv: expect.any(String),
    });
    expect(computeRoi(inputWith(projectWith([metric]), '2026-07-01', samples))).toMatchObject({
      costToDate: null,
      npv: null,
    });
  });
  it('a cost without an exchange rate makes every figure that needs it unknown, never a conversion at 1', () => {
    const manualCosts = [costWith(), costWith({ currency: 'CHF', amount: '5' })];
    const outputs = computeRoi(inputWith(projectWith([metric], { manualCosts }), '2026-07-01', samples));
    expect(outputs).toMatchObject({
      costToDate: null,
      pvCosts: null,
      npv: null,
      roi: null,
      realisedRoi: null,
      bcr: null,
    });
    expect(outputs.irr.status).toBe('not-applicable');
    expect(outputs.benefitToDate).not.toBeNull();
    expect(codes(outputs)).toContain('value/missing-fx-rate');
  });
  it('a benefit rate without an exchange rate does so as well', () => {
    const dollars = metricWith({
      rates: [{ from: '2026-01-01', to: null, amount: '1', currency: 'USD', per: 'failure', perPeriod: null }],
    });
    const outputs = computeRoi(inputWith(projectWith([dollars], { manualCosts: [costWith()] }), '2026-07-01', samples));
    expect(outputs).toMatchObject({ benefitToDate: null, roi: null, npv: null, costToDate: '1000' });
    expect(codes(outputs)).toContain('value/missing-fx-rate');
  });
  it('one month without an exchange rate leaves the metric’s whole benefit unknown', () => {
    const dollars = metricWith({
      rates: [{ from: '2026-01-01', to: null, amount: '1', currency: 'USD', per: 'failure', perPeriod: null }],
    });
    const fxRates = [
      { from: 'USD', to: 'EUR', rate: '0.9', validFrom: '2026-01-01', validTo: '2026-06-01', source: 't' },
    ];
    const outputs = computeRoi(inputWith(projectWith([dollars]), '2026-07-01', samples, { fxRates }));
    expect(metricOf(outputs)).toMatchObject({ benefitToDate: null, unadjustedBenefitToDate: null });
    expect(metricOf(outputs).periods[0]?.benefit).toBe('79.2');
    expect(outputs.benefitToDate).toBeNull();
  });
  it('a metric that has ended is not stale', () => {
    const over = metricWith({ endsOn: '2026-07-01' });
    expect(metricOf(computeRoi(inputWith(projectWith([over]), '2026-09-01', samples))).stale).toBe(false);
  });
  it('a metric whose newest sample is past its freshness limit is stale', () => {
    const late = computeRoi(inputWith(projectWith([metric]), '2026-07-10', samples));
    expect(metricOf(late).stale).toBe(true);
    expect(metricOf(computeRoi(inputWith(projectWith([metric]), '2026-07-02', samples))).stale).toBe(false);
  });
});

describe('the same inputs', () => {
  const project = projectWith([metricWith()], { manualCosts: [costWith()] });
  const input = (samples: StoredSample[]): RoiInput => inputWith(project, '2026-03-01', samples);
  const samples = daily('2026-01-01', '2026-03-01', (_, index) => index % 5);
  it('give the same bytes and hash, whatever the order of rows and wherever they came from', () => {
    const shuffled = samples.map((sample) => ({ ...sample, pullId: 'other', recordedAtMs: 9 })).reverse();
    expect(canonicalJson(computeRoi(input(shuffled)))).toBe(canonicalJson(computeRoi(input(samples))));
    expect(inputsHash(input(shuffled))).toBe(inputsHash(input(samples)));
  });
  it('changed in one sample give another hash', () => {
    const corrected = samples.map((sample, index) => (index === 4 ? { ...sample, value: 99, revision: 2 } : sample));
    expect(inputsHash(input(corrected))).not.toBe(inputsHash(input(samples)));
    expect(metricOf(computeRoi(input(corrected))).periods[0]?.revision).toBe(2);
  });
});
