/**
 * The labels of a series: of what the source tells it apart by the wanted names alone (undefined: all of them), in the order
 * of their names, so that the same series always looks the same.
 */
export function keptLabels(
  all: readonly (readonly [string, string])[],
  wanted: readonly string[] | undefined,
): Record<string, string> {
  // Not by assignment: a label may have any name, `__proto__` too.
  return Object.fromEntries(
    all
      .filter(([name]) => wanted === undefined || wanted.includes(name))
      .sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)),
  );
}

/** Equal for equal labels, which must be in the order of their names. */
export function labelsKey(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels));
}

/** How many series there are among rows. */
export function countSeries(rows: readonly { labels: Readonly<Record<string, string>> }[]): number {
  return new Set(rows.map(({ labels }) => labelsKey(labels))).size;
}
