import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeRoi, Decimal, type RoiInput } from '#domain';
import { type MovedFigure, movedBetween, movedCauses, movedFigures } from '../../src/domain/moved/index.ts';
import type { Player } from '../../src/domain/moved/players.ts';
import { shapleyValues } from '../../src/domain/moved/shapley.ts';
import { baselineOf, costWith, daily, inputWith, metricWith, projectWith, samplesOf } from '../factories/value.ts';
import { runs } from './runs.ts';

const share = fc.constantFrom('0', '0.1', '0.5', '0.8', '1');
const figure = fc.constantFrom<MovedFigure>(...movedFigures);

/** One project as somebody might have written it, and what was measured and paid by then. */
const snapshot = fc
  .record({
    months: fc.integer({ min: 2, max: 8 }),
    level: fc.integer({ min: 50, max: 150 }),
    rate: fc.constantFrom('450', '500', '0'),
    currency: fc.constantFrom('EUR', 'USD'),
    fx: fc.constantFrom('0.9', '0.8'),
    attribution: share,
    confidence: share,
    dropOff: fc.constantFrom('0', '0.2'),
    startsOn: fc.constantFrom('2026-01-01', '2026-03-01'),
    timing: fc.constantFrom('start' as const, 'mid' as const, 'end' as const),
    discount: fc.constantFrom('0', '0.08'),
    values: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 8, maxLength: 8 }),
    hasSecond: fc.boolean(),
    costs: fc.array(
      fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        amount: fc.constantFrom('1000', '2500.5', '-300'),
        currency: fc.constantFrom('EUR', 'USD'),
        correctionOf: fc.constantFrom(null, 'x'),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  .map((given): RoiInput => {
    const metric = metricWith({
      baseline: baselineOf(String(given.level)),
      rates: [
        { from: '2026-01-01', to: null, amount: given.rate, currency: given.currency, per: 'failure', perPeriod: null },
      ],
      attribution: given.attribution,
      confidence: given.confidence,
      dropOff: given.dropOff,
      startsOn: given.startsOn,
    });
    const metrics = given.hasSecond ? [metric, { ...metric, id: 'second', name: 'Second' }] : [metric];
    const asOf = `2026-${String(given.months + 1).padStart(2, '0')}-01`;
    const samples = daily('2026-01-01', asOf, (date) => given.values[Number(date.slice(5, 7)) - 1] ?? 1);
    const project = projectWith(metrics, {
      timing: given.timing,
      discount: [{ fromYear: 0, rate: given.discount }],
      simulation: { seed: 1, draws: 0 },
      manualCosts: given.costs.map(({ key, ...line }) => costWith({ sourceKey: key, ...line })),
    });
    return inputWith(project, asOf, [], {
      metrics: metrics.map(({ id }) => samplesOf(id, samples)),
      fxRates: [{ from: 'USD', to: 'EUR', rate: given.fx, validFrom: '2025-01-01', validTo: null, source: 'treasury' }],
    });
  });

const endOf = (input: RoiInput) => ({ input, outputs: computeRoi(input) });
const moved = (from: RoiInput, to: RoiInput, which: MovedFigure = 'npv') => {
  const result = movedBetween(endOf(from), endOf(to), which);
  return result.comparable ? result.moved : null;
};
const sumOf = (amounts: readonly { amount: string | null }[]): string =>
  amounts.reduce((sum, { amount }) => sum.plus(amount ?? 0), new Decimal(0)).toFixed();
const RUNS = { numRuns: runs(8, 100), seed: 20_261_123 };

describe('what moved', () => {
  it('sums to the difference of the published figures, to the last place, for every figure', () => {
    fc.assert(
      fc.property(snapshot, snapshot, figure, (from, to, which) => {
        const result = moved(from, to, which);
        if (result === null) return;
        expect(sumOf(result.contributions)).toBe(result.change);
        expect(result.change).toBe(new Decimal(result.to.value).minus(result.from.value).toFixed());
        for (const { parts, amount } of result.contributions)
          if (result.currency !== null) expect(sumOf(parts)).toBe(amount);
        // The engine is the same one: nothing is left to it.
        expect(result.contributions.flatMap(({ parts }) => parts.map(({ id }) => id))).not.toContain('engine');
      }),
      RUNS,
    );
  });

  it('is the other way round the negative of it', () => {
    fc.assert(
      fc.property(snapshot, snapshot, figure, (from, to, which) => {
        const [there, back] = [moved(from, to, which), moved(to, from, which)];
        expect(back?.contributions.map(({ amount }) => new Decimal(amount).negated().plus(0).toFixed())).toEqual(
          there?.contributions.map(({ amount }) => amount),
        );
      }),
      RUNS,
    );
  });

  it('is nothing between a snapshot and itself', () => {
    fc.assert(
      fc.property(snapshot, figure, (input, which) => {
        const result = moved(input, structuredClone(input), which);
        expect(result?.contributions.every(({ amount }) => amount === '0') ?? true).toBe(true);
      }),
      RUNS,
    );
  });

  it('gives nothing to a cause whose inputs did not change', () => {
    const causes = fc.constantFrom('rate', 'attribution', 'timing', 'method', 'fx', 'cost');
    fc.assert(
      fc.property(snapshot, snapshot, causes, figure, (from, to, only, which) => {
        const changed =
          only === 'fx' ? { ...from, fxRates: to.fxRates } : { ...from, project: changedBy(from, to, only) };
        const result = moved(from, changed, which);
        for (const { cause, amount } of result?.contributions ?? [])
          if (cause !== only && !(only === 'cost' && cause === 'restatement'))
            expect([cause, amount]).toEqual([cause, '0']);
      }),
      RUNS,
    );
  });

  it('does not depend on the order in which metrics are declared', () => {
    fc.assert(
      fc.property(snapshot, snapshot, (from, to) => {
        const turned = (input: RoiInput): RoiInput => ({
          ...input,
          project: { ...input.project, metrics: [...input.project.metrics].reverse() },
          metrics: [...input.metrics].reverse(),
        });
        expect(moved(turned(from), turned(to))).toEqual(moved(from, to));
      }),
      RUNS,
    );
  });
});

function changedBy(from: RoiInput, to: RoiInput, cause: string): RoiInput['project'] {
  const [mine, other] = [from.project, to.project];
  const withMetric = (change: (other: RoiInput['project']['metrics'][number]) => object) => ({
    ...mine,
    metrics: mine.metrics.map((metric) => ({
      ...metric,
      ...change(other.metrics[0] as (typeof other.metrics)[number]),
    })),
  });
  switch (cause) {
    case 'rate':
      return withMetric(({ rates }) => ({ rates }));
    case 'attribution':
      return withMetric(({ attribution, confidence, dropOff }) => ({ attribution, confidence, dropOff }));
    case 'timing':
      return { ...withMetric(({ startsOn }) => ({ startsOn })), timing: other.timing };
    case 'method':
      return { ...withMetric(({ baseline }) => ({ baseline })), discount: other.discount };
    default:
      return { ...mine, manualCosts: other.manualCosts };
  }
}

describe('Shapley values', () => {
  const players: Player[] = ['volume', 'rate', 'fx', 'method'];
  const game = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 16, maxLength: 16 });
  const maskOf = (coalition: ReadonlySet<Player>): number =>
    players.reduce((mask, player, index) => mask | (coalition.has(player) ? 1 << index : 0), 0);
  const solve = (values: readonly number[]) =>
    players.map((player) =>
      shapleyValues(players, (coalition) => new Decimal(values[maskOf(coalition)] ?? 0)).get(player),
    );

  it('are the mean over all orders in which the players can join', () => {
    fc.assert(
      fc.property(game, (values) => {
        const totals = players.map(() => 0);
        const orders = permutations(players.map((_, index) => index));
        for (const order of orders) {
          let mask = 0;
          for (const player of order) {
            const next = mask | (1 << player);
            totals[player] = (totals[player] as number) + (values[next] as number) - (values[mask] as number);
            mask = next;
          }
        }
        for (const [index, value] of solve(values).entries())
          expect(value?.toNumber()).toBeCloseTo((totals[index] as number) / orders.length, 9);
      }),
      RUNS,
    );
  });

  it('are equal for players that are worth the same to every coalition', () => {
    fc.assert(
      fc.property(game, (values) => {
        // The first two are exchanged for one another: the game is made blind to which of them it is.
        const blind = values.map((value, mask) => ((mask & 3) === 2 ? (values[(mask & ~3) | 1] as number) : value));
        const [first, second] = solve(blind);
        expect(first?.toFixed()).toBe(second?.toFixed());
      }),
      RUNS,
    );
  });

  it('name eight causes', () => {
    expect(movedCauses).toHaveLength(8);
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item) => permutations(items.filter((each) => each !== item)).map((rest) => [item, ...rest]));
}
