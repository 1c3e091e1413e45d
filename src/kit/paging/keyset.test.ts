import { describe, expect, it } from 'vitest';
import { byKeyAlone, fromTheBeginning, type KeysetRow, type KeysetStep, nextKeysetStep } from './keyset.ts';

interface Stored {
  /** What it is sorted by; shown in whole units. */
  at: number;
  key: number;
}
const shown = (row: Stored): KeysetRow => ({ at: String(Math.floor(row.at)), key: String(row.key) });

/** A source that answers a step as a database would: times finer than shown, pages of at most `limit` rows. */
function answer(table: readonly Stored[], step: KeysetStep, limit: number): Stored[] {
  const rest = table.filter(({ key }) => !step.except.includes(String(key)));
  if (step.kind === 'within')
    return rest
      .filter((row) => (step.at === null || shown(row).at === step.at) && row.key > Number(step.after ?? -1))
      .sort((left, right) => left.key - right.key)
      .slice(0, limit);
  const from = step.at === null ? Number.NEGATIVE_INFINITY : Number(step.at) + (step.isAbove ? 1 : 0);
  return rest
    .filter(({ at }) => at >= from)
    .sort((left, right) => left.at - right.at || left.key - right.key)
    .slice(0, limit);
}

function readAll(
  table: readonly Stored[],
  options: { limit: number; mostExcept: number; isExact: boolean; saysMore?: boolean; first?: KeysetStep },
) {
  const keys: number[] = [];
  let requests = 0;
  let step: KeysetStep | null = options.first ?? fromTheBeginning;
  while (step !== null) {
    const page = answer(table, step, options.limit);
    const hasMore = options.saysMore === true ? answer(table, step, options.limit + 1).length > options.limit : null;
    keys.push(...page.map(({ key }) => key));
    step = nextKeysetStep(step, page.map(shown), { ...options, hasMore });
    if (++requests > 200) throw new Error('it never ends');
  }
  return { keys, requests };
}

describe('a table read in the order of a time and a key', () => {
  const spread = Array.from({ length: 23 }, (_, key) => ({ at: Math.floor(key / 3) + ((key * 7) % 3) / 10, key }));
  const together = Array.from({ length: 40 }, (_, key) => ({ at: key < 3 ? 1 : 2 + ((key * 7) % 10) / 100, key }));

  it.each([1, 2, 3, 5, 100])('gives every row once, in pages of %i', (limit) => {
    const { keys } = readAll(spread, { limit, mostExcept: 10, isExact: false });
    expect(keys.toSorted((left, right) => left - right)).toEqual(spread.map(({ key }) => key));
  });

  it.each([1, 4, 7])('reads many rows of one shown time by their keys, in pages of %i', (limit) => {
    const { keys } = readAll([...together, { at: 3, key: 99 }], { limit, mostExcept: 5, isExact: false });
    expect(keys.toSorted((left, right) => left - right)).toEqual([...together.map(({ key }) => key), 99]);
  });

  it('goes on behind the last key where times are shown as they are stored', () => {
    const exact = together.map(({ at, key }) => ({ at: Math.floor(at), key }));
    const { keys } = readAll(exact, { limit: 7, mostExcept: 0, isExact: true });
    expect(keys).toEqual(exact.map(({ key }) => key));
  });

  it('needs no empty page where the source says that there is no more', () => {
    const told = readAll(spread, { limit: 10, mostExcept: 10, isExact: false, saysMore: true });
    expect(told.keys).toHaveLength(23);
    expect(told.requests).toBe(readAll(spread, { limit: 10, mostExcept: 10, isExact: false }).requests - 1);
  });

  it('is read by the key alone where it has no time', () => {
    const { keys } = readAll(spread, { limit: 5, mostExcept: 5, isExact: true, first: byKeyAlone });
    expect(keys).toEqual(spread.map(({ key }) => key));
  });

  it('a source that does not heed the filter is noticed', () => {
    const step: KeysetStep = { kind: 'from', at: '1', isAbove: false, except: ['4'] };
    expect(() =>
      nextKeysetStep(step, [{ at: '1', key: '4' }], { mostExcept: 5, isExact: true, hasMore: null }),
    ).toThrow('sends 4 again, which was excluded');
  });
});
