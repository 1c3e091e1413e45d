import {
  allOf,
  asRecord,
  exactPageJson,
  fieldsToRead,
  mappedFields,
  mapRows,
  namedCells,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  type RowMapping,
  recordsIn,
  textOfScalar,
} from '#kit';
import type { TrytonOptions, TrytonStream } from './options.ts';
import { resultOf } from './rpc.ts';

/** Seconds of the units in which a length of time may be named: `duration:hours`. */
const SECONDS: Readonly<Record<string, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const LENGTH = /^(.+):(seconds|minutes|hours|days)$/;

/** Fields that Tryton is asked for; dotted ones are read through the relation. */
export const fieldsOf = (mapping: RowMapping): string[] => [
  ...new Set(fieldsToRead(mappedFields(mapping)).map((name) => LENGTH.exec(name)?.[1] ?? name)),
];

/** Records of an answer; throws `source/bad-shape` when it holds none, and what the answer says of an error. */
export function recordsOf(answer: unknown, what: string): Record<string, unknown>[] {
  const result = resultOf(answer, what);
  if (!Array.isArray(result)) throw new PermanentError('source/bad-shape', `${what}: the result is no list of records`);
  return recordsIn(result, what);
}

/** `account.code` stands in `{"account.": {"code": …}}`. Undefined: there is no such field; null: the relation is empty. */
export function fieldAt(record: Record<string, unknown>, path: string): unknown {
  const dot = path.indexOf('.');
  if (dot < 0) return Object.hasOwn(record, path) ? record[path] : undefined;
  const relation = `${path.slice(0, dot)}.`;
  if (!Object.hasOwn(record, relation)) return undefined;
  const related = asRecord(record[relation]);
  return related === null ? null : fieldAt(related, path.slice(dot + 1));
}

const padded = (value: unknown, length: number): string => textOfScalar(value ?? 0).padStart(length, '0');

/** Values that JSON has no form for come as `{"__class__": …}`; date-times are in UTC. */
export function plainValue(cell: unknown): unknown {
  const tagged = asRecord(cell);
  switch (tagged?.['__class__']) {
    case 'Decimal':
      return tagged['decimal'];
    case 'date':
      return `${padded(tagged['year'], 4)}-${padded(tagged['month'], 2)}-${padded(tagged['day'], 2)}`;
    case 'datetime': {
      const date = `${padded(tagged['year'], 4)}-${padded(tagged['month'], 2)}-${padded(tagged['day'], 2)}`;
      const time = `${padded(tagged['hour'], 2)}:${padded(tagged['minute'], 2)}:${padded(tagged['second'], 2)}`;
      return `${date}T${time}.${padded(tagged['microsecond'], 6)}Z`;
    }
    case 'timedelta':
      return tagged['seconds'];
    default:
      return cell;
  }
}

function cellOf(record: Record<string, unknown>, name: string): unknown {
  const [, field, unit] = LENGTH.exec(name) ?? [];
  if (field === undefined || unit === undefined) return plainValue(fieldAt(record, name));
  const cell = fieldAt(record, field);
  if (cell === null || cell === undefined) return cell;
  const seconds = asRecord(cell)?.['__class__'] === 'timedelta' ? Number(textOfScalar(plainValue(cell))) : Number.NaN;
  if (Number.isFinite(seconds)) return String(seconds / (SECONDS[unit] ?? 1));
  throw new PermanentError('source/bad-shape', `field "${field}" is no length of time, which ":${unit}" asks for`, {
    hint: `Name the field without ":${unit}".`,
  });
}

/** One page of `search_read` as measurements or cost lines. */
export function parsePage(page: RawPage, { stream, streamId }: ParseContext<TrytonOptions, TrytonStream>): ParsedPage {
  const answer = exactPageJson(page.body, `stream ${streamId}`);
  return allOf(mapRecords(recordsOf(answer, `model ${stream.model}`), stream), stream);
}

export function mapRecords(records: readonly Record<string, unknown>[], stream: TrytonStream): ParsedPage {
  const names = mappedFields(stream);
  const rows = records.map((record) => ({
    place: `${stream.model} ${textOfScalar(record['id'] ?? 'without id').slice(0, 40)}`,
    cells: namedCells(names, (name) => cellOf(record, name)),
  }));
  return mapRows(rows, stream);
}
