import { asRecord, mappedFields, mapRows, type ParsedPage, PermanentError, parseExactJson, type SourceRow } from '#kit';
import type { FileStream } from './options.ts';

/** Rows of one page of JSON lines. Throws `source/bad-shape` or `source/bad-number` naming file and line. */
export function parseJsonLines(
  body: string,
  meta: { file: string; firstLine: number },
  stream: FileStream,
): ParsedPage {
  const wanted = mappedFields(stream);
  const rows: SourceRow[] = [];
  body.split(/\r\n|\n|\r/).forEach((line, index) => {
    if (line.trim() === '') return;
    const place = `${meta.file}, line ${meta.firstLine + index}`;
    const record = asRecord(readLine(line, place));
    if (record === null)
      throw new PermanentError('source/bad-shape', `${place}: found no JSON object`, {
        hint: 'Each line must hold one object: { "day": "2026-06-01", "seats": 10 }.',
      });
    rows.push({ place, cells: { ...record, ...nested(record, wanted) } });
  });
  return mapRows(rows, stream, { decimal: stream.decimal, dateFormat: stream.dateFormat });
}

function readLine(line: string, place: string): unknown {
  try {
    return parseExactJson(line);
  } catch (thrown) {
    throw new PermanentError('source/bad-shape', `${place}: not JSON`, {
      hint: /^\s*[[\]{}],?\s*$/.test(line)
        ? 'The file holds one JSON document; JSON lines have one object a line (jq -c ".[]").'
        : 'Each line must hold one whole object.',
      cause: thrown,
    });
  }
}

/** `team.name` finds the name in the team; a key with a dot in it comes first. Absent fields of JSON are null. */
function nested(record: Record<string, unknown>, wanted: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const name of wanted) {
    if (Object.hasOwn(record, name)) continue;
    let value: unknown = record;
    for (const part of name.split('.')) {
      const object = asRecord(value);
      value = object !== null && Object.hasOwn(object, part) ? object[part] : undefined;
    }
    if (value !== undefined) found[name] = value;
    // Writers of JSON lines leave out what is null; a name that no row has is still an error.
    else if (name.includes('.') && Object.hasOwn(record, name.split('.')[0] ?? '')) found[name] = null;
  }
  return found;
}
