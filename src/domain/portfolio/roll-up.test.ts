import { describe, expect, it } from 'vitest';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith } from '../../../test/factories/value.ts';
import type { Portfolio, Project } from '../types.ts';
import { computeRoi } from '../value/roi.ts';
import { rollUp } from './roll-up.ts';

const AS_OF = '2026-05-01';
const euros: Portfolio = { id: 'shop', name: 'Shop', currency: 'EUR', discount: null };

function member(id: string, startsOn: string, amount: string, changes: Partial<Project> = {}) {
  const metric = metricWith({ startsOn, baseline: baselineOf('60') });
  const manualCosts = [costWith({ sourceKey: id, amount, postingDate: '2026-01-31' })];
  const project = projectWith([metric], { id, startsOn, manualCosts, ...changes });
  const input = inputWith(
    project,
    AS_OF,
    daily('2026-01-01', '2026-05-01', () => 2),
  );
  return { input, outputs: computeRoi(input) };
}
const roll = (projects: ReturnType<typeof member>[]) =>
  rollUp({ portfolio: euros, asOf: AS_OF, projects, fxRates: [], fxQuotes: [] });

describe('a portfolio at each project’s own rates', () => {
  it('carries a later start back at the project’s first rate, whatever its schedule says of later years', () => {
    const discount = [
      { fromYear: 0, rate: '0.08' },
      { fromYear: 1, rate: '0.02' },
    ];
    const old = member('a', '2023-01-01', '0');
    const young = member('b', '2026-01-01', '10000', { discount });
    const { pvCosts } = roll([old, young]);
    expect(Number(pvCosts)).toBeCloseTo(Number(young.outputs.pvCosts) / 1.08 ** (1096 / 365), 6);
  });

  it('says that present values are in prices of their own where a project’s are real', () => {
    const real = { priceBasis: { kind: 'real', baseYear: 2026, inflation: [] } } satisfies Partial<Project>;
    expect(roll([member('a', '2026-01-01', '10')]).basis).not.toContain('prices');
    expect(roll([member('a', '2026-01-01', '10', real)]).basis).toContain('in each project’s own prices');
  });
});
