import type { LocalDate, Project } from '../types.ts';
import { canonicalJson } from '../value/canonical.ts';
import type { RoiInput } from '../value/input.ts';
import type { Coalition, Player } from './players.ts';

export interface Ends {
  from: RoiInput;
  to: RoiInput;
}

export const same = (a: unknown, b: unknown): boolean => canonicalJson(a) === canonicalJson(b);

/** The end that a player's inputs are taken from. */
export function endOf(ends: Ends, coalition: Coalition, player: Player): RoiInput {
  return coalition.has(player) ? ends.to : ends.from;
}

const TIMING = ['startsOn', 'horizonEndsOn', 'timing'] as const;
/** How money of all dates is weighed. */
const METHOD = ['currency', 'timeZone', 'convention', 'discount', 'priceBasis', 'costRisk'] as const;

/** Method, and over it timing: no field of a project that bears on a realised figure belongs to anybody else. */
export function hybridProject(ends: Ends, coalition: Coalition): Project {
  const timing = endOf(ends, coalition, 'timing').project;
  return {
    ...endOf(ends, coalition, 'method').project,
    startsOn: timing.startsOn,
    horizonEndsOn: timing.horizonEndsOn,
    timing: timing.timing,
  };
}

const WORDS: Record<string, string> = {
  startsOn: 'start',
  endsOn: 'end',
  horizonEndsOn: 'end of the horizon',
  timing: 'flow timing',
  timeZone: 'time zone',
  discount: 'discount rates',
  priceBasis: 'price basis',
  costRisk: 'cost risk',
  hasStarted: 'whether it has started',
  startRule: 'start rule',
  dropOff: 'drop-off',
  stockValuation: 'stock valuation',
  benefitClass: 'benefit class',
};

/** `start 2026-01-01 → 2026-02-01, discount rates`: the fields that differ; short values are shown. */
export function differences(before: object, after: object, fields: readonly string[]): string {
  const at = (record: object, field: string): unknown => Reflect.get(record, field);
  return fields
    .filter((field) => !same(at(before, field) ?? null, at(after, field) ?? null))
    .map((field) => {
      const [a, b] = [at(before, field), at(after, field)];
      const name = WORDS[field] ?? field;
      return typeof a === 'string' && typeof b === 'string' ? `${name} ${a} → ${b}` : name;
    })
    .join(', ');
}
export const projectTiming = ({ from, to }: Ends): string => differences(from.project, to.project, TIMING);
export const projectMethod = ({ from, to }: Ends): string => differences(from.project, to.project, METHOD);

const earlierOf = (a: LocalDate, b: LocalDate): LocalDate => (a < b ? a : b);
type Fx = Pick<RoiInput, 'fxRates' | 'fxQuotes'>;

/** Exchange rates of dates that both snapshots had seen: those of later ones come with the time that passed, not as a change. */
function settled(ends: Ends, input: RoiInput): Fx {
  const until = earlierOf(ends.from.asOf, ends.to.asOf);
  return {
    fxRates: input.fxRates.filter(({ validFrom }) => validFrom <= until),
    fxQuotes: input.fxQuotes.filter(({ date }) => date <= until),
  };
}

export function hybridFx(ends: Ends, coalition: Coalition): Fx {
  const known = settled(ends, endOf(ends, coalition, 'fx'));
  const later = ends.from.asOf < ends.to.asOf ? ends.to : ends.from;
  const until = earlierOf(ends.from.asOf, ends.to.asOf);
  return {
    fxRates: [...known.fxRates, ...later.fxRates.filter(({ validFrom }) => validFrom > until)],
    fxQuotes: [...known.fxQuotes, ...later.fxQuotes.filter(({ date }) => date > until)],
  };
}

/** Empty when no exchange rate of a settled date differs. */
export function fxChange(ends: Ends): string {
  const list = (input: RoiInput): Set<string> => {
    const { fxRates, fxQuotes } = settled(ends, input);
    return new Set([...fxRates, ...fxQuotes].map((each) => canonicalJson(each)));
  };
  const [before, after] = [list(ends.from), list(ends.to)];
  const changed = [...after].filter((each) => !before.has(each)).length;
  const gone = [...before].filter((each) => !after.has(each)).length;
  const count = Math.max(changed, gone);
  return count === 0 ? '' : `${count} exchange ${count === 1 ? 'rate' : 'rates'} of past dates`;
}
