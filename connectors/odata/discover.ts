import type { CatalogEntry, ConnectorContext } from '#kit';
import { type EntityField, type EntitySet, fetchMetadata } from './metadata.ts';
import type { CursorType, ODataOptions, ODataVersion } from './options.ts';

const NUMBERS = new Set(['Edm.Decimal', 'Edm.Double', 'Edm.Single', 'Edm.Int16', 'Edm.Int32', 'Edm.Int64']);

function cursorType(type: string, version: ODataVersion): CursorType | null {
  if (type === 'Edm.Date' || (type === 'Edm.DateTime' && version === 'v2')) return 'date';
  return type === 'Edm.DateTimeOffset' ? 'datetimeoffset' : null;
}

/** The field whose name says most clearly what it is; the patterns come best first. */
function pick(fields: readonly EntityField[], ...patterns: RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = fields.find((field) => pattern.test(field.name));
    if (found !== undefined) return found.name;
  }
  return undefined;
}

/** A stream to begin with: field names are real, what they mean is a guess for a person to check. */
export function exampleStream(set: EntitySet, version: ODataVersion): Record<string, unknown> | null {
  const dates = set.fields.filter((field) => cursorType(field.type, version) !== null);
  const numbers = set.fields.filter((field) => NUMBERS.has(field.type) && !set.keys.includes(field.name));
  const texts = set.fields.filter((field) => field.type === 'Edm.String');
  const at = pick(dates, /posting.?date|budat/i, /date|day|datum/i, /./);
  const value = pick(numbers, /amount|hours|quantity|value|count/i, /./);
  if (at === undefined || value === undefined) return null;
  const cursorField = dates.find((field) => field.name === at);
  const type = cursorField === undefined ? null : cursorType(cursorField.type, version);
  const start = { entitySet: set.name, cursor: { field: at, type }, pageSize: 1000 };
  const currency = pick(texts, /currency|waers|curr/i);
  const reference = pick(texts, /wbs|project|order/i, /cost.?cent/i);
  if (currency !== undefined && reference !== undefined && /amount|value|cost/i.test(value)) {
    const costs: Record<string, unknown> = {
      sourceKey: set.keys,
      projectRef: reference,
      kind: 'actual',
      amount: value,
      currency,
      postingDate: at,
    };
    const pool = pick(texts, /cost.?element|account/i);
    const document = pick(texts, /document/i);
    const text = pick(texts, /text|description/i);
    if (pool !== undefined) costs['pool'] = pool;
    if (document !== undefined) costs['document'] = document;
    if (text !== undefined) costs['text'] = text;
    return { ...start, costs };
  }
  const labels = texts.filter((field) => !/text|description|comment/i.test(field.name)).map((field) => field.name);
  return {
    ...start,
    measurements: {
      at,
      covers: type === 'date' ? '1d' : '0s',
      value,
      unit: /hours/i.test(value) ? 'h' : 'units',
      labels: labels.slice(0, 3),
      timeZone: 'UTC',
    },
  };
}

const streamId = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 63);

/** Entity sets that have both a date and a number, each as a stream with the service's own field names. */
export async function discoverStreams(ctx: ConnectorContext<ODataOptions>): Promise<CatalogEntry[]> {
  const metadata = await fetchMetadata(ctx.http, ctx.options);
  return metadata.entitySets.flatMap((set) => {
    const stream = exampleStream(set, metadata.version);
    if (stream === null) return [];
    const fields = set.fields.map((field) => `${field.name} ${field.type.replace(/^Edm\./, '')}`);
    return [{ id: streamId(set.name), title: `${set.name}: ${fields.join(', ')}`, unit: null, stream }];
  });
}
