/** A daily metric of some years asks the calendar the same few thousand things, in every valuation again. */
const MOST = 20_000;

/**
 * A pure function of a text that keeps what it found, up to a bound, then begins anew. Results are frozen, for all callers share them;
 * what throws is not kept.
 */
export function remembered<T>(find: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = Object.freeze(find(key));
    if (known.size >= MOST) known.clear();
    known.set(key, found);
    return found;
  };
}
