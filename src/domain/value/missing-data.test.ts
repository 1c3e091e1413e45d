import { describe, expect, it } from 'vitest';
import {
  baselineOf,
  costWith,
  daily,
  inputWith,
  metricWith,
  projectWith,
  sampleAt,
} from '../../../test/factories/value.ts';
import { startOfDayMs } from '../time/zones.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const HOUR = 3_600_000;
const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const statuses = (outputs: RoiOutputs) => metricOf(outputs).periods.map(({ status }) => status);
const codes = (outputs: RoiOutputs) => outputs.warnings.map(({ code }) => code);

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
  it.each(['holding', 'release'] as const)(
    'a stock without one of its series is no lower: its level (%s) is not known',
    (stockValuation) => {
      const metric = metricWith({ kind: 'stock', stockValuation, baseline: baselineOf('100') });
      const second = [...daily('2026-01-01', '2026-02-01', () => 50), ...daily('2026-03-01', '2026-04-01', () => 50)];
      const samples = [
        ...daily('2026-01-01', '2026-04-01', () => 50),
        ...second.map((sample) => ({ ...sample, seriesId: 's2', seriesKey: 's2' })),
      ];
      const outputs = computeRoi(inputWith(projectWith([metric]), '2026-04-01', samples));
      const [, silent] = metricOf(outputs).periods;
      expect(silent).toMatchObject({ status: 'incomplete', actual: null, benefit: null });
      expect(silent?.notCountedBecause).toContain('one of its series has no sample');
      expect(outputs.benefitToDate).toBe('0');
      expect(outputs.coverage.ratio).not.toBe('1');
      expect(codes(outputs)).toContain('value/partial');
    },
  );
  it('an instantaneous stock vouches for its interval only, not for a gap', () => {
    const start = startOfDayMs('2026-01-01', 'Europe/Berlin');
    const samples = [0, 1, 2, 3, 20, 21, 22, 23].map((hour) => sampleAt(start + hour * HOUR, 0, hour < 10 ? 10 : 20));
    const metric = metricWith({ kind: 'stock', cadence: 'day' });
    const [period] = metricOf(computeRoi(inputWith(projectWith([metric]), '2026-01-02', samples))).periods;
    expect(period).toMatchObject({ actual: '15', received: 8, expected: 24, status: 'incomplete' });
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
