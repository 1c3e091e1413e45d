/** Random numbers that come again with the same seed. */
export interface SeededRandom {
  seed: number;
  /** In [0, 1). */
  next(): number;
  /** Between `least` and `most`, both included. */
  integer(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** An independent sequence of its own: what one part draws does not shift what another draws. */
  branch(name: string): SeededRandom;
}

const RANGE = 2 ** 32;

/** `OUTTURN_FAULT_SEED` when it is set, so that a failure replays, else a new seed. Throws for what is no whole number. */
export function faultSeed(given: string | undefined = process.env['OUTTURN_FAULT_SEED']): number {
  if (given === undefined || given === '') return Math.floor(Math.random() * RANGE);
  if (!/^\d{1,10}$/.test(given) || Number(given) >= RANGE)
    throw new Error(`The seed is a whole number from 0 to ${RANGE - 1}, not “${given}”.`);
  return Number(given);
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  // mulberry32: small, and good enough to spread faults.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / RANGE;
  };
  const integer = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1));
  return {
    seed,
    next,
    integer,
    chance: (probability) => next() < probability,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error('nothing to pick from');
      return items[integer(0, items.length - 1)] as T;
    },
    branch: (name) => seededRandom(hash(`${seed} ${name}`)),
  };
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return value;
}
