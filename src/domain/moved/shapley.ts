import { Decimal } from '../money/decimal.ts';
import type { Coalition, Player } from './players.ts';

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

/**
 * Exact Shapley values: a player's mean marginal contribution over all orders in which the players can change over,
 * φᵢ = Σ_S |S|!·(n − |S| − 1)!/n! · (v(S ∪ i) − v(S)). All 2ⁿ coalitions are valued once. They sum to v(all) − v(none) up to the
 * arithmetic's fortieth digit. (L. S. Shapley, A value for n-person games, 1953.)
 */
export function shapleyValues(
  players: readonly Player[],
  value: (coalition: Coalition) => Decimal,
): Map<Player, Decimal> {
  const n = players.length;
  const values = Array.from({ length: 2 ** n }, (_, mask) => value(membersOf(players, mask)));
  const weights = players.map((_, size) => factorial(size) * factorial(n - size - 1));
  const sizeOf = (mask: number): number => membersOf(players, mask).size;
  return new Map(
    players.map((player, index) => {
      let total: Decimal = new Decimal(0);
      for (const [mask, without] of values.entries()) {
        if ((mask & (1 << index)) !== 0) continue;
        const marginal = (values[mask | (1 << index)] as Decimal).minus(without);
        total = total.plus(marginal.times(weights[sizeOf(mask)] as number));
      }
      return [player, total.div(factorial(n))];
    }),
  );
}

function membersOf(players: readonly Player[], mask: number): Coalition {
  return new Set(players.filter((_, index) => (mask & (1 << index)) !== 0));
}
