import {
  asRecord,
  exactPageJson,
  mapRows,
  type ParseContext,
  type ParsedPage,
  PermanentError,
  type RawPage,
  recordsIn,
} from '#kit';
import type { NetsuiteOptions, NetsuiteStream } from './options.ts';

/** One answer of the query service; numbers are the digits of the JSON text. */
export interface Answer {
  rows: Record<string, unknown>[];
  hasMore: boolean;
  /** Rows of the whole query; null: not told. */
  total: number | null;
}

/** Reads an answer of SuiteQL. Throws `source/bad-shape` for what is not as documented. */
export function readAnswer(body: string, place: string): Answer {
  const document = asRecord(exactPageJson(body, place));
  const { items, hasMore, totalResults } = document ?? {};
  if (!Array.isArray(items) || typeof hasMore !== 'boolean')
    throw new PermanentError('source/bad-shape', `${place}: the answer has no items, or does not say hasMore`, {
      hint: 'Check accountId and url: the answer is none of SuiteTalk REST.',
    });
  const rows = recordsIn(items, place, 'item');
  const total = typeof totalResults === 'string' && /^\d{1,15}$/.test(totalResults) ? Number(totalResults) : null;
  return { rows, hasMore, total };
}

/** The columns of a row. NetSuite leaves out those that are NULL. */
export function cellsOf(row: Readonly<Record<string, unknown>>, { columns }: NetsuiteStream): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(columns).map((name) => [name, Object.hasOwn(row, name) ? (row[name] ?? null) : null]),
  );
}

/** Rows of one page. Pure. Throws `source/bad-shape` or `source/bad-number` naming row and column. */
export function parsePage(
  page: RawPage,
  { stream, streamId }: ParseContext<NetsuiteOptions, NetsuiteStream>,
): ParsedPage {
  const { firstRow } = page.meta;
  if (typeof firstRow !== 'number')
    throw new PermanentError('source/bad-shape', `stream ${streamId}: the page does not say which rows it holds`);
  const { rows } = readAnswer(page.body, `stream ${streamId}`);
  rows.forEach((row, index) => {
    if (!Object.keys(stream.columns).some((name) => Object.hasOwn(row, name)))
      throw new PermanentError(
        'source/bad-shape',
        `stream ${streamId}, row ${firstRow + index}: none of the columns is there`,
      );
  });
  return mapRows(
    rows.map((row, index) => ({ place: `row ${firstRow + index}`, cells: cellsOf(row, stream) })),
    stream,
    { decimal: '.' },
  );
}
