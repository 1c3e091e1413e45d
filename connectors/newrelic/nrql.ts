import type { PullWindow } from '#kit';

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
];

/** The query without what stands in quotes, backticks or brackets: its own clauses alone. */
function bare(nrql: string): string {
  let text = nrql.replace(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`/g, "''");
  for (let depth = 0; depth < 20 && text.includes('('); depth += 1) text = text.replace(/\([^()]*\)/g, ' ');
  return text;
}

/** A clause that a query must leave to us; null: it has none. A subquery may have its own. */
export function misplacedClause(nrql: string): string | null {
  const found = /\b(?:TIMESERIES|SINCE|UNTIL|LIMIT|SLIDE\s+BY|COMPARE\s+WITH)\b/i.exec(bare(nrql));
  return found === null ? null : found[0].toUpperCase();
}

/**
 * The query over `span` in intervals of `stepMs`. The source counts intervals from the end of the span backwards: both ends
 * lie on multiples of the step, or the intervals would begin anywhere.
 */
export function withWindow(nrql: string, stepMs: number, { fromMs, toMs }: PullWindow): string {
  const [unitMs, unit] = UNITS.find(([ms]) => stepMs % ms === 0) ?? [1000, 'second'];
  const count = stepMs / unitMs;
  const limit = /\bFACET\b/i.test(bare(nrql)) ? ' LIMIT MAX' : '';
  return `${nrql.trim()} SINCE ${fromMs} UNTIL ${toMs} TIMESERIES ${count} ${unit}${count === 1 ? '' : 's'}${limit}`;
}

/** The one metric that a query over Metric reads, where its value keeps the metric's unit; null where that cannot be told. */
export function metricOf(nrql: string): string | null {
  if (!/\bFROM\s+Metric\b/i.test(nrql)) return null;
  const [, selected = ''] = /\bSELECT\s+(.*?)(?:\s+(?:FROM|WHERE|FACET|AS)\b|$)/is.exec(nrql) ?? [];
  const [, quoted, plain] =
    /^(?:average|sum|min|max|latest|earliest|median)\(\s*(?:`([^`]+)`|([\w.]+))\s*\)$/i.exec(selected.trim()) ?? [];
  return quoted ?? plain ?? null;
}
