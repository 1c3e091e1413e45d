import { describe, expect, it } from 'vitest';
import { digestFacts, roiOutputs } from '../../../test/factories/digest.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { type DigestBasis, type DigestThresholds, digestReason, movesBeyond } from './condition.ts';
import type { DigestFacts } from './facts.ts';

const basis = (outputs: Partial<RoiOutputs> = {}, facts: Partial<DigestFacts> = {}): DigestBasis => {
  const full = roiOutputs(outputs);
  const made = digestFacts({ snapshot: { id: 's', outputs: full }, previous: null });
  return {
    facts: { ...made, staleSources: [], alerts: [], ...facts },
    factsHash: JSON.stringify(outputs),
    outputs: full,
  };
};
const condition = (thresholds: DigestThresholds, heartbeat: number | null = null) =>
  ({ when: 'threshold', thresholds, heartbeat }) as const;

describe('figures that moved beyond their threshold', () => {
  it.each<[DigestThresholds, Partial<RoiOutputs>, Partial<RoiOutputs>, string | null]>([
    [{ roiPoints: '2' }, { roi: '0.44' }, { roi: '0.42' }, '2'],
    [{ roiPoints: '2' }, { roi: '0.4399' }, { roi: '0.42' }, null],
    [{ realisedRoiPoints: '1' }, { realisedRoi: '0.1' }, { realisedRoi: '0.12' }, '-2'],
    [{ npv: '1000' }, { npv: '-500' }, { npv: '500' }, '-1000'],
    [{ benefit: '10' }, { benefitToDate: '109.99' }, { benefitToDate: '100' }, null],
    [{ cost: '0.1' }, { costToDate: '0.3' }, { costToDate: '0.2' }, '0.1'],
    [{ coveragePoints: '5' }, { coverage: { expected: 20, received: 18, ratio: '0.9' } }, {}, '-9.5'],
    [
      { paybackDays: '30' },
      { payback: { years: '1', date: '2026-10-01', crossesBack: false } },
      { payback: { years: '1', date: '2026-08-31', crossesBack: false } },
      '31',
    ],
  ])('%j', (thresholds, now, before, by) => {
    const moves = movesBeyond(roiOutputs(now), roiOutputs(before), thresholds);
    expect(moves.map((move) => move.by)).toEqual(by === null ? [] : [by]);
  });

  it('count as moved when they come, go, or change their currency; never when there was none and is none', () => {
    const npv = { npv: '1000000000' };
    expect(movesBeyond(roiOutputs(), roiOutputs({ npv: null }), npv)).toEqual([{ figure: 'npv', by: null }]);
    expect(movesBeyond(roiOutputs({ npv: null }), roiOutputs(), npv)).toEqual([{ figure: 'npv', by: null }]);
    expect(movesBeyond(roiOutputs({ currency: 'USD' }), roiOutputs(), npv)).toEqual([{ figure: 'npv', by: null }]);
    expect(movesBeyond(roiOutputs({ currency: 'USD' }), roiOutputs(), { roiPoints: '1' })).toEqual([]);
    expect(movesBeyond(roiOutputs({ npv: null }), roiOutputs({ npv: null }), npv)).toEqual([]);
    expect(movesBeyond(null, null, npv)).toEqual([]);
  });
});

describe('the digest of a subscription with thresholds', () => {
  const told = basis();
  const quiet = condition({ npv: '1000000000' });

  it('goes out first, and when a figure moved enough', () => {
    expect(digestReason(quiet, told, null, 0)).toEqual({ because: 'first' });
    expect(digestReason(quiet, basis({ roi: '0.9' }), told, 0)).toBeNull();
    expect(digestReason(condition({ roiPoints: '10' }), basis({ roi: '0.9' }), told, 0)).toMatchObject({
      because: 'threshold',
      figures: [{ figure: 'roiPoints' }],
    });
  });

  it('always goes out while data are stale or missing, and when the headline is back', () => {
    const stale = basis({}, { staleSources: [{ connector: 'c', stream: 's', metric: 'm', newestSampleAtMs: 1 }] });
    const withheld = basis({}, { headline: null, headlineAbsentBecause: 'no data' });
    expect(digestReason(quiet, stale, stale, 0)).toEqual({ because: 'alert' });
    expect(digestReason(quiet, withheld, withheld, 0)).toEqual({ because: 'alert' });
    expect(digestReason(quiet, told, withheld, 0)).toEqual({ because: 'changed' });
  });

  it('goes out for another alert when that appears, not because a figure in it moved on', () => {
    const over = (by: string) => basis({}, { alerts: [`Cost is over budget by €${by}: €190,000 of €180,000`] });
    expect(digestReason(quiet, over('10,000'), told, 0)).toEqual({ because: 'alert' });
    expect(digestReason(quiet, over('10,500'), over('10,000'), 0)).toBeNull();
  });

  it('goes out after as many silent slots as its heartbeat says', () => {
    const beating = condition({ npv: '1000000000' }, 3);
    expect(digestReason(beating, told, told, 2)).toBeNull();
    expect(digestReason(beating, told, told, 3)).toEqual({ because: 'heartbeat' });
    expect(digestReason(quiet, told, told, 1000)).toBeNull();
  });
});
