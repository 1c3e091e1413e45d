import {
  allOf,
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
import type { OdooOptions, OdooStream } from './options.ts';
import { resultOf } from './rpc.ts';

/** Fields that Odoo is asked for: `.id` and `.name` choose a side of what a many2one field gives. */
export const fieldsOf = (mapping: RowMapping): string[] => [
  ...new Set(fieldsToRead(mappedFields(mapping)).map((name) => name.replace(/\.(id|name)$/, ''))),
];

/** Records of an answer; throws `source/bad-shape` when it holds none, and what the answer says of an error. */
export function recordsOf(answer: unknown, api: OdooOptions['api'], what: string): Record<string, unknown>[] {
  const result = resultOf(answer, api, what);
  if (!Array.isArray(result))
    throw new PermanentError('source/bad-shape', `${what}: the answer is no list of records`, {
      hint: 'Check url and api: another service, or another version of Odoo, may have answered.',
    });
  return recordsIn(result, what);
}

const DATE_TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})$/;

/**
 * One field. Odoo writes false for empty, whatever the type; a many2one as `[id, name]`; a date-time in UTC without
 * saying so.
 */
function cellOf(record: Record<string, unknown>, name: string, times: ReadonlySet<string>): unknown {
  const [, base = name, side = 'id'] = /^(.+)\.(id|name)$/.exec(name) ?? [];
  if (!Object.hasOwn(record, base)) return undefined;
  const cell = record[base];
  if (cell === false) return null;
  if (Array.isArray(cell) && cell.length === 2 && typeof cell[1] === 'string') return cell[side === 'id' ? 0 : 1];
  if (typeof cell === 'string' && times.has(name)) return cell.replace(DATE_TIME, '$1T$2Z');
  return cell;
}

/** One page of `search_read` as measurements or cost lines. */
export function parsePage(
  page: RawPage,
  { options, stream, streamId }: ParseContext<OdooOptions, OdooStream>,
): ParsedPage {
  const answer = exactPageJson(page.body, `stream ${streamId}`);
  const { api } = page.meta;
  const records = recordsOf(
    answer,
    api === 'json-2' || api === 'json-rpc' ? api : options.api,
    `model ${stream.model}`,
  );
  return allOf(mapRecords(records, stream), stream);
}

export function mapRecords(records: readonly Record<string, unknown>[], stream: OdooStream): ParsedPage {
  const names = mappedFields(stream);
  const { measurements, costs } = stream;
  const times = new Set([measurements?.at, costs?.postingDate, costs?.cashDate].filter((name) => name !== undefined));
  const rows = records.map((record) => ({
    place: `${stream.model} ${textOfScalar(record['id'] ?? 'without id').slice(0, 40)}`,
    cells: namedCells(names, (name) => cellOf(record, name, times)),
  }));
  return mapRows(rows, stream);
}
