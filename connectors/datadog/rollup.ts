export interface WrittenRollup {
  method: string;
  /** Null: the source chooses. */
  seconds: number | null;
}

/** A name of the source with the scope that follows it, and what it is grouped by: `sum:a.b{c:d} by {e}`. */
const PLAIN = /^\s*(?:[a-z0-9]+:)?[A-Za-z][\w.]*\s*\{[^{}]*\}(?:\s*by\s*\{[^{}]*\})?(?:\.[a-z_]+\([^()]*\))*\s*$/;

/** Every `.rollup(…)` of a metrics query; null: it has none. */
export function rollupOf(query: string): WrittenRollup[] | null {
  const found = [...query.matchAll(/\.rollup\(\s*["']?(\w+)["']?\s*(?:,\s*(\d+)\s*)?\)/g)].map(
    ([, first = '', seconds]): WrittenRollup =>
      /^\d+$/.test(first)
        ? { method: 'avg', seconds: Number(first) }
        : { method: first, seconds: seconds === undefined ? null : Number(seconds) },
  );
  return found.length === 0 ? null : found;
}

/** Whether `.rollup(…)` can stand at the end of it: functions and arithmetic around a query do not take one. */
export function takesRollup(query: string): boolean {
  return PLAIN.test(query);
}

/** The query with its rollup in it, so that neither method nor interval is left to the source. */
export function withRollup(query: string, method: string | undefined, stepMs: number): string {
  if (rollupOf(query) !== null || !takesRollup(query)) return query;
  if (method === undefined && !/\.as_(?:count|rate)\(\)/.test(query)) return query;
  // as_count and as_rate sum on their own; the interval still has to be said.
  return `${query.trim()}.rollup(${method ?? 'sum'}, ${stepMs / 1000})`;
}
