import { describe, expect, it } from 'vitest';
import { baselineWindow, daily, inputWith, metricWith, monthly, projectWith } from '../../../test/factories/value.ts';
import { computeRoi } from './roi.ts';

const metricOf = (asOf: string, samples: Parameters<typeof inputWith>[2], freshnessLimitMs: number | null = null) => {
  const project = projectWith([metricWith({ freshnessLimitMs })]);
  return computeRoi(inputWith(project, asOf, samples)).metrics[0];
};
const stale = (...args: Parameters<typeof metricOf>) => metricOf(...args)?.stale;

describe('a metric without a freshness limit of its own', () => {
  it('that gets a sample a day is stale on the third day without one', () => {
    const samples = daily('2026-01-01', '2026-02-01', () => 1);
    expect([stale('2026-02-03', samples), stale('2026-02-05', samples)]).toEqual([false, true]);
  });
  it('that gets a sample a month is fresh until two days after the next one was due', () => {
    const samples = monthly('2026-01-01', [5, 6, 7]);
    expect([stale('2026-04-30', samples), stale('2026-05-05', samples)]).toEqual([false, true]);
  });
  it('says when it is stale, to when its newest sample vouches and how old it may be, in the project’s time', () => {
    const project = projectWith([metricWith({ freshnessLimitMs: null })]);
    const { warnings } = computeRoi(
      inputWith(
        project,
        '2026-03-01',
        daily('2026-01-01', '2026-02-01', () => 1),
      ),
    );
    expect(warnings.find(({ code }) => code === 'value/stale')?.message).toMatch(
      /vouches to 2026-02-01 00:00 \(Europe\/Berlin\), which is longer ago than 3 days/,
    );
  });
  it('with one of its own keeps to that', () => {
    const samples = monthly('2026-01-01', [5, 6, 7]);
    expect(stale('2026-04-10', samples, 2 * 86_400_000)).toBe(true);
  });
});

describe('a baseline that was frozen before its samples were recorded', () => {
  it('says so, and what to do', () => {
    const baseline = { ...baselineWindow('2026-01-01', '2026-03-01'), frozenOn: '2026-03-02' };
    const project = projectWith([metricWith({ baseline, startsOn: '2026-03-01' })]);
    const none = { samples: [], intervalMs: null };
    const input = inputWith(project, '2026-06-01', [], {
      metrics: [
        {
          metricId: 'failures',
          source: { samples: daily('2026-01-01', '2026-06-01', () => 1), intervalMs: null },
          frozen: { source: none, denominator: null, control: null },
        },
      ],
    });
    const { warnings } = computeRoi(input);
    expect(warnings.find(({ code }) => code === 'value/no-baseline')?.message).toMatch(
      /as recorded by its freezing on 2026-03-02 .*leave frozenOn out/,
    );
  });
});
