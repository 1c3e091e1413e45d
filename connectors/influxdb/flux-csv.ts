import { type CsvError, parse as parseCsv } from 'csv-parse/sync';
import { badShapeWith, PermanentError } from '#kit';

const badShape = badShapeWith('Check that url leads to InfluxDB 2 itself.');

/** One table of annotated CSV, or the part of it that one header stands above. */
interface FluxTable {
  columns: readonly string[];
  /** As `#datatype` says: `double`, `long`, `dateTime:RFC3339` … */
  types: readonly string[];
  /** Whether the column is part of the group key. */
  isGroup: readonly boolean[];
  rows: string[][];
}

/**
 * Annotated CSV as InfluxDB 2 answers it: tables one after the other, each with its own annotations, separated by empty
 * lines. Empty cells are the column's default. Throws `source/bad-shape` for what is none.
 */
export function readFluxTables(body: string, place: string): FluxTable[] {
  const tables: FluxTable[] = [];
  let annotations = new Map<string, string[]>();
  let table: FluxTable | null = null;
  for (const { record, line } of recordsOf(body, place)) {
    const [mark = ''] = record;
    if (record.length === 1 && mark.trim() === '') continue;
    if (mark.startsWith('#')) {
      if (table !== null) annotations = new Map();
      table = null;
      annotations.set(mark.slice(1), record.slice(1));
      continue;
    }
    if (table === null) {
      const types = annotations.get('datatype');
      if (types === undefined || types.length !== record.length - 1)
        throw badShape(
          `${place}: line ${line} is no header below #datatype, but ${JSON.stringify(record.join(',').slice(0, 80))}`,
        );
      table = {
        columns: record.slice(1),
        types,
        isGroup: (annotations.get('group') ?? []).map((each) => each === 'true'),
        rows: [],
      };
      tables.push(table);
      continue;
    }
    if (record.length - 1 !== table.columns.length)
      throw badShape(
        `${place}: line ${line} has ${record.length - 1} columns, where the header has ${table.columns.length}`,
      );
    const defaults = annotations.get('default') ?? [];
    table.rows.push(record.slice(1).map((cell, index) => (cell === '' ? (defaults[index] ?? '') : cell)));
  }
  return tables;
}

function recordsOf(body: string, place: string): { record: string[]; line: number }[] {
  try {
    const parsed = parseCsv(body, {
      bom: true,
      info: true,
      relax_column_count: true,
      max_record_size: 1_000_000,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return parsed.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (thrown) {
    const { lines, message } = thrown as Partial<CsvError>;
    throw new PermanentError(
      'source/bad-shape',
      `${place}: line ${lines ?? '?'} is not CSV: ${(message ?? '').slice(0, 200)}`,
      {
        cause: thrown,
      },
    );
  }
}

/** An error that arises while rows are sent comes as a table of its own, after status 200. */
export function fluxError(body: string): string | null {
  const at = /^[^\r\n]*,error,reference\r?\n(?:[^\r\n]*\r?\n)??,([^\r\n]*)/m.exec(body);
  if (at === null) return null;
  return (at[1] ?? '')
    .replace(/,[^,]*$/, '')
    .replace(/^"|"$/g, '')
    .slice(0, 500);
}
