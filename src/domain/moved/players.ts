/** What may move a figure from one snapshot to another: each change of the inputs belongs to exactly one. */
export const PLAYERS = ['volume', 'rate', 'attribution', 'cost', 'timing', 'fx', 'restatement', 'method'] as const;
export type Player = (typeof PLAYERS)[number];

/** A set of players: those whose inputs are as in the later snapshot. */
export type Coalition = ReadonlySet<Player>;

/** In the order of `PLAYERS`, so that no result depends on where a player was found first. */
export function inOrder(players: ReadonlySet<Player>): Player[] {
  return PLAYERS.filter((player) => players.has(player));
}
