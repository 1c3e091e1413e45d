import {
  allOf,
  exactPageJson,
  fieldsToRead,
  localDateTimeMs,
  mappedFields,
  mapRows,
  namedCells,
  type ParseContext,
  type ParsedPage,
  type RawPage,
  type RowMapping,
  textOfScalar,
} from '#kit';
import type { ErpnextOptions, ErpnextStream } from './options.ts';
import { readList } from './requests.ts';

export const fieldsOf = (mapping: RowMapping): string[] => fieldsToRead(mappedFields(mapping));

const DATE_TIME = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)$/;

/** A time that Frappe wrote, which is one of the site's zone without saying so, as an instant; anything else as it is. */
function withZone(cell: unknown, timeZone: string): unknown {
  const [, date, time] = typeof cell === 'string' ? (DATE_TIME.exec(cell) ?? []) : [];
  if (date === undefined || time === undefined) return cell;
  try {
    return new Date(localDateTimeMs(`${date}T${time}`, timeZone)).toISOString();
  } catch {
    // No time of any calendar: mapRows says what stands there.
    return cell;
  }
}

/** One page of a list as measurements or cost lines. */
export function parsePage(
  page: RawPage,
  { options, stream, streamId }: ParseContext<ErpnextOptions, ErpnextStream>,
): ParsedPage {
  const answer = exactPageJson(page.body, `stream ${streamId}`);
  return allOf(mapDocuments(readList(answer, `DocType ${stream.doctype}`).rows, stream, options.timeZone), stream);
}

export function mapDocuments(
  documents: readonly Record<string, unknown>[],
  stream: ErpnextStream,
  timeZone: string,
): ParsedPage {
  const names = mappedFields(stream);
  const { measurements, costs } = stream;
  const times = new Set([measurements?.at, costs?.postingDate, costs?.cashDate]);
  const read = (document: Record<string, unknown>, name: string): unknown => {
    if (!Object.hasOwn(document, name)) return undefined;
    return times.has(name) ? withZone(document[name], timeZone) : document[name];
  };
  const rows = documents.map((document) => ({
    place: `${stream.doctype} ${textOfScalar(document['name'] ?? 'without name').slice(0, 80)}`,
    cells: namedCells(names, (name) => read(document, name)),
  }));
  // Posting dates are dates of the site; a time among them becomes the date that its clock showed.
  const zoned = costs === undefined ? stream : { ...stream, costs: { ...costs, timeZone: costs.timeZone ?? timeZone } };
  return mapRows(rows, zoned);
}
