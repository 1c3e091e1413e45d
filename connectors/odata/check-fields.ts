import { type Finding, mappedFields, nearest, unitConversion } from '#kit';
import { type EntityType, type FoundField, fieldAt, type ServiceMetadata } from './metadata.ts';
import { type Cursor, type ODataOptions, type ODataStream, orderOf } from './options.ts';
import { selectedFields } from './query.ts';

const CURRENCY_CODE = /^[A-Z]{3}$/;

function suggestion(meant: string | null, all: readonly string[]): string {
  return meant === null ? `It has ${all.slice(0, 30).join(', ') || 'none'}.` : `Did you mean ${meant}?`;
}

/** A stream against what the service says of its rows. `type` null: the service has no such entity set. */
export function checkFields(
  metadata: ServiceMetadata,
  type: EntityType | null,
  stream: ODataStream,
  options: ODataOptions,
): Finding[] {
  if (type === null) {
    const names = metadata.entitySets.map((set) => set.name);
    return [
      {
        level: 'error',
        aspect: 'metadata',
        message: `the service has no entity set ${stream.entitySet}`,
        hint: suggestion(nearest(stream.entitySet, names), names),
      },
    ];
  }
  // With $apply rows have the names that it gives them.
  const wanted = stream.apply === undefined ? [...new Set([...selectedFields(stream), ...orderOf(stream)])] : [];
  const findings = wanted.flatMap((name) => fieldFindings(metadata, type, stream, name));
  if (stream.cursor !== undefined) findings.push(...cursorFinding(metadata, type, stream.cursor, options));
  if (stream.apply === undefined) findings.push(...unitFindings(metadata, type, stream));
  return findings;
}

function fieldFindings(metadata: ServiceMetadata, type: EntityType, stream: ODataStream, name: string): Finding[] {
  const found = fieldAt(metadata, type, name);
  if (found === null) {
    const known = type.fields.map((field) => field.name);
    return [
      {
        level: 'error',
        aspect: 'metadata',
        message: `${stream.entitySet} has no field ${name}`,
        hint: suggestion(nearest(name, known), known),
      },
    ];
  }
  return navigationFindings(found, stream, name);
}

function navigationFindings({ navigations }: FoundField, { expand }: ODataStream, name: string): Finding[] {
  const list = navigations.find(({ isCollection }) => isCollection);
  if (list !== undefined)
    return [
      {
        level: 'error',
        aspect: 'metadata',
        message: `${name}: ${list.path} leads to many rows`,
        hint: 'Take the entity set of those rows, and reach this one from there.',
      },
    ];
  const missing = navigations
    .map(({ path }) => path)
    .find((path) => !expand.some((one) => `${one}/`.startsWith(`${path}/`)));
  return missing === undefined
    ? []
    : [
        {
          level: 'error',
          aspect: 'metadata',
          message: `${name} lies behind ${missing}, which is not read along`,
          hint: `Write expand: [${navigations.map(({ path }) => path).join(', ')}].`,
        },
      ];
}

function cursorFinding(
  metadata: ServiceMetadata,
  entity: EntityType,
  cursor: Cursor,
  { version }: ODataOptions,
): Finding[] {
  const type = fieldAt(metadata, entity, cursor.field)?.field.type;
  const expected = {
    date: version === 'v4' ? 'Edm.Date' : 'Edm.DateTime',
    datetime: 'Edm.DateTime',
    datetimeoffset: 'Edm.DateTimeOffset',
    yyyymmdd: 'Edm.String',
  }[cursor.type];
  if (type === undefined || type === expected) return [];
  const fitting = {
    'Edm.Date': 'date',
    'Edm.DateTime': 'date or datetime',
    'Edm.DateTimeOffset': 'datetimeoffset',
    'Edm.String': 'yyyymmdd',
  };
  const hint = Object.entries(fitting).find(([edm]) => edm === type)?.[1];
  return [
    {
      level: 'error',
      aspect: 'metadata',
      message: `cursor ${cursor.field} is ${type}, which type: ${cursor.type} does not fit`,
      hint: hint === undefined ? 'Take a date field as cursor, or leave the cursor out.' : `Write type: ${hint}.`,
    },
  ];
}

/** What the service says of units and currencies against what the stream declares. */
function unitFindings(metadata: ServiceMetadata, type: EntityType, stream: ODataStream): Finding[] {
  const { costs, measurements, sourceUnit } = stream;
  if (costs !== undefined) {
    const unit = fieldAt(metadata, type, costs.amount)?.field.unit;
    if (unit === undefined) return [];
    const declared = typeof costs.currency === 'string' ? costs.currency : costs.currency.value;
    const isCode = typeof costs.currency !== 'string' || CURRENCY_CODE.test(declared);
    const folder = costs.amount.replace(/[^/]*$/, '');
    const said = unit.text ?? `${folder}${unit.field}`;
    if (said === declared) return [];
    return [
      {
        // A literal in place of a field may be right: where all rows have that currency.
        level: isCode && unit.text === undefined ? 'warning' : 'error',
        aspect: 'unit',
        message: `the service says that ${costs.amount} is in ${unit.text === undefined ? `the currency of ${said}` : said}; the stream takes ${isCode ? declared : `that of ${declared}`}`,
        hint: `Write currency: ${said}${isCode && unit.text === undefined ? `, unless every row is in ${declared}` : ''}.`,
      },
    ];
  }
  const value = measurements?.value;
  const unit = value === undefined ? undefined : fieldAt(metadata, type, value)?.field.unit;
  if (value === undefined || measurements === undefined || unit === undefined) return [];
  if (unit.field !== undefined) {
    if (typeof sourceUnit === 'object' || mappedFields(stream).includes(unit.field)) return [];
    return [
      {
        level: 'warning',
        aspect: 'unit',
        message: `the service says that ${value} is in the unit of ${unit.field}; the stream takes ${sourceUnit ?? measurements.unit} for all rows`,
        hint: `Write sourceUnit: { field: ${unit.field}, map: { … } }, so that a row of another unit is noticed.`,
      },
    ];
  }
  const declared = typeof sourceUnit === 'string' ? sourceUnit : measurements.unit;
  if (unit.text === undefined || unit.text === declared) return [];
  const isKnown = unitConversion(unit.text, measurements.unit) !== null;
  return [
    {
      level: isKnown ? 'error' : 'warning',
      aspect: 'unit',
      message: `the service says that ${value} is in ${unit.text}, the stream takes ${declared}`,
      hint: isKnown
        ? `Write sourceUnit: ${unit.text}; values are then converted to ${measurements.unit}.`
        : `Make sure that ${unit.text} and ${declared} are the same.`,
    },
  ];
}
