import { describe, expect, it } from 'vitest';
import type { Project } from '#domain';
import { baselineWindow, costWith, metricWith, projectWith } from '../../test/factories/value.ts';
import { differences } from './difference.ts';
import { projectChanges } from './project-changes.ts';

const before = projectWith([metricWith()], { manualCosts: [costWith({ sourceKey: 'licences', amount: '12000.5' })] });
const told = (after: Project): string[] =>
  projectChanges(before, after).map((each) => `${each.place}: ${each.before ?? '–'} → ${each.after ?? '–'}`);

describe('what changed of a project, in words', () => {
  it('is nothing where nothing did', () => {
    expect(told(structuredClone(before))).toEqual([]);
  });

  it('says shares in per cent, exactly', () => {
    expect(told({ ...before, metrics: [metricWith({ attribution: '0.8', dropOff: '0.125' })] })).toEqual([
      'metric failures › drop off: 0% → 12.5%',
      'metric failures › attribution: 100% → 80%',
    ]);
    expect(told({ ...before, discount: [{ fromYear: 0, rate: '0.0875' }] })).toEqual([
      'discount rate from year 0 › rate: 8% → 8.75%',
    ]);
  });

  it('says money with its currency and to the last digit, dates as people write them, lengths in their largest unit', () => {
    expect(
      told({
        ...before,
        horizonEndsOn: '2030-01-01',
        manualCosts: [costWith({ sourceKey: 'licences', amount: '1234567.505' })],
        metrics: [metricWith({ freshnessLimitMs: 36 * 3_600_000 })],
      }),
    ).toEqual([
      'horizon ends on: 1 Jan 2029 → 1 Jan 2030',
      'metric failures › freshness limit: 2 days → 36 hours',
      'cost line licences › amount: EUR 12,000.5 → EUR 1,234,567.505',
    ]);
  });

  it('tells a rate that follows another from a changed one, and what is wholly new or gone in one line', () => {
    const rate = metricWith().rates[0]!;
    expect(
      told({
        ...before,
        manualCosts: [],
        metrics: [
          metricWith({
            rates: [
              { ...rate, to: '2027-01-01' },
              { ...rate, from: '2027-01-01', amount: '480' },
            ],
          }),
          metricWith({ id: 'hours', name: 'Hours saved' }),
        ],
      }),
    ).toEqual([
      'metric failures › rate from 2026-01-01 › to: – → 1 Jan 2027',
      'metric failures › rate from 2027-01-01: – → EUR 480 per failure from 1 Jan 2027',
      'metric hours: – → Hours saved',
      'cost line licences: EUR 12,000.5 on 15 Jan 2026 → –',
    ]);
  });

  it('says another kind of thing as a whole', () => {
    expect(
      told({ ...before, metrics: [metricWith({ baseline: baselineWindow('2025-10-01', '2026-01-01') })] }),
    ).toEqual(['metric failures › baseline: value: value 119 → window: from 1 Oct 2025, to 1 Jan 2026']);
  });
});

describe('differences of lists', () => {
  it('follow what names an element, not its place', () => {
    expect(differences([{ id: 'a' }, { id: 'b', n: 1 }], [{ id: 'b', n: 2 }, { id: 'a' }])).toEqual([
      { path: ['b', 'n'], before: 1, after: 2 },
    ]);
  });

  it('go by place where names are missing or not unique', () => {
    expect(differences([{ from: 'x' }, { from: 'x' }], [{ from: 'x' }])).toEqual([
      { path: ['2'], before: { from: 'x' }, after: undefined },
    ]);
    expect(differences([1, 2], [1, 3])).toEqual([{ path: ['2'], before: 2, after: 3 }]);
  });
});
