import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { flow, goodProject, projectContext, type Raw } from '../../../test/factories/project-input.ts';
import { repairProject, stillHolds } from './repair.ts';
import { projectProblems } from './rules.ts';

/** What the rules still say of a project that does not fit. */
function told(changes: Raw): string[] {
  const repaired = repairProject({ ...goodProject, ...changes });
  if (repaired === null) throw new Error('nothing could be told');
  return projectProblems('checkout', repaired.project, projectContext)
    .filter((problem) => stillHolds(problem, repaired.spoilt))
    .map(({ path }) => path.join('.'));
}

describe('a value that does not fit does not hide what else is wrong', () => {
  const overlapping = [
    { from: '2026-01-01', amount: 1 },
    { from: '2026-02-01', amount: 2, currency: 'EURO' },
  ];
  it('in the same metric, in the same rate', () => {
    expect(told({ metrics: { failures: { ...flow, kind: 'flood', dropOff: 1, rates: overlapping } } })).toEqual([
      'metrics.failures.rates.1.from',
      'metrics.failures.dropOff',
    ]);
  });
  it('in the whole project', () => {
    expect(told({ currency: 'EURO', name: 7, horizonYears: 3, horizonEndsOn: '2026-01-01', plans: 'x' })).toEqual([
      'horizonEndsOn',
      'horizonEndsOn',
    ]);
  });
  it('and nothing is said that follows from it alone', () => {
    expect(told({ discountRate: 'eight' })).toEqual([]);
    expect(told({ startsOn: '2026-02-30', horizonEndsOn: '1990-01-01', horizonYears: undefined })).toEqual([]);
    expect(told({ currency: 'EURO', metrics: { failures: { ...flow, rates: overlapping.slice(0, 1) } } })).toEqual([]);
    expect(told({ metrics: { failures: { ...flow, baseline: { valu: 1 } } } })).not.toContain('metrics.failures');
    expect(told({ metrics: { failures: { ...flow, kind: 'ratio', exposure: { connector: 'shop' } } } })).toEqual([]);
  });
  it('what is no project at all is left alone', () => {
    for (const raw of [null, 7, 'x', []]) expect(() => repairProject(raw)).not.toThrow();
  });
  it('whatever is put anywhere, it ends, and what is repaired fits', () => {
    const keys = ['name', 'metrics', 'plans', 'deliverables', 'discount', 'priceBasis', 'fiscalCalendar', 'costs'];
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 4 }), (key, value) => {
        const repaired = repairProject({ ...goodProject, [key]: value });
        if (repaired !== null) expect(projectProblems('x', repaired.project, projectContext)).toBeInstanceOf(Array);
      }),
      { numRuns: 200, seed: 20_260_601 },
    );
  });
});
