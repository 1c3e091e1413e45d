import { describe, expect, it } from 'vitest';
import { daily, metricWith, projectWith, sampleAt, samplesOf } from '../../../test/factories/value.ts';
import { startOfDayMs } from '../time/zones.ts';
import { readMetric } from './read-metric.ts';

const zone = 'Europe/Berlin';
const metric = metricWith({ kind: 'percentile', cadence: 'week', exposure: { kind: 'value', value: '10' } });
const project = projectWith([metric], { startsOn: '2026-03-23' });
const read = (samples: ReturnType<typeof daily>) =>
  readMetric(project, { ...metric, startsOn: '2026-03-23' }, samplesOf(metric.id, samples), '2026-04-04');
/** Seven times 24 hours: a week in which the clocks change is an hour shorter. */
const week = (from: string, value: number, seriesId = 's1') =>
  sampleAt(startOfDayMs(from, zone), 7 * 86_400_000, value, { seriesId });

describe('a percentile', () => {
  it('counts where one sample covers its period, also when the clocks change within', () => {
    const { periods, notCombinable } = read([week('2026-03-23', 7), week('2026-03-30', 8)]);
    expect(periods.map(({ actual, complete }) => [actual, complete])).toEqual([
      ['7', true],
      ['8', true],
    ]);
    expect(notCombinable).toBe(0);
  });
  it('is not made of finer samples, nor of several series', () => {
    const finer = read(daily('2026-03-23', '2026-03-30', () => 5));
    expect(finer.periods.map(({ actual, combinable }) => [actual, combinable])).toEqual([
      [null, false],
      [null, true],
    ]);
    expect(finer.notCombinable).toBe(1);
    const several = read([week('2026-03-23', 7), week('2026-03-23', 9, 's2')]);
    expect(several.periods[0]).toMatchObject({ actual: null, combinable: false });
  });
});
