import {
  asRecord,
  mappedFields,
  mapRows,
  nearest,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  type SourceRow,
  type SqlBatch,
  type SqlField,
} from '#kit';
import type { SqlOptions, SqlStream } from './options.ts';

/** A batch of rows as the page that is archived: the server's text of every cell. */
export function bodyOf({ fields, rows }: SqlBatch): string {
  return `{"fields":${JSON.stringify(fields)},"rows":[${rows.map((row) => `\n${JSON.stringify(row)}`).join(',')}\n]}\n`;
}

function readBody(body: string): SqlBatch {
  const broken = (what: string): PermanentError =>
    new PermanentError('source/bad-shape', `the archived page of rows ${what}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw broken('is no JSON');
  }
  const { fields, rows } = asRecord(parsed) ?? {};
  if (!Array.isArray(fields) || !Array.isArray(rows)) throw broken('has no fields or no rows');
  const isField = (field: unknown): field is SqlField => {
    const { name, type } = asRecord(field) ?? {};
    return typeof name === 'string' && typeof type === 'string';
  };
  if (!fields.every(isField)) throw broken('has a field without name or type');
  const isRow = (row: unknown): row is (string | null)[] =>
    Array.isArray(row) &&
    row.length === fields.length &&
    row.every((cell) => cell === null || typeof cell === 'string');
  if (!rows.every(isRow)) throw broken('has a row that does not fit its fields');
  return { fields, rows };
}

/** Throws `source/bad-shape` for a column that is mapped but not selected, or selected twice. */
export function requireColumns(fields: readonly SqlField[], stream: SqlStream): void {
  const names = fields.map(({ name }) => name);
  const wanted = [...mappedFields(stream), ...(stream.cursor === undefined ? [] : [stream.cursor])];
  for (const name of wanted) {
    const count = names.filter((found) => found === name).length;
    if (count > 1)
      throw new PermanentError('source/bad-shape', `the query gives two columns named "${name}"`, {
        hint: 'Give one of them another name: AS …',
      });
    if (count === 1) continue;
    const meant = nearest(name, names);
    throw new PermanentError('source/bad-shape', `the query gives no column "${name}"`, {
      hint:
        meant === null
          ? `It gives ${names.slice(0, 20).join(', ')}; unquoted names are lower case in PostgreSQL.`
          : `Did you mean "${meant}"? Unquoted names are lower case in PostgreSQL.`,
    });
  }
}

/** Rows of one page. Pure. Throws `source/bad-shape` or `source/bad-number` naming row and column. */
export function parsePage(page: RawPage, { stream }: ParseContext<SqlOptions, SqlStream>): ParsedPage {
  const { firstRow } = page.meta;
  if (typeof firstRow !== 'number')
    throw new PermanentError('source/bad-shape', 'the page does not say which rows it holds');
  const { fields, rows } = readBody(page.body);
  requireColumns(fields, stream);
  const sourceRows = rows.map(
    (row, index): SourceRow => ({
      place: `row ${firstRow + index}`,
      cells: Object.fromEntries(fields.map(({ name }, column) => [name, row[column] ?? null])),
    }),
  );
  // A decimal point is all that PostgreSQL writes: "1,234" is then no number that anybody has to guess at.
  return mapRows(sourceRows, stream, { decimal: '.' });
}
