import { type CsvError, parse } from 'csv-parse/sync';
import {
  mappedFields,
  mapRows,
  nearest,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  type SourceRow,
} from '#kit';
import { parseJsonLines } from './json-lines.ts';
import type { FileOptions, FileStream } from './options.ts';

const REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is opened but never closed',
  INVALID_OPENING_QUOTE: 'a quote stands in the middle of a cell',
  CSV_INVALID_CLOSING_QUOTE: 'text follows a closing quote',
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: 'text follows a closing quote',
  CSV_MAX_RECORD_SIZE: 'a line is longer than a million characters',
};

/** Rows of one page. Pure. Throws `source/bad-shape` or `source/bad-number` naming file and line. */
export function parsePage(page: RawPage, { stream }: ParseContext<FileOptions, FileStream>): ParsedPage {
  const { file, delimiter, firstLine, headerLines, format } = page.meta;
  if (
    typeof file !== 'string' ||
    typeof delimiter !== 'string' ||
    typeof firstLine !== 'number' ||
    typeof headerLines !== 'number'
  )
    throw new PermanentError('source/bad-shape', 'the page does not say which file it is of');
  if (format === 'ndjson') return parseJsonLines(page.body, { file, firstLine }, stream);
  // Lines of the page that are the header move up, the rest stand where they stood in the file.
  const lineOf = (line: number): number => line - headerLines + firstLine - 1;
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(page.body, {
      delimiter,
      info: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: 1_000_000,
      trim: true,
    }) as unknown as typeof records;
  } catch (thrown) {
    throw malformed(thrown, file, lineOf);
  }
  const columns = stream.header ?? records.shift()?.record ?? [];
  const doubled = columns.find((name, index) => columns.indexOf(name) !== index && mappedFields(stream).includes(name));
  if (doubled !== undefined)
    throw new PermanentError('source/bad-shape', `${file}: two columns are named "${doubled}"`);
  requireColumns(columns, stream, file);
  const rows: SourceRow[] = [];
  for (const { record, info } of records) {
    const place = `${file}, line ${lineOf(info.lines)}`;
    if (record.every((cell) => cell === '')) continue;
    if (record.length !== columns.length)
      throw new PermanentError(
        'source/bad-shape',
        `${place}: ${record.length} columns, where the header has ${columns.length}`,
        { hint: `The delimiter is ${JSON.stringify(delimiter)}; cells that contain it must stand in double quotes.` },
      );
    rows.push({ place, cells: Object.fromEntries(columns.map((name, index) => [name, record[index] ?? ''])) });
  }
  return mapRows(rows, stream, { decimal: stream.decimal, dateFormat: stream.dateFormat });
}

function requireColumns(columns: readonly string[], stream: FileStream, file: string): void {
  const missing = mappedFields(stream).find((name) => !columns.includes(name));
  if (missing === undefined) return;
  const meant = nearest(missing, columns);
  throw new PermanentError('source/bad-shape', `${file}: there is no column "${missing}"`, {
    hint: meant === null ? `It has ${columns.slice(0, 20).join(', ')}.` : `Did you mean "${meant}"?`,
  });
}

function malformed(thrown: unknown, file: string, lineOf: (line: number) => number): PermanentError {
  const error = thrown as Partial<CsvError>;
  const line = typeof error.lines === 'number' ? `, line ${lineOf(error.lines)}` : '';
  const reason = REASONS[error.code ?? ''];
  return new PermanentError('source/bad-shape', `${file}${line}: ${reason ?? error.message ?? 'not CSV'}`, {
    hint: 'Quotes inside a quoted cell are written twice ("").',
    cause: thrown,
  });
}
