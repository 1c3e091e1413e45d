import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeRoi, type RoiInput, type RoiOutputs } from '#domain';
import { gainCurveOf } from '../../src/domain/doubt/gain-curve.ts';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith, samplesOf } from '../factories/value.ts';

const given = fc.record({
  level: fc.integer({ min: 50, max: 150 }),
  sd: fc.integer({ min: 1, max: 40 }),
  n: fc.integer({ min: 1, max: 36 }),
  confidence: fc.constantFrom('0', '0.3', '0.75', '1'),
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  cost: fc.integer({ min: 1000, max: 60_000 }),
  values: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 3, maxLength: 3 }),
});
type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

function inputOf(of: Given, sd = of.sd, confidence = of.confidence, metrics = ['failures']): RoiInput {
  const project = projectWith(
    metrics.map((id) =>
      metricWith({ id, confidence, baseline: { ...baselineOf(String(of.level)), n: of.n, sd: String(sd) } as never }),
    ),
    { simulation: { seed: of.seed, draws: 300 }, manualCosts: [costWith({ amount: String(of.cost) })] },
  );
  const samples = daily('2026-01-01', '2026-04-01', (date) => of.values[Number(date.slice(5, 7)) - 1] ?? 1);
  return inputWith(project, '2026-04-01', [], { metrics: metrics.map((id) => samplesOf(id, samples)) });
}
const width = ({ doubt }: RoiOutputs): number => Number(doubt?.npv.p90) - Number(doubt?.npv.p10);
const RUNS = { numRuns: 12, seed: 20_261_123 };

describe('doubt', () => {
  it('gives the same bytes for the same seed, and in whatever order metrics are declared', () => {
    fc.assert(
      fc.property(given, (of) => {
        const doubt = JSON.stringify(computeRoi(inputOf(of, of.sd, of.confidence, ['a', 'b'])).doubt);
        expect(JSON.stringify(computeRoi(inputOf(of, of.sd, of.confidence, ['a', 'b'])).doubt)).toBe(doubt);
        expect(JSON.stringify(computeRoi(inputOf(of, of.sd, of.confidence, ['b', 'a'])).doubt)).toBe(doubt);
      }),
      RUNS,
    );
  });

  it('has no interval where nothing is varied, and orders its percentiles where there is', () => {
    fc.assert(
      fc.property(given, (of) => {
        expect(computeRoi(inputOf(of, 0, '1')).doubt).toBeNull();
        const { doubt } = computeRoi(inputOf(of));
        expect(Number(doubt?.npv.p10)).toBeLessThanOrEqual(Number(doubt?.npv.p50));
        expect(Number(doubt?.npv.p50)).toBeLessThanOrEqual(Number(doubt?.npv.p90));
        const p = Number(doubt?.probabilityNpvPositive);
        expect(p).toBeGreaterThanOrEqual(0);
        expect(p).toBeLessThanOrEqual(1);
        if (Number(doubt?.npv.p10) > 0) expect(p).toBeGreaterThanOrEqual(0.9);
        if (Number(doubt?.npv.p90) < 0) expect(p).toBeLessThanOrEqual(0.1);
      }),
      RUNS,
    );
  });

  it('widens in proportion to the standard deviation: the same draws, a wider shift', () => {
    fc.assert(
      fc.property(given, (of) => {
        const [once, twice] = [computeRoi(inputOf(of, of.sd, '1')), computeRoi(inputOf(of, 2 * of.sd, '1'))];
        expect(width(twice) / width(once)).toBeCloseTo(2, 6);
      }),
      RUNS,
    );
  });
});

describe('gains and losses over a shift', () => {
  const lines = fc.array(
    fc.record({ base: fc.integer({ min: -50, max: 50 }), slope: fc.integer({ min: -5, max: 5 }) }),
    {
      maxLength: 30,
    },
  );
  it('are what each period alone comes to, added up', () => {
    fc.assert(
      fc.property(lines, fc.double({ min: -20, max: 20, noNaN: true }), (periods, shift) => {
        const values = periods.map(({ base, slope }) => base + slope * shift);
        const { gains, losses } = gainCurveOf(periods)(shift);
        expect(gains).toBeCloseTo(
          values.filter((value) => value > 0).reduce((sum, value) => sum + value, 0),
          8,
        );
        expect(losses).toBeCloseTo(
          values.filter((value) => value < 0).reduce((sum, value) => sum + value, 0),
          8,
        );
      }),
      { ...RUNS, numRuns: 300 },
    );
  });
});
