import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addDays, computeRoi, Decimal, type ExplainNode, explainAt, explainablePaths, pruned, sum } from '#domain';
import { plannedCostWith, planWith, promiseWith } from '../factories/plan.ts';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith, samplesOf } from '../factories/value.ts';
import { runs } from './runs.ts';

const seeded = { seed: 20261123, numRuns: runs(15, 200) };

const amountOf = ({ value }: ExplainNode): Decimal | null => {
  if (value?.kind === 'money') return new Decimal(value.amount);
  return value?.kind === 'ratio' ? new Decimal(value.ratio) : null;
};

/** What the node's children come to by the rule that it names; null where it names none. */
function recombined(node: ExplainNode): Decimal | null {
  const parts = node.children.map(amountOf);
  const [first, second] = parts;
  switch (node.combine) {
    case 'sum':
      return sum(parts.map((part) => part ?? new Decimal(0)));
    case 'difference':
      return first && second ? first.minus(second) : null;
    case 'quotient':
      return first && second && !second.isZero() ? first.div(second) : null;
    case 'gain-quotient':
      return first && second && !second.isZero() ? first.minus(second).div(second) : null;
    case null:
      return null;
  }
}

function everyNode(root: ExplainNode): ExplainNode[] {
  return [root, ...root.children.flatMap(everyNode)];
}

const scenario = fc.record({
  daysOver: fc.integer({ min: 1, max: 200 }),
  values: fc.array(fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 40 })), { minLength: 200, maxLength: 200 }),
  cadence: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
  attribution: fc.constantFrom('1', '0.8'),
  costs: fc.array(fc.record({ day: fc.integer({ min: 0, max: 300 }), amount: fc.integer({ min: -900, max: 9000 }) }), {
    maxLength: 8,
  }),
});

function figuresOf({
  daysOver,
  values,
  cadence,
  attribution,
  costs,
}: typeof scenario extends fc.Arbitrary<infer T> ? T : never) {
  const metrics = ['failures', 'tickets', 'coverage'].map((id) =>
    metricWith({ id, name: id, cadence, attribution, baseline: baselineOf('30') }),
  );
  const asOf = addDays('2026-01-01', daysOver);
  const input = inputWith(projectWith(metrics), asOf, [], {
    metrics: metrics.map(({ id }) =>
      samplesOf(
        id,
        daily('2026-01-01', asOf, (_, index) => values[index] ?? null),
      ),
    ),
    costs: costs.map(({ day, amount }, index) =>
      costWith({ sourceKey: `line ${index}`, amount: String(amount), postingDate: addDays('2026-01-01', day) }),
    ),
  });
  return { input, outputs: computeRoi(input) };
}

describe('the tree behind any figure', () => {
  it('adds up: each node is what its children come to', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { input, outputs } = figuresOf(given);
        for (const path of explainablePaths(input)) {
          const root = explainAt(input, outputs, path);
          for (const node of root === null ? [] : everyNode(root)) {
            const value = amountOf(node);
            const expected = recombined(node);
            if (value !== null && expected !== null)
              expect(value.minus(expected).abs().toNumber(), node.path).toBeLessThan(
                1e-6 + value.abs().toNumber() * 1e-9,
              );
          }
        }
      }),
      seeded,
    );
  });
  it('says the figure that the snapshot says, and why where there is none', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { input, outputs } = figuresOf(given);
        const shown = (path: string) => {
          const node = explainAt(input, outputs, path);
          return node && amountOf(node)?.toFixed();
        };
        expect(shown('npv') ?? null).toBe(outputs.npv);
        expect(shown('roi') ?? null).toBe(outputs.roi);
        expect(shown('benefit') ?? null).toBe(outputs.benefitToDate);
        expect(shown('cost') ?? null).toBe(outputs.costToDate);
        const cost = explainAt(input, outputs, 'cost');
        expect(cost?.value === null ? cost.note : 'known').toBeTruthy();
      }),
      seeded,
    );
  });
  it('opens each of its nodes by the path that it shows', () => {
    const { input, outputs } = figuresOf({
      daysOver: 100,
      values: Array.from({ length: 200 }, () => 3),
      cadence: 'month',
      attribution: '1',
      costs: [{ day: 3, amount: 500 }],
    });
    for (const first of explainablePaths(input))
      for (const { path, label } of everyNode(explainAt(input, outputs, first) as ExplainNode))
        expect(explainAt(input, outputs, path)?.label, path).toBe(label);
    expect(explainAt(input, outputs, 'failures/2031-01-01')).toBeNull();
  });
  it('cut off says how much is not shown', () => {
    const { input, outputs } = figuresOf({
      daysOver: 100,
      values: Array.from({ length: 200 }, () => 3),
      cadence: 'day',
      attribution: '1',
      costs: [],
    });
    const root = explainAt(input, outputs, 'failures') as ExplainNode;
    const cut = pruned(root, { depth: 1, children: 5 });
    expect(cut.children).toHaveLength(5);
    expect(cut.more).toBe(root.children.length - 5);
    expect(cut.children[0]?.more).toBeGreaterThan(0);
  });
});

describe('the tree behind plan, forecast, estimate at completion and variance', () => {
  const both = (commitments: boolean) => {
    const metric = metricWith({
      baseline: { kind: 'value', value: '119', n: 6, sd: '4', approvedBy: null, frozenOn: null },
      confidence: '0.9',
    });
    const plan = planWith({
      costs: [plannedCostWith({ amount: '900' }), plannedCostWith({ date: '2026-09-01', amount: '400', pool: 'run' })],
      benefits: [promiseWith({ confidence: '0.9', ramp: [{ afterMonths: 3, share: '1' }] })],
    });
    const project = projectWith([metric], { plans: [plan], costRisk: '0.1', horizonEndsOn: '2027-01-01' });
    const input = inputWith(
      project,
      '2026-05-01',
      daily('2026-01-01', '2026-05-01', (_, index) => 2 + (index % 3)),
    );
    const costs = [
      costWith({ sourceKey: 'spent' }),
      ...(commitments
        ? [costWith({ sourceKey: 'order', kind: 'commitment', amount: '500', postingDate: '2026-04-01' })]
        : []),
    ];
    const whole = { ...input, project: { ...project, manualCosts: costs } };
    return { input: whole, outputs: computeRoi(whole) };
  };
  it.each([true, false])('adds up and opens by each path (with commitments: %s)', (commitments) => {
    const { input, outputs } = both(commitments);
    expect(outputs.forecast).not.toBeNull();
    for (const path of ['forecast', 'eac', 'plan', 'variance', 'interval', 'mirr']) {
      const root = explainAt(input, outputs, path) as ExplainNode;
      for (const node of everyNode(root)) {
        const [value, expected] = [amountOf(node), recombined(node)];
        if (value !== null && expected !== null)
          expect(value.minus(expected).abs().toNumber(), node.path).toBeLessThan(1e-5);
        expect(explainAt(input, outputs, node.path)?.label, node.path).toBe(node.label);
      }
    }
  });
  it('says the figures of the snapshot, and what the interval rests on', () => {
    const { input, outputs } = both(true);
    const shown = (path: string) => amountOf(explainAt(input, outputs, path) as ExplainNode)?.toFixed();
    expect(shown('forecast')).toBe(outputs.forecast?.npvAtCompletion);
    expect(shown('eac')).toBe(outputs.forecast?.costAtCompletion);
    expect(shown('plan')).toBe(outputs.plan?.npv);
    expect(shown('interval')).toBe(outputs.doubt?.npv.p50);
    expect(shown('variance/benefit')).toBe(outputs.variance?.benefit?.total);
    expect(explainAt(input, outputs, 'interval')?.children.map(({ path }) => path)).toContain(
      'interval/failures.confidence',
    );
  });
  it('without a plan says that there is none', () => {
    const { input, outputs } = figuresOf({ daysOver: 60, values: [], cadence: 'month', attribution: '1', costs: [] });
    for (const path of ['forecast', 'plan', 'variance'])
      expect(explainAt(input, outputs, path)).toMatchObject({ value: null, note: expect.stringContaining('no plan') });
  });
});
