import { describe, expect, it } from 'vitest';
import { type BrokenRule, errorAt, promised, withPlan } from '../../../test/factories/project-input.ts';

describe('plans that cannot be kept are errors with their places', () => {
  it.each<BrokenRule>([
    [
      'two plans frozen on one day',
      {
        plans: {
          a: { frozenOn: '2026-05-20', costs: [{ date: '2026-06-01', amount: 1 }] },
          b: { frozenOn: '2026-05-20', costs: [{ date: '2026-06-01', amount: 1 }] },
        },
      },
      'plans.b.frozenOn',
      /another version was frozen on 2026-05-20/,
      'plans.a.frozenOn',
    ],
    [
      'a plan frozen after the horizon',
      { ...promised({}), plans: { v1: { frozenOn: '2030-01-01', costs: [{ date: '2026-06-01', amount: 1 }] } } },
      'plans.v1.frozenOn',
      /after the horizon has ended/,
    ],
    [
      'a plan for an unknown metric',
      withPlan({ benefits: { failurs: {} } }),
      'plans.v1.benefits.failurs',
      /there is no metric "failurs"/,
    ],
    [
      'a plan of a window without a level',
      promised({ counterfactual: undefined }),
      'plans.v1.benefits.failures.counterfactual',
      /only samples tell the level of the baseline window/,
    ],
    [
      'a plan without curve and target',
      promised({ curve: undefined }),
      'plans.v1.benefits.failures.curve',
      /the metric has no target/,
    ],
    [
      'a curve out of order',
      promised({
        curve: [
          { from: '2026-10-01', value: 1 },
          { from: '2026-10-01', value: 2 },
        ],
      }),
      'plans.v1.benefits.failures.curve.1.from',
      /2026-10-01 follows 2026-10-01/,
    ],
    [
      'a planned benefit that ends before it starts',
      promised({ endsOn: '2026-10-01' }),
      'plans.v1.benefits.failures.endsOn',
      /not after its start/,
    ],
    [
      'a planned cost without a budget rate',
      withPlan({ costs: [{ date: '2026-06-01', amount: 1, currency: 'USD' }] }),
      'plans.v1.costs.0.currency',
      /the plan has no budget rate from USD to EUR/,
    ],
    [
      'budget rates that overlap',
      withPlan({
        fx: [
          { from: 'USD', to: 'EUR', rate: 1 },
          { from: 'USD', to: 'EUR', rate: 2 },
        ],
        costs: [{ date: '2026-06-01', amount: 1 }],
      }),
      'plans.v1.fx.1.validFrom',
      /overlaps fx\[0\], which holds from always without an end/,
    ],
    [
      'a planned exposure of a flow',
      promised({ exposure: 10 }),
      'plans.v1.benefits.failures.exposure',
      /belongs to ratio and percentile metrics/,
    ],
  ])('%s', (_what, changes, path, message, seeAlso) => {
    const found = errorAt(changes, path, message);
    if (seeAlso !== undefined) expect(found.seeAlso?.join('.')).toBe(seeAlso);
  });
});
