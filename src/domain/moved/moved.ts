import { Decimal, plain } from '../money/decimal.ts';
import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';
import type { RoiInput } from '../value/input.ts';
import type { RoiOutputs } from '../value/outputs.ts';
import { type Component, remembered, type Worth } from './component.ts';
import { costComponent } from './cost-component.ts';
import { FIGURES, type FigureRule, type MovedFigure } from './figures.ts';
import type { Ends } from './hybrid-project.ts';
import { metricComponent } from './metric-component.ts';
import { type Coalition, inOrder, PLAYERS, type Player } from './players.ts';
import { roundShares } from './round-shares.ts';
import { shapleyValues } from './shapley.ts';

/** One end of a comparison: what it was computed from, and what was published then. */
export interface MovedEnd {
  input: RoiInput;
  outputs: RoiOutputs;
}
/** What one metric, or the costs, add to a contribution. */
export interface MovedPart {
  /** Metric's id, or `costs`. */
  id: string;
  name: string;
  /** Null where a figure is no sum over its parts, as a ratio. */
  amount: DecimalString | null;
  /** What changed, in words. */
  because: string;
}
export interface MovedContribution {
  cause: Player;
  amount: DecimalString;
  /** Largest first. */
  parts: MovedPart[];
}
export interface Moved {
  figure: MovedFigure;
  /** Null: a ratio. */
  currency: CurrencyCode | null;
  from: { asOf: LocalDate; value: DecimalString };
  to: { asOf: LocalDate; value: DecimalString };
  /** `to` − `from`: the sum of the contributions, exactly. */
  change: DecimalString;
  /** All eight causes; `0` where nothing of them changed. */
  contributions: MovedContribution[];
}
export type MovedResult = { comparable: true; moved: Moved } | { comparable: false; because: string };

/** A part of `method` that no input explains. */
const ENGINE_PART = 'engine';

/**
 * What moved a figure between two snapshots: exact Shapley values of eight causes, over the figures of all inputs in which some
 * causes are as in the later snapshot and the others as in the earlier. They sum to the difference of the published figures to
 * the last stored place; what the present engine makes otherwise of the same inputs is a part of `method`. From B to A is the
 * negative of from A to B. A figure that is not known at an end cannot be compared, and it says why.
 */
export function movedBetween(from: MovedEnd, to: MovedEnd, figure: MovedFigure): MovedResult {
  const rule = FIGURES[figure];
  const [before, after] = [rule.published(from.outputs), rule.published(to.outputs)];
  const because = whyNotComparable(rule, from.outputs, to.outputs);
  if (because !== null || before === null || after === null)
    return { comparable: false, because: because ?? 'a figure is not known' };
  const components = componentsOf({ from: from.input, to: to.input });
  const change = new Decimal(after).minus(before);
  const shares = rule.isSum ? sharesOfSum(components, rule) : sharesOfRatio(components, rule, before, after);
  const explained = shares.reduce((sum, { amount }) => sum.plus(amount), new Decimal(0));
  const unexplained = change.minus(explained);
  // Less than rounding of the published figures can make is no other engine.
  if (unexplained.abs().gt(new Decimal(10).pow(-rule.places).times(2)))
    shares.push({
      player: 'method',
      amount: unexplained,
      part: {
        id: ENGINE_PART,
        name: 'Engine',
        because: 'the same inputs give another figure today than the one that was published',
      },
    });
  const rounded = roundShares(
    shares.map(({ amount }) => amount),
    change,
    rule.places,
  );
  const exact = shares.map((share, index) => ({ ...share, amount: rounded[index] as Decimal }));
  return {
    comparable: true,
    moved: {
      figure,
      currency: rule.unit === 'money' ? to.outputs.currency : null,
      from: { asOf: from.outputs.asOf, value: before },
      to: { asOf: to.outputs.asOf, value: after },
      change: plain(change),
      contributions: PLAYERS.map((player) => contributionOf(player, exact, components, rule)),
    },
  };
}

interface Share {
  player: Player;
  amount: Decimal;
  /** Null: all parts together. */
  part: Omit<MovedPart, 'amount'> | null;
}

function whyNotComparable(rule: FigureRule, from: RoiOutputs, to: RoiOutputs): string | null {
  for (const outputs of [from, to])
    if (rule.published(outputs) === null) {
      const reason = outputs.warnings.find(({ code }) =>
        ['value/missing-fx-rate', 'value/cost-unknown', 'value/no-baseline', 'value/no-data'].includes(code),
      );
      return `${rule.name} as of ${outputs.asOf} is not known${reason ? `: ${reason.message}` : ''}`;
    }
  if (rule.unit === 'money' && from.currency !== to.currency)
    return `${rule.name} is in ${from.currency} as of ${from.asOf} and in ${to.currency} as of ${to.asOf}`;
  return null;
}

/** By id, so that the order in which metrics are declared does not matter. */
function componentsOf(ends: Ends): Component[] {
  const ids = new Set([ends.from, ends.to].flatMap(({ project }) => project.metrics.map(({ id }) => id)));
  return [...[...ids].sort().map((id) => metricComponent(ends, id)), costComponent(ends)].map(remembered);
}

/** Shapley values add up over games: those of a sum are the sums of its parts', each over its own few causes. */
function sharesOfSum(components: readonly Component[], rule: FigureRule): Share[] {
  return components.flatMap((component) => {
    const { id, name, changes } = component;
    const values = shapleyValues(inOrder(new Set(changes.keys())), (coalition) =>
      figure(rule, component.worth(coalition)),
    );
    return [...values].map(([player, amount]) => ({
      player,
      amount,
      part: { id, name, because: changes.get(player) ?? '' },
    }));
  });
}

function figure(rule: FigureRule, worth: Worth): Decimal {
  return rule.of(worth) ?? new Decimal(0);
}

/** A mixture without costs has no ratio: it counts as the mean of both ends, which favours neither direction. */
function sharesOfRatio(components: readonly Component[], rule: FigureRule, before: string, after: string): Share[] {
  const mean = new Decimal(before).plus(after).div(2);
  const players = inOrder(new Set(components.flatMap(({ changes }) => [...changes.keys()])));
  const values = shapleyValues(players, (coalition) => rule.of(totalOf(components, coalition)) ?? mean);
  return [...values].map(([player, amount]) => ({ player, amount, part: null }));
}

function totalOf(components: readonly Component[], coalition: Coalition): Worth {
  const worths = components.map((component) => component.worth(coalition));
  const total = (of: (worth: Worth) => Decimal): Decimal =>
    worths.reduce((sum, worth) => sum.plus(of(worth)), new Decimal(0));
  return {
    benefit: total(({ benefit }) => benefit),
    cost: total(({ cost }) => cost),
    pvBenefit: total(({ pvBenefit }) => pvBenefit),
    pvCost: total(({ pvCost }) => pvCost),
  };
}

function contributionOf(
  player: Player,
  shares: readonly Share[],
  components: readonly Component[],
  rule: FigureRule,
): MovedContribution {
  const own = shares.filter((share) => share.player === player);
  const amount = own.reduce((sum, share) => sum.plus(share.amount), new Decimal(0));
  const sized = own
    .flatMap(({ part, amount: size }) => (part === null ? [] : [{ part, size }]))
    .filter(({ size }) => !size.isZero())
    .sort((a, b) => b.size.abs().comparedTo(a.size.abs()) || (a.part.id < b.part.id ? -1 : 1))
    .map(({ part, size }): MovedPart => ({ ...part, amount: plain(size) }));
  const changed = components.flatMap(({ id, name, changes }): MovedPart[] => {
    const because = changes.get(player);
    return because === undefined ? [] : [{ id, name, amount: null, because }];
  });
  return { cause: player, amount: plain(amount), parts: rule.isSum ? sized : amount.isZero() ? [] : changed };
}
