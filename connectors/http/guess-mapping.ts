import { asRecord, readNumber, readTime } from '#kit';
import type { Row } from './rows.ts';

type FieldKind = 'time' | 'epochSeconds' | 'epochMs' | 'number' | 'text' | 'other';
export interface GuessedField {
  name: string;
  kind: FieldKind;
}

const TIME_NAME = /(^|[._-])(at|on|ts|time|timestamp|date|day|created|updated|start|end)([._-]|$)|At$|Time$|Date$/i;

/** The fields of the first rows with what they seem to hold; nested ones as `a.b`. */
export function guessFields(rows: readonly Row[]): GuessedField[] {
  const found = new Map<string, FieldKind>();
  for (const row of rows.slice(0, 20))
    for (const [name, value] of flattened(row)) {
      const known = found.get(name);
      if (known === undefined || known === 'other') found.set(name, kindOf(name, value));
    }
  return [...found].map(([name, kind]) => ({ name, kind }));
}

function flattened(row: Row, prefix = '', depth = 0): [string, unknown][] {
  return Object.entries(row).flatMap(([key, value]): [string, unknown][] => {
    const inner = asRecord(value);
    return inner !== null && depth < 3 ? flattened(inner, `${prefix}${key}.`, depth + 1) : [[prefix + key, value]];
  });
}

function kindOf(name: string, value: unknown): FieldKind {
  if (typeof value === 'object' || typeof value === 'boolean') return 'other';
  const number = readNumber(value);
  if (number.kind === 'number') {
    const size = Number(number.text);
    // 2001 to 2100: numbers of such a size under such a name are times.
    if (TIME_NAME.test(name) && size > 1e9 && size < 4.2e9) return 'epochSeconds';
    if (TIME_NAME.test(name) && size > 1e12 && size < 4.2e12) return 'epochMs';
    return 'number';
  }
  const { kind } = readTime(value);
  return kind === 'invalid' || kind === 'absent' ? 'text' : 'time';
}

const byName = (fields: readonly GuessedField[], ...patterns: RegExp[]): string | undefined => {
  for (const pattern of patterns) {
    const field = fields.find(({ name }) => pattern.test(name));
    if (field !== undefined) return field.name;
  }
  return undefined;
};

/** A mapping to begin with: names are real, what they mean is a guess for a person to check. Null without time or number. */
export function guessMapping(fields: readonly GuessedField[]): Record<string, unknown> | null {
  const times = fields.filter(({ kind }) => kind === 'time' || kind.startsWith('epoch'));
  const numbers = fields.filter(({ kind, name }) => kind === 'number' && !/(^|[._-])id$|Id$/.test(name));
  const texts = fields.filter(({ kind }) => kind === 'text');
  const at = byName(times, /posting|day|date/i, /start|created|time|ts/i, /./);
  const value = byName(numbers, /amount|cost|total/i, /value|count|hours|duration|quantity/i, /./);
  if (at === undefined || value === undefined) return null;
  const atKind = fields.find(({ name }) => name === at)?.kind;
  const common = atKind === 'time' ? {} : { times: { [at]: atKind } };
  const currency = byName(texts, /currency/i);
  const project = byName(texts, /project|wbs|cost.?cent|tag|account/i);
  const id = fields.find(({ name }) => /(^|[._-])(id|key|number|no)$/i.test(name))?.name;
  if (currency !== undefined && id !== undefined && /amount|cost|total|price/i.test(value))
    return {
      ...common,
      costs: {
        sourceKey: [id],
        projectRef: project ?? { value: 'PROJECT' },
        kind: 'actual',
        amount: value,
        currency,
        postingDate: at,
      },
    };
  const labels = texts.map(({ name }) => name).filter((name) => !/url|link|href|description|text|title/i.test(name));
  // With the time, labels must make a row unique: what looks like its id comes first.
  const unique = [...new Set([...(id === undefined || id === value ? [] : [id]), ...labels])];
  return { ...common, measurements: { at, value, unit: 'units', labels: unique.slice(0, 3), timeZone: 'UTC' } };
}

export const describeFields = (fields: readonly GuessedField[]): string =>
  fields
    .slice(0, 40)
    .map(({ name, kind }) => `${name} (${kind})`)
    .join(', ');
