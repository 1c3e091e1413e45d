import { defineConnector, type PullContext, type PullWindow, type RawPage, RetryableError, rawPage } from '#kit';
import { parseAnswer } from './answer.ts';
import { checkQuery, checkServer } from './check.ts';
import { discoverFields } from './discover.ts';
import { type InfluxdbOptions, type InfluxdbStream, influxdbOptions, influxdbStream } from './options.ts';
import { ask, countQueries, metaOf, piecesOf } from './query.ts';

/** InfluxDB 1, 2 and 3, by InfluxQL, Flux and SQL. */
export const influxdb = defineConnector<InfluxdbOptions, InfluxdbStream>({
  kind: 'influxdb',
  summary: 'Numbers that InfluxQL, Flux or SQL gives, from InfluxDB 1, 2 and 3',
  options: influxdbOptions,
  stream: influxdbStream,
  capabilities: { measurements: true, costs: false, discover: true },
  auth: ['bearer', 'header', 'basic', 'query', 'oauth2', 'none'],
  extent: (stream, window) => ({ isWindowed: true, requests: countQueries(window, stream) }),
  tuning: ['pointsPerRequest'],
  timing: (stream) => ({ intervalMs: stream.step }),
  check: checkServer,
  checkStream: checkQuery,
  discover: discoverFields,
  async *pull(ctx) {
    for (const piece of piecesOf(ctx.window, ctx.stream)) yield* pagesOf(ctx, piece);
  },
  parse: parseAnswer,
});

/** One page, or those of its halves where the source finds the piece too long. */
async function* pagesOf(
  ctx: PullContext<InfluxdbOptions, InfluxdbStream>,
  piece: PullWindow,
): AsyncGenerator<RawPage, void, undefined> {
  const { http, options, stream, streamId, window, signal } = ctx;
  signal.throwIfAborted();
  const { response, tooMuch } = await ask(http, options, stream, streamId, piece);
  if (response !== null)
    return yield rawPage(
      { request: { method: 'POST' }, response },
      metaOf(options, stream, piece),
      Math.min(Math.max(piece.toMs, window.fromMs), window.toMs),
    );
  const steps = Math.floor((piece.toMs - piece.fromMs) / stream.step);
  if (steps < 2)
    throw new RetryableError(
      'source/partial',
      `stream ${streamId}: a single step from ${new Date(piece.fromMs).toISOString()} is too much for the source: ${tooMuch}`,
      { hint: 'Aggregate further in the query, or raise the limit of the server.' },
    );
  const middleMs = piece.fromMs + Math.ceil(steps / 2) * stream.step;
  yield* pagesOf(ctx, { fromMs: piece.fromMs, toMs: middleMs });
  yield* pagesOf(ctx, { fromMs: middleMs, toMs: piece.toMs });
}
