import { Decimal, sum } from '../money/decimal.ts';
import type { CostLine } from '../types.ts';
import { canonicalJson } from '../value/canonical.ts';
import type { RoiInput } from '../value/input.ts';
import { valuateCosts } from '../value/value-parts.ts';
import { type Component, remembered, type Worth } from './component.ts';
import { type Ends, endOf, fxChange, hybridFx, hybridProject, projectMethod, projectTiming } from './hybrid-project.ts';
import { joined } from './metric-component.ts';
import { type Coalition, PLAYERS, type Player } from './players.ts';

/** Lines under one key at both ends, and who answers for their difference. */
interface LinePair {
  from: CostLine[];
  to: CostLine[];
  player: 'cost' | 'restatement' | null;
}

/** The costs between two snapshots: new lines are `cost`, changed ones and those that correct another `restatement`. */
export function costComponent(ends: Ends): Component {
  const pairs = pairsOf(ends);
  const changes = changesOf(ends, pairs);
  return remembered({
    id: 'costs',
    name: 'Costs',
    changes,
    worth(coalition) {
      if (coalition.size === 0) return worthOf(ends.from);
      if (coalition.size === changes.size) return worthOf(ends.to);
      return worthOf(hybridInput(ends, pairs, coalition));
    },
  });
}

function worthOf(input: RoiInput): Worth {
  const { costs, presentValue } = valuateCosts(input);
  return {
    benefit: new Decimal(0),
    pvBenefit: new Decimal(0),
    cost: sum(costs.counted.map(({ amount }) => amount)),
    pvCost: presentValue.costs,
  };
}

/** Costs see time pass by `cost`. */
function hybridInput(ends: Ends, pairs: readonly LinePair[], coalition: Coalition): RoiInput {
  const { asOf, closedBefore, unreadCostSources } = endOf(ends, coalition, 'cost');
  const costs = pairs.flatMap(({ from, to, player }) => (player !== null && coalition.has(player) ? to : from));
  const project = { ...hybridProject(ends, coalition), manualCosts: [] };
  return { ...ends.from, ...hybridFx(ends, coalition), project, asOf, closedBefore, unreadCostSources, costs };
}

function pairsOf(ends: Ends): LinePair[] {
  const [from, to] = [byKey(ends.from), byKey(ends.to)];
  return [...new Set([...from.keys(), ...to.keys()])].sort().map((key): LinePair => {
    const pair = { from: from.get(key) ?? [], to: to.get(key) ?? [] };
    if (contentOf(pair.from) === contentOf(pair.to)) return { ...pair, player: null };
    const isNew = pair.from.length === 0 || pair.to.length === 0;
    const corrects = [...pair.from, ...pair.to].some(({ correctionOf }) => correctionOf !== null);
    return { ...pair, player: isNew && !corrects ? 'cost' : 'restatement' };
  });
}

function byKey({ costs, project }: RoiInput): Map<string, CostLine[]> {
  const lines = new Map<string, CostLine[]>();
  const add = (origin: string, line: CostLine): void => {
    const key = `${origin}/${line.projectRef}/${line.sourceKey}`;
    lines.set(key, [...(lines.get(key) ?? []), line]);
  };
  for (const line of costs) add('source', line);
  for (const line of project.manualCosts) add('manual', line);
  return lines;
}

const contentOf = (lines: readonly CostLine[]): string =>
  lines
    .map(({ kind, amount, currency, postingDate, cashDate, capitalisation, recurrence, correctionOf }) =>
      canonicalJson([kind, amount, currency, postingDate, cashDate, capitalisation, recurrence, correctionOf]),
    )
    .sort()
    .join();

/** Lines that both ends knew, of which one counts only the earlier ones. */
function postedBetween({ from, to }: Ends, pairs: readonly LinePair[]): string {
  const [first, last] = [from.asOf, to.asOf].sort() as [string, string];
  const posted = pairs
    .filter(({ player }) => player === null)
    .flatMap((pair) => pair.from.filter(({ postingDate }) => postingDate > first && postingDate <= last)).length;
  return posted === 0 ? '' : `${posted} ${posted === 1 ? 'line' : 'lines'} posted from ${first} to ${last}`;
}

function changesOf(ends: Ends, pairs: readonly LinePair[]): Map<Player, string> {
  const of = (player: Player): string => {
    const lines = pairs.filter((pair) => pair.player === player);
    if (lines.length === 0) return '';
    const what =
      player === 'restatement' ? 'corrected' : lines.every(({ to }) => to.length > 0) ? 'new' : 'new or gone';
    return `${lines.length} ${what} cost ${lines.length === 1 ? 'line' : 'lines'}`;
  };
  const lines = joined(of('cost'), postedBetween(ends, pairs));
  const time = ends.from.asOf === ends.to.asOf ? '' : `the time from ${ends.from.asOf} to ${ends.to.asOf}`;
  const usesFx = pairs.some(({ from, to }) =>
    [...from, ...to].some(
      ({ currency }) => currency !== ends.from.project.currency || currency !== ends.to.project.currency,
    ),
  );
  const words: Record<Player, string> = {
    volume: '',
    rate: '',
    attribution: '',
    cost: lines || time,
    timing: projectTiming(ends),
    fx: usesFx ? fxChange(ends) : '',
    restatement: of('restatement'),
    method: joined(projectMethod(ends)),
  };
  return new Map(PLAYERS.filter((player) => words[player] !== '').map((player) => [player, words[player]]));
}
