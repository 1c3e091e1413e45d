import { asRecord, badShapeWith, PermanentError, shownValue } from '#kit';

export const badShape = badShapeWith('Check that url leads to the API of New Relic, without /graphql at its end.');

/** Null: there was none. */
export type Value = number | null;

const TIMES: ReadonlySet<string> = new Set(['beginTimeSeconds', 'endTimeSeconds', 'facet', 'comparison', 'timestamp']);

/**
 * The facets of a row by their names. The source repeats each under its attribute's name; `facet` is a text, or a list of
 * texts in the order of `names`.
 */
export function facetsOf(
  row: Record<string, unknown>,
  names: readonly string[],
  place: string,
): Record<string, string> {
  const { facet } = row;
  if (facet === undefined || facet === null) return {};
  const values = Array.isArray(facet) ? facet : [facet];
  return Object.fromEntries(
    values.map((value: unknown, index) => {
      if (typeof value === 'object' && value !== null)
        throw badShape(`${place}: facet ${index + 1} is ${shownValue(value)}, expected a text`);
      return [
        names[index] ?? (values.length === 1 ? 'facet' : `facet${index + 1}`),
        value === null ? '' : String(value),
      ];
    }),
  );
}

/** The value that a row means. Throws `source/bad-shape` where that cannot be told, and for what is no number. */
export function resultOf(
  row: Record<string, unknown>,
  wanted: { facets: readonly string[]; value?: string | undefined; part?: string | undefined },
  place: string,
): Value {
  const results = Object.keys(row).filter((key) => !TIMES.has(key) && !wanted.facets.includes(key));
  const name = wanted.value ?? (results.length === 1 ? results[0] : undefined);
  if (name === undefined || !Object.hasOwn(row, name))
    throw badShape(
      `${place}: ${wanted.value === undefined ? 'there are several results or none' : `there is no result ${shownValue(name)}`}, but ${shownValue(results.slice(0, 10).join(', '))}`,
      'Name the result in value: what stands after AS, or the name that the source gives it.',
    );
  return readValue(row[name], name, wanted.part, place);
}

function readValue(value: unknown, name: string, part: string | undefined, place: string): Value {
  const parts = asRecord(value);
  if (parts !== null) {
    const keys = Object.keys(parts);
    const key = part ?? (keys.length === 1 ? keys[0] : undefined);
    if (key === undefined || !Object.hasOwn(parts, key))
      throw badShape(
        `${place}: ${shownValue(name)} has the parts ${shownValue(keys.slice(0, 10).join(', '))}`,
        'Say in part which of them is meant.',
      );
    return readNumber(parts[key], `${name}.${key}`, place);
  }
  return readNumber(value, name, place);
}

function readNumber(value: unknown, name: string, place: string): Value {
  if (value === null) return null;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  // The source writes these as texts, as JSON knows them not.
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return null;
  throw new PermanentError('source/bad-number', `${place}: ${shownValue(name)} is ${shownValue(value)}, not a number`);
}
