import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, computeRoi, Decimal, inputsHash, type StoredSample, sum } from '#domain';
import { baselineOf, baselineWindow, costWith, daily, inputWith, metricWith, projectWith } from '../factories/value.ts';

const seeded = { seed: 20260702, numRuns: 40 };
const FROM = '2026-01-01';
const AS_OF = '2026-05-01';
const cadence = fc.constantFrom('day' as const, 'week' as const, 'month' as const);
const kind = fc.constantFrom('flow' as const, 'stock' as const);
const fraction = fc.integer({ min: 0, max: 100 }).map((percent) => String(percent / 100));
/** Daily values, null where nothing came. */
const values = fc.array(
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 0, max: 500 }) }, { weight: 1, arbitrary: fc.constant(null) }),
  {
    minLength: 120,
    maxLength: 120,
  },
);

describe('benefit of any history', () => {
  it('to date is the sum of its periods’ benefits, and of the monthly flows', () => {
    fc.assert(
      fc.property(values, cadence, kind, fraction, fraction, (history, every, of, attribution, confidence) => {
        const metric = metricWith({
          cadence: every,
          kind: of,
          attribution,
          confidence,
          baseline: baselineOf('250'),
        });
        const outputs = computeRoi(
          inputWith(
            projectWith([metric]),
            AS_OF,
            daily(FROM, AS_OF, (_, index) => history[index] ?? null),
          ),
        );
        const total = (figures: (string | null | undefined)[]) =>
          sum(figures.map((figure) => new Decimal(figure ?? 0))).toFixed();
        expect(total(outputs.metrics[0]?.periods.map(({ benefit }) => benefit) ?? [])).toBe(outputs.benefitToDate);
        expect(total(outputs.cashFlows.map(({ benefit }) => benefit))).toBe(outputs.benefitToDate);
      }),
      seeded,
    );
  });
  it('at the level of the baseline is nothing, whatever is missing', () => {
    fc.assert(
      fc.property(values, cadence, kind, (history, every, of) => {
        const metric = metricWith({
          cadence: every,
          kind: of,
          baseline: baselineWindow('2025-12-01', FROM),
        });
        const samples = [
          ...daily('2025-11-24', FROM, () => 4),
          ...daily(FROM, AS_OF, (_, index) => (history[index] === null ? null : 4)),
        ];
        const outputs = computeRoi(inputWith(projectWith([metric]), AS_OF, samples));
        fc.pre(every !== 'month' || of === 'stock');
        expect(Math.abs(Number(outputs.benefitToDate))).toBeLessThan(1e-6);
      }),
      seeded,
    );
  });
  it('with one more sample lost never has higher coverage, and the period is never closed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 118 }), cadence, kind, (lost, every, of) => {
        const metric = metricWith({ cadence: every, kind: of });
        const run = (gone: number | null) =>
          computeRoi(
            inputWith(
              projectWith([metric]),
              AS_OF,
              daily(FROM, AS_OF, (_, index) => (index === gone ? null : 3)),
            ),
          );
        const [whole, less] = [run(null), run(lost)];
        const closed = (outputs: typeof whole) =>
          outputs.metrics[0]?.periods.filter(({ status }) => status === 'closed').length ?? 0;
        expect(less.coverage.expected).toBe(whole.coverage.expected);
        expect(less.coverage.received).toBeLessThanOrEqual(whole.coverage.received);
        expect(closed(less)).toBeLessThanOrEqual(closed(whole));
      }),
      seeded,
    );
  });
  it('and every other figure are the same bytes for rows in any order', () => {
    fc.assert(
      fc.property(values, fc.nat(), (history, turn) => {
        const samples = daily(FROM, AS_OF, (_, index) => history[index] ?? null);
        const at = turn % samples.length;
        const turned: StoredSample[] = [...samples.slice(at), ...samples.slice(0, at)].map((sample) => ({
          ...sample,
          pullId: `p${turn}`,
        }));
        const costs = [costWith(), costWith({ amount: '250.10', postingDate: '2026-02-20' })];
        const project = projectWith([metricWith()], {
          costSources: [{ connector: 'sap', stream: 'costs', projectRef: 'P-1' }],
        });
        const [one, other] = [
          inputWith(project, AS_OF, samples, { costs }),
          inputWith(project, AS_OF, turned, { costs: [...costs].reverse() }),
        ];
        expect(canonicalJson(computeRoi(other))).toBe(canonicalJson(computeRoi(one)));
        expect(inputsHash(other)).toBe(inputsHash(one));
      }),
      { ...seeded, numRuns: 15 },
    );
  });
  it('doubles when the rate doubles, and ROI is unmoved when all money is scaled', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 1000 }), (history, scale) => {
        const samples = daily(FROM, AS_OF, (_, index) => history[index] ?? null);
        const run = (factor: number) => {
          const rates = [
            { from: FROM, to: null, amount: String(3 * factor), currency: 'EUR', per: 'unit', perPeriod: null },
          ];
          const manualCosts = [costWith({ amount: String(700 * factor) })];
          return computeRoi(inputWith(projectWith([metricWith({ rates })], { manualCosts }), AS_OF, samples));
        };
        const [one, many] = [run(1), run(scale)];
        expect(Number(many.benefitToDate)).toBeCloseTo(Number(one.benefitToDate) * scale, 3);
        expect(Number(many.roi)).toBeCloseTo(Number(one.roi), 6);
        expect(many.irr.status).toBe(one.irr.status);
      }),
      { ...seeded, numRuns: 20 },
    );
  });
});
