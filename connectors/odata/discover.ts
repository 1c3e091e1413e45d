import { asRecord, type CatalogEntry, type ConnectorContext } from '#kit';
import { readAnswer } from './answer.ts';
import { productOf } from './check-product.ts';
import { errorText } from './error-text.ts';
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

/** Ledgers that keep debit and credit apart: the amount is what one is above the other. */
function bothSides(numbers: readonly EntityField[]): string | undefined {
  const debit = pick(numbers, /^debit.?amount$/i);
  const credit = pick(numbers, /^credit.?amount$/i);
  return debit === undefined || credit === undefined ? undefined : `${debit} - ${credit}`;
}

/** A stream to begin with: field names are real, what they mean is a guess for a person to check. */
export function exampleStream(set: EntitySet, version: ODataVersion): Record<string, unknown> | null {
  const dates = set.fields.filter((field) => cursorType(field.type, version) !== null);
  const numbers = set.fields.filter((field) => NUMBERS.has(field.type) && !set.keys.includes(field.name));
  const texts = set.fields.filter((field) => field.type === 'Edm.String');
  const at = pick(dates, /posting.?date|budat/i, /date|day|datum/i, /./);
  const value = bothSides(numbers) ?? pick(numbers, /amount|hours|quantity|value|count/i, /./);
  if (at === undefined || value === undefined) return null;
  // The time of the last change catches what is posted late.
  const changed = pick(
    dates.filter(({ type }) => type === 'Edm.DateTimeOffset'),
    /(?:changed|modified|last.?change)/i,
  );
  const cursorField = dates.find((field) => field.name === (changed ?? at));
  const type = cursorField === undefined ? null : cursorType(cursorField.type, version);
  const start = { entitySet: set.name, cursor: { field: cursorField?.name ?? at, type }, pageSize: 1000 };
  const unit = numbers.find((field) => field.name === value)?.unit;
  const currency = unit?.of === 'currency' ? unit.field : pick(texts, /currency|waers|curr/i);
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
    ...(unit?.of === 'unit' && unit.field !== undefined ? { sourceUnit: { field: unit.field } } : {}),
    measurements: {
      at,
      covers: dates.some(({ name, type: edm }) => name === at && cursorType(edm, version) === 'date') ? '1d' : '0s',
      value,
      unit: unit?.text ?? (/hours/i.test(value) ? 'h' : 'units'),
      // With its keys each row is a series of its own: of two rows of a day none is lost.
      labels: [...new Set([...set.keys, ...labels])].slice(0, set.keys.length + 2),
      timeZone: 'UTC',
    },
  };
}

const streamId = (name: string): string =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
    .toLowerCase();

/** More than these are not listed: a service with hundreds of companies would drown what is looked for. */
const MOST_COMPANIES = 20;

interface Company {
  id: string;
  name: string;
}

/** Companies of Business Central, whose rows lie below each of them. */
async function companiesOf(ctx: ConnectorContext<ODataOptions>): Promise<Company[]> {
  const response = await ctx.http.request({
    url: 'companies',
    query: { ...ctx.options.parameters, $select: 'id,name,displayName' },
    headers: { accept: 'application/json' },
    explain: errorText,
  });
  return readAnswer(response.body, 'v4').rows.flatMap(({ id, name, displayName }) => {
    const shown = displayName === '' || displayName === undefined ? name : displayName;
    return typeof id === 'string' && typeof shown === 'string' ? [{ id, name: shown }] : [];
  });
}

/**
 * Entity sets that have both a date and a number, each as a stream with the service's own field names; those of Business
 * Central once for each company, unless the connector names one.
 */
export async function discoverStreams(ctx: ConnectorContext<ODataOptions>): Promise<CatalogEntry[]> {
  const metadata = await fetchMetadata(ctx.http, ctx.options);
  const entries = metadata.entitySets.flatMap((set): CatalogEntry[] => {
    const stream = exampleStream(set, metadata.version);
    if (stream === null) return [];
    const fields = set.fields.map((field) => `${field.name} ${field.type.replace(/^Edm\./, '')}`);
    const title = `${set.name}: ${fields.join(', ')}${stateWarning(set, stream)}`;
    return [{ id: streamId(set.name), title, unit: unitOf(set, stream), stream }];
  });
  if (productOf(metadata) !== 'business-central' || ctx.options.company !== undefined) return entries;
  const companies = (await companiesOf(ctx)).slice(0, MOST_COMPANIES);
  return companies.flatMap(({ id, name }) =>
    entries.map(({ stream, ...entry }) => ({
      ...entry,
      // Names of companies may be long and alike; the beginnings of their ids are not.
      id: `${entry.id.slice(0, 54)}-${id.slice(0, 8).toLowerCase()}`,
      title: `${name}, ${entry.title}`,
      stream: { ...stream, entitySet: `companies(${id})/${stream['entitySet']}` },
    })),
  );
}

/**
 * Documents have states whose names only the service knows: drafts and what is cancelled cost nothing. (What is reversed has
 * its reversal beside it, and both count.)
 */
export function stateWarning(set: EntitySet, stream: Record<string, unknown>): string {
  const state = pick(set.fields, /status$|state$|is.?cancel/i);
  if (state === undefined || stream['costs'] === undefined) return '';
  return `; leave drafts and cancelled rows out by filter, see ${state}`;
}

/** What the service says of the unit of the field that became the value. */
function unitOf(set: EntitySet, stream: Record<string, unknown>): string | null {
  const value = asRecord(stream['costs'])?.['amount'] ?? asRecord(stream['measurements'])?.['value'];
  const unit = set.fields.find(({ name }) => name === value)?.unit;
  return unit?.text ?? (unit?.field === undefined ? null : `as ${unit.field} says`);
}
