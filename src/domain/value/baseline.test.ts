import { describe, expect, it } from 'vitest';
import { baselineWindow, daily, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { RoiOutputs } from './outputs.ts';
import { computeRoi } from './roi.ts';

const metricOf = (outputs: RoiOutputs) => outputs.metrics[0] as RoiOutputs['metrics'][number];
const codes = (outputs: RoiOutputs) => outputs.warnings.map(({ code }) => code);

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
