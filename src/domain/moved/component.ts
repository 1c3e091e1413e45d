import type { Decimal } from '../money/decimal.ts';
import type { Coalition, Player } from './players.ts';

/** What a part of a project comes to: discounted and not, in the project's currency. */
export interface Worth {
  benefit: Decimal;
  cost: Decimal;
  pvBenefit: Decimal;
  pvCost: Decimal;
}

/** A part that is worth something by itself: one metric, or the costs. Figures are sums over the parts, or made of such sums. */
export interface Component {
  /** A metric's id, or `costs`. */
  id: string;
  name: string;
  /** Players whose inputs of this part differ, each with what differs, in words. All others are dummies. */
  changes: ReadonlyMap<Player, string>;
  /** With the inputs of the players as in the later snapshot and all others as in the earlier one. */
  worth(coalition: Coalition): Worth;
}

/** Each coalition is valued once; players without a change are taken out first, for they cannot matter. */
export function remembered(component: Component): Component {
  const known = new Map<string, Worth>();
  return {
    ...component,
    worth(coalition) {
      const own = [...component.changes.keys()].filter((player) => coalition.has(player)).sort();
      const key = own.join();
      const worth = known.get(key) ?? component.worth(new Set(own));
      known.set(key, worth);
      return worth;
    },
  };
}
