import {
  type HttpClient,
  type HttpResponse,
  PermanentError,
  type PullContext,
  type RawPage,
  RetryableError,
  rawPage,
} from '#kit';
import { messagesOf, resultsOf } from './answer.ts';
import { type Answer, callCloudwatch, nextTokenOf } from './api.ts';
import { chunksOf, type Grid, gridOf, requestBody, retentionOf } from './metric-data.ts';
import type { CloudwatchOptions, CloudwatchStream } from './options.ts';

/** Beyond this CloudWatch is taken to page without an end. */
const MOST_PAGES = 100_000;
/**
 * Codes of Messages that say that the answer was cut: MaxMetricsExceeded, MaxMatchingResultsExceeded,
 * MaxQueryResultsExceeded, MaxQueryTimeRangeExceeded. AWS lists them nowhere.
 */
const CUT = /^Max\w*Exceeded/;

/** Pages of the window, oldest points first; each chunk that was answered whole is a checkpoint. */
export async function* pullMetricData(ctx: PullContext<CloudwatchOptions, CloudwatchStream>): AsyncIterable<RawPage> {
  const { http, stream, streamId, window, signal } = ctx;
  const retentionMs = retentionOf(stream.period, stream.expression);
  const grid = gridOf(window, stream.period, ctx.nowMs(), `stream ${streamId}`, retentionMs);
  let { lostFromMs } = grid;
  for (const chunk of chunksOf(grid, stream))
    for await (const { response, isLast } of metricData(http, stream, streamId, chunk, signal)) {
      yield rawPage(
        { request: { method: 'POST' }, response },
        { startMs: chunk.startMs, endMs: chunk.endMs, ...(lostFromMs === null ? {} : { lostFromMs }) },
        isLast ? Math.min(Math.max(chunk.endMs, window.fromMs), window.toMs) : undefined,
      );
      lostFromMs = null;
    }
}

/**
 * Every page of one request, by NextToken. The points of a series may go on over pages. Throws `source/partial` before the last
 * page when a series ends incomplete, `source/forbidden` for one that may not be read.
 */
export async function* metricData(
  http: HttpClient,
  stream: CloudwatchStream,
  streamId: string,
  chunk: Grid,
  signal: AbortSignal,
): AsyncGenerator<{ response: HttpResponse; isLast: boolean }> {
  const place = `stream ${streamId}`;
  const states = new Map<string, string>();
  const tokens = new Set<string>();
  for (let token: string | null = null, pages = 1; ; pages++) {
    signal.throwIfAborted();
    const answer = await callCloudwatch(http, 'GetMetricData', requestBody(stream, chunk, token), place);
    refuseCut(answer, place);
    for (const { id, label, statusCode, messages } of resultsOf(answer.content, place)) {
      if (statusCode === 'Forbidden')
        throw new PermanentError(
          'source/forbidden',
          `${place}: CloudWatch does not let ${label} be read${messages.length === 0 ? '' : `: ${messages.join('; ')}`}`,
          {
            hint: 'The key may not read this account’s metrics: see to the link between monitoring and source account.',
          },
        );
      states.set(JSON.stringify([id, label]), statusCode);
    }
    token = nextTokenOf(answer.content, place);
    if (token === null) refuseIncomplete(states, place);
    yield { response: answer.response, isLast: token === null };
    if (token === null) return;
    if (tokens.has(token) || pages >= MOST_PAGES)
      throw new PermanentError('source/bad-shape', `${place}: CloudWatch pages in a circle (page ${pages})`);
    tokens.add(token);
  }
}

function refuseCut({ content }: Answer, place: string): void {
  const cut = messagesOf(content['Messages']).find((message) => CUT.test(message));
  if (cut !== undefined)
    throw new PermanentError('source/partial', `${place}: CloudWatch leaves series out: ${cut}`, {
      hint: 'Narrow SEARCH or the query: more series match than one answer has.',
    });
}

function refuseIncomplete(states: ReadonlyMap<string, string>, place: string): void {
  const of = (state: string): string[] =>
    [...states].flatMap(([series, code]) => (code === state ? [series.slice(0, 200)] : []));
  const failed = of('InternalError');
  if (failed.length > 0)
    throw new RetryableError(
      'source/server-error',
      `${place}: CloudWatch failed inside for ${failed.slice(0, 3).join(', ')}`,
    );
  const partial = of('PartialData');
  if (partial.length > 0)
    throw new RetryableError(
      'source/partial',
      `${place}: the points of ${partial.slice(0, 3).join(', ')} are incomplete`,
      {
        hint: 'Metric math does not page: lower pointsPerRequest, or let the expression read fewer series.',
      },
    );
}
