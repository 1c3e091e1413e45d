import { localDateTimeMs, PermanentError, type PullContext, type RawPage, readTime, type SqlBatch } from '#kit';
import { bodyOf, requireColumns } from './answer.ts';
import { addressOf, connectionOf, zoneOf } from './connection.ts';
import type { SqlOptions, SqlStream } from './options.ts';
import { compileQuery } from './query.ts';

/** The rows of the query over the window, a page for each batch. */
export async function* pullRows(ctx: PullContext<SqlOptions, SqlStream>): AsyncIterable<RawPage> {
  const { options, stream, window } = ctx;
  const timeZone = zoneOf(stream);
  const query = {
    ...compileQuery(stream.query, stream.parameters, window),
    timeoutMs: options.statementTimeout,
    batchRows: options.batchRows,
    timeZone,
  };
  const request = { method: 'QUERY', url: addressOf(options) };
  let firstRow = 1;
  let reachedMs = -Infinity;
  for await (const batch of ctx.sql.query(connectionOf(options), query, ctx.signal)) {
    requireColumns(batch.fields, stream);
    const page: RawPage = {
      body: bodyOf(batch),
      contentType: 'application/json',
      request,
      receivedAtMs: ctx.nowMs(),
      meta: { firstRow },
    };
    if (stream.cursor !== undefined && batch.rows.length > 0) {
      reachedMs = lastOf(batch, stream.cursor, timeZone, { firstRow, reachedMs });
      if (reachedMs > window.fromMs) page.completeToMs = Math.min(reachedMs, window.toMs);
    }
    yield page;
    firstRow += batch.rows.length;
  }
}

/** The cursor of the last row, when all stand in order. */
function lastOf(
  { fields, rows }: SqlBatch,
  cursor: string,
  timeZone: string,
  { firstRow, reachedMs }: { firstRow: number; reachedMs: number },
): number {
  const column = fields.findIndex(({ name }) => name === cursor);
  let last = reachedMs;
  rows.forEach((row, index) => {
    const place = `row ${firstRow + index}`;
    const atMs = instantOf(row[column] ?? null, timeZone);
    if (atMs === null)
      throw new PermanentError('source/bad-shape', `${place}: the cursor "${cursor}" is no date or time`, {
        hint: 'Select a date or a timestamp that is never NULL, or leave cursor out.',
      });
    if (atMs < last)
      throw new PermanentError(
        'source/bad-shape',
        `${place}: the rows are not in the order of the cursor "${cursor}"`,
        {
          hint: `Write ORDER BY ${cursor} at the end of the query, or leave cursor out.`,
        },
      );
    last = atMs;
  });
  return last;
}

function instantOf(cell: string | null, timeZone: string): number | null {
  const read = readTime(cell);
  if (read.kind === 'instant') return read.epochMs;
  if (read.kind === 'local') return localDateTimeMs(read.dateTime, timeZone);
  return read.kind === 'date' ? localDateTimeMs(`${read.date}T00:00`, timeZone) : null;
}
