const MOST_SPOILT = 60;
/** Beyond this a body is spoilt at fewer places: the time of a run must not grow with the longest recording. */
const MOST_BYTES = 400_000;
const REPLACEMENTS: readonly unknown[] = [null, 'spoilt', 1e21, true, {}, []];

/** Variants of a body: JSON with one value replaced or removed, other text cut off or with a byte changed. */
export function spoilt(body: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    const cuts = [0, 1, Math.floor(body.length / 3), Math.floor(body.length / 2), body.length - 1];
    return cuts.flatMap((at) => [
      body.slice(0, at),
      `${body.slice(0, at)}"${body.slice(at + 1)}`,
      `${body.slice(0, at)}\0`,
    ]);
  }
  const paths = pathsOf(value);
  const places = Math.max(3, Math.min(MOST_SPOILT, Math.floor(MOST_BYTES / body.length)));
  const stride = Math.max(1, Math.floor(paths.length / places));
  return paths
    .filter((_, index) => index % stride === 0)
    .flatMap((path) => [
      ...REPLACEMENTS.map((replacement) => JSON.stringify(replaced(value, path, () => replacement))),
      JSON.stringify(replaced(value, path, () => undefined)),
    ]);
}

export function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, index) => pathsOf(item, [...path, index]))];
  if (typeof value === 'object' && value !== null)
    return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
  return [path];
}

export function replaced(value: unknown, path: readonly (string | number)[], by: (old: unknown) => unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return by(value) ?? null;
  if (Array.isArray(value)) return value.map((item, index) => (index === head ? replaced(item, rest, by) : item));
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  const inner = rest.length === 0 ? by(copy[head]) : replaced(copy[head], rest, by);
  if (inner === undefined) delete copy[head];
  else copy[head] = inner;
  return copy;
}

/** The body with every element of its longest list twice; null where it has no list. */
export function withRowsTwice(body: string): string | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  let longest: { path: (string | number)[]; items: unknown[] } | null = null;
  for (const path of pathsOf(value)) {
    const items = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], value);
    if (Array.isArray(items) && items.length > (longest?.items.length ?? 0)) longest = { path, items };
  }
  if (longest === null) return null;
  const { path, items } = longest;
  return JSON.stringify(replaced(value, path, () => items.flatMap((item) => [item, item])));
}
