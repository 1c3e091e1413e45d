import { asRecord } from '#kit';

/** Values of a dashboard's variables by name, as they are chosen now. */
export type Variables = ReadonlyMap<string, readonly string[]>;

/** `templating.list` of a dashboard. `$__all` stands for what `allValue` says, else for anything (as a regular expression). */
export function variablesOf(dashboard: Record<string, unknown>): Variables {
  const list = asRecord(dashboard['templating'])?.['list'];
  const variables = new Map<string, string[]>();
  for (const item of Array.isArray(list) ? list : []) {
    const variable = asRecord(item);
    const name = variable?.['name'];
    if (variable === null || typeof name !== 'string') continue;
    const value = asRecord(variable['current'])?.['value'] ?? variable['query'];
    const values = (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'string');
    const all = variable['allValue'];
    variables.set(
      name,
      values.map((each) => (each === '$__all' ? (typeof all === 'string' && all !== '' ? all : '.*') : each)),
    );
  }
  return variables;
}

const REFERENCE = /\$\{(\w+)(?:\.\w+)?(?::(\w+))?\}|\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]/g;

/** A JSON value with its references (`$name`, `${name:csv}`, `[[name]]`) filled; those that nobody knows stay. */
export function filled(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string')
    return value.replace(
      REFERENCE,
      (written: string, braced?: string, format?: string, plain?: string, old?: string, oldFormat?: string) => {
        const values = variables.get(braced ?? plain ?? old ?? '');
        return values === undefined || values.length === 0 ? written : joined(values, format ?? oldFormat);
      },
    );
  if (Array.isArray(value)) return value.map((each) => filled(each, variables));
  const record = asRecord(value);
  if (record === null) return value;
  return Object.fromEntries(Object.entries(record).map(([key, each]) => [key, filled(each, variables)]));
}

function joined(values: readonly string[], format: string | undefined): string {
  const [first = ''] = values;
  switch (format) {
    case 'csv':
    case 'raw':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'singlequote':
    case 'sqlstring':
      return values.map((each) => `'${each}'`).join(',');
    case 'doublequote':
      return values.map((each) => `"${each}"`).join(',');
    case 'glob':
      return values.length === 1 ? first : `{${values.join(',')}}`;
    default:
      return values.length === 1 ? first : `(${values.join('|')})`;
  }
}
