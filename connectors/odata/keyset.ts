import { asRecord, PermanentError, readTime, shownValue } from '#kit';
import { entityPath } from './address.ts';
import { valueAt } from './cells.ts';
import { type EntityType, fieldAt, type ServiceMetadata, typeOfPath } from './metadata.ts';
import { type ODataOptions, type ODataStream, type ODataVersion, orderOf } from './options.ts';

/** A field that rows are in order of, and its type. */
export interface KeyField {
  name: string;
  /** `Edm.String` … */
  type: string;
}

/** What tells a stream's rows apart and puts them in order. Throws where the service does not say what they are. */
export function keyFields(metadata: ServiceMetadata, options: ODataOptions, stream: ODataStream): KeyField[] {
  const path = entityPath(options, stream.entitySet);
  const type: EntityType | null = typeOfPath(metadata, path);
  if (type === null)
    throw new PermanentError('source/not-found', `$metadata does not say what rows ${path} has`, {
      hint: 'paging: keyset needs the types of the keys. Check entitySet, or take paging: links.',
    });
  return orderOf(stream).map((name) => {
    const found = fieldAt(metadata, type, name);
    if (found !== null) return { name, type: found.field.type };
    throw new PermanentError('source/bad-request', `${path} has no field ${name} to page by`, {
      hint: 'Name in keys what identifies a row.',
    });
  });
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const V2_SUFFIX: Readonly<Record<string, string>> = {
  'Edm.Decimal': 'M',
  'Edm.Int64': 'L',
  'Edm.Double': 'd',
  'Edm.Single': 'f',
};
const V4_PLAIN = new Set([
  ...['Byte', 'SByte', 'Int16', 'Int32', 'Int64', 'Decimal', 'Double', 'Single'],
  ...['Boolean', 'Date', 'DateTimeOffset', 'TimeOfDay', 'Guid'],
]);

/** A value of the wire as a literal of a filter. Throws `source/bad-shape` where it cannot be one. */
export function literal(version: ODataVersion, { name, type }: KeyField, value: unknown): string {
  const text =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
  if (text === null || text === '')
    if (!(text === '' && type === 'Edm.String'))
      throw new PermanentError(
        'source/bad-shape',
        `field "${name}", which pages follow each other by, is ${shownValue(value)}`,
        {
          hint: 'Name in keys fields that every row has.',
        },
      );
  const found = text ?? '';
  if (type === 'Edm.String') return quoted(found);
  if (version === 'v4' && V4_PLAIN.has(type.replace(/^Edm\./, ''))) return found;
  if (version === 'v2') {
    if (type === 'Edm.DateTime' || type === 'Edm.DateTimeOffset') return dateLiteral(name, type, found);
    if (type === 'Edm.Guid') return `guid${quoted(found)}`;
    if (type === 'Edm.Time') return `time${quoted(found)}`;
    if (V2_SUFFIX[type] !== undefined) return `${found}${V2_SUFFIX[type]}`;
    if (/^Edm\.(Byte|SByte|Int16|Int32|Boolean)$/.test(type)) return found;
  }
  throw new PermanentError('source/bad-shape', `field "${name}" is ${type}, which pages cannot follow each other by`, {
    hint: 'Name other fields in keys: texts, numbers or dates.',
  });
}

function dateLiteral(name: string, type: string, text: string): string {
  const read = readTime(text);
  if (read.kind === 'instant') {
    const instant = new Date(read.epochMs).toISOString();
    return type === 'Edm.DateTime' ? `datetime'${instant.slice(0, -1)}'` : `datetimeoffset'${instant}'`;
  }
  if (read.kind === 'local' && type === 'Edm.DateTime') return `datetime'${read.dateTime}'`;
  throw new PermanentError('source/bad-shape', `field "${name}": found ${shownValue(text)}, expected a V2 date`);
}

/** The literals of a row's keys. */
export function keysOf(version: ODataVersion, fields: readonly KeyField[], row: Record<string, unknown>): string[] {
  return fields.map((field) =>
    literal(version, field, valueAt(asRecord(row) ?? {}, field.name, 'the last row of a page')),
  );
}

/** `a gt 1 or (a eq 1 and (b gt 2))`: the rows after the one with these keys. */
export function afterKeys(fields: readonly KeyField[], literals: readonly string[]): string {
  const [field, ...furtherFields] = fields;
  const [value, ...furtherValues] = literals;
  if (field === undefined || value === undefined) return '';
  if (furtherFields.length === 0) return `${field.name} gt ${value}`;
  return `${field.name} gt ${value} or (${field.name} eq ${value} and (${afterKeys(furtherFields, furtherValues)}))`;
}
