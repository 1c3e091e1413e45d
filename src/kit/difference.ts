/** Leads to a value: keys of objects, and what names an element of a list (`id`, first date) instead of its place. */
export type DifferencePath = readonly string[];
export interface Difference {
  path: DifferencePath;
  /** `undefined`: was not there. */
  before: unknown;
  /** `undefined`: is not there any more. */
  after: unknown;
}

/** What names an element of a list, first that all have: moving it is no change, and a new one before it does not shift the rest. */
const naming = ['id', 'metricId', 'sourceKey', 'fromYear', 'afterMonths', 'from'] as const;

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Where two JSON values differ, each place as deep as it goes; what is wholly new or gone is one difference. Elements of
 * lists are compared by what names them, where all of them have names of their own, else by their place.
 */
export function differences(before: unknown, after: unknown, path: DifferencePath = []): Difference[] {
  if (Object.is(before, after)) return [];
  if (Array.isArray(before) && Array.isArray(after)) {
    const name = naming.find((each) => hasUnique(before, each) && hasUnique(after, each));
    return entriesOf(keyed(before, name), keyed(after, name), path);
  }
  if (isFields(before) && isFields(after)) {
    // Of another kind: its fields have nothing to do with those before.
    if ('kind' in before && 'kind' in after && before['kind'] !== after['kind']) return [{ path, before, after }];
    return entriesOf(new Map(Object.entries(before)), new Map(Object.entries(after)), path);
  }
  return [{ path, before, after }];
}

function entriesOf(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  path: DifferencePath,
): Difference[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].flatMap((key) => differences(before.get(key), after.get(key), [...path, key]));
}

const keyed = (list: readonly unknown[], name: string | undefined): Map<string, unknown> =>
  new Map(
    list.map((item, index) => [name === undefined ? String(index + 1) : String((item as Fields)[name]), item] as const),
  );

function hasUnique(list: readonly unknown[], name: string): boolean {
  const values = list.map((item) => (isFields(item) ? item[name] : undefined));
  return values.every((value) => value !== undefined) && new Set(values).size === list.length;
}
