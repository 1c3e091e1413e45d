import { type PullContext, type RawPage, RetryableError } from '#kit';
import { readAnswer } from './answer.ts';
import type { NetsuiteOptions, NetsuiteStream } from './options.ts';
import { dayRanges, keyOf, type RowKey, refuseTwin, selectQuery } from './query.ts';
import { runSuiteql } from './suiteql.ts';

/**
 * Pages of the window, a query for each piece of it; rows in the order of the keys. A page that is short is not the last one:
 * only `hasMore: false` ends a piece. A piece that was read to its end is a checkpoint.
 */
export async function* pullRows(ctx: PullContext<NetsuiteOptions, NetsuiteStream>): AsyncIterable<RawPage> {
  const { http, stream, streamId, options, window, signal } = ctx;
  const place = `stream ${streamId}`;
  const ranges = stream.cursor === undefined ? [null] : dayRanges(window, options.timeZone, stream.daysPerQuery);
  let firstRow = 1;
  for (const range of ranges) {
    let last: RowKey | null = null;
    for (let hasMore = true; hasMore; ) {
      signal.throwIfAborted();
      const response = await runSuiteql(http, selectQuery(stream, range, last), stream.pageSize, place);
      const answer = readAnswer(response.body, place);
      for (const [index, row] of answer.rows.entries()) {
        const where = `${place}, row ${firstRow + index}`;
        const key = keyOf(row, stream, where);
        refuseTwin(last, key, stream, where);
        last = key;
      }
      if (answer.hasMore && answer.rows.length === 0)
        throw new RetryableError('source/partial', `${place}: NetSuite says that there are more rows, but sends none`);
      hasMore = answer.hasMore;
      yield {
        body: response.body,
        contentType: response.headers['content-type'] ?? 'application/json',
        request: { method: 'POST', url: response.url },
        receivedAtMs: response.receivedAtMs,
        meta: { firstRow },
        ...(hasMore || range === null ? {} : { completeToMs: range.completeToMs }),
      };
      firstRow += answer.rows.length;
    }
  }
}
