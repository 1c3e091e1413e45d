import {
  asRecord,
  countPointParts,
  floorTo,
  type HttpClient,
  type HttpResponse,
  OutturnError,
  PermanentError,
  type PointRange,
  type PullWindow,
  RetryableError,
  splitPoints,
  textOfScalar,
} from '#kit';
import type { PrometheusOptions, PrometheusStream } from './options.ts';

/** First and last point of one request, both asked for and both answered. */
export interface Chunk {
  startMs: number;
  endMs: number;
}

/**
 * The points of a half-open window, on whole multiples of the step, in chunks that share none.
 *
 * The server starts wherever it is told to: only a start that is a multiple of the step gives the same time stamps in
 * every run. An `instant` point belongs to the window that holds it; an `interval` point at t tells about [t − step, t)
 * and belongs to the window in which it ends, so that of two windows that touch exactly one has it, and intervals that
 * are not over yet are in none.
 */
export function* chunksOf(window: PullWindow, stream: PrometheusStream): Generator<Chunk> {
  const { step, pointsPerRequest } = stream;
  // Both ends are inclusive: the next chunk begins one step after the end of this one.
  for (const { firstMs, lastMs } of splitPoints(gridOf(window, stream), step, pointsPerRequest))
    yield { startMs: firstMs, endMs: lastMs };
}

function gridOf({ fromMs, toMs }: PullWindow, { step, sample }: PrometheusStream): PointRange {
  return sample === 'interval'
    ? { firstMs: floorTo(fromMs, step) + step, lastMs: floorTo(toMs, step) }
    : { firstMs: floorTo(fromMs + step - 1, step), lastMs: floorTo(toMs - 1, step) };
}

/** How many chunks `chunksOf` gives, without walking through them. */
export function countChunks(window: PullWindow, stream: PrometheusStream): number {
  return countPointParts(gridOf(window, stream), stream.step, stream.pointsPerRequest);
}

/** Before this instant nothing is missing once a chunk was read: the next interval begins there, or the next point comes later. */
export function completeToMs({ endMs }: Chunk, { toMs }: PullWindow, { step, sample }: PrometheusStream): number {
  return sample === 'interval' ? endMs : Math.min(endMs + step, toMs);
}

const seconds = (atMs: number): string => String(atMs / 1000);

/**
 * One `query_range`, by POST: a query may be longer than an address. Throws typed errors for what the server refuses, and,
 * unless the options accept it, for an answer that says itself that something is missing.
 */
export async function queryRange(
  http: HttpClient,
  options: PrometheusOptions,
  stream: PrometheusStream,
  streamId: string,
  chunk: Chunk,
): Promise<{ response: HttpResponse; shownUrl: string }> {
  const form = {
    ...options.parameters,
    query: stream.query,
    start: seconds(chunk.startMs),
    end: seconds(chunk.endMs),
    step: seconds(stream.step),
  };
  const response = await http.request({
    method: 'POST',
    url: 'api/v1/query_range',
    body: form,
    bodyType: 'form',
    acceptStatuses: [400, 422, 503],
  });
  const answer = refuseError(response, streamId);
  if (options.partial === 'refuse') refusePartial(answer, streamId, chunk);
  // For people: the same request as an address that can be opened.
  const query = new URLSearchParams(form).toString();
  return { response, shownUrl: `${response.url}${response.url.includes('?') ? '&' : '?'}${query}` };
}

/** `PromQL warning: …`, and how many of them are left out above ten. */
const REMARK = /^(?:PromQL |\d+ more (?:warning|info) annotations omitted$)/;

/** What an answer with status 200 says of its own gaps; remarks on the query are none. */
export function gapsOf(answer: Record<string, unknown> | null): string[] {
  const warnings = Array.isArray(answer?.['warnings']) ? answer['warnings'].map(textOfScalar) : [];
  const gaps = warnings.filter((warning) => !REMARK.test(warning));
  // VictoriaMetrics in a cluster, whose storage nodes did not all answer.
  if (answer?.['isPartial'] === true) gaps.push('isPartial: not every storage node answered');
  return gaps;
}

function refusePartial(answer: Record<string, unknown> | null, streamId: string, { startMs, endMs }: Chunk): void {
  const gaps = gapsOf(answer);
  if (gaps.length === 0) return;
  const span = `${new Date(startMs).toISOString()} to ${new Date(endMs).toISOString()}`;
  const said = gaps.slice(0, 3).join('; ').slice(0, MESSAGE_LENGTH);
  throw new RetryableError('source/partial', `stream ${streamId}: the answer for ${span} is incomplete: ${said}`, {
    hint: 'See to the stores behind the server, or write `partial: accept` to take what there is; sums would then be too low.',
    facts: { gaps: gaps.length },
  });
}

const MESSAGE_LENGTH = 500;

/** The answer, unless it is `{"status": "error", "errorType", "error"}`, with whatever status that comes. */
export function refuseError(response: HttpResponse, streamId: string): Record<string, unknown> | null {
  const answer = asRecord(readJson(response, streamId));
  if (answer?.['status'] !== 'error' && response.status < 300) return answer;
  const type = typeof answer?.['errorType'] === 'string' ? answer['errorType'] : `status ${response.status}`;
  const said = typeof answer?.['error'] === 'string' ? answer['error'].slice(0, MESSAGE_LENGTH) : 'no reason given';
  const message = `stream ${streamId}: Prometheus refuses the query (${type}): ${said}`;
  const facts = { status: response.status, errorType: type };
  const { retryAfterMs } = response;
  switch (type) {
    case 'timeout':
    case 'canceled':
      throw new RetryableError('source/timeout', message, {
        hint: 'The query takes the server too long: lower pointsPerRequest, or use a recording rule.',
        facts,
        retryAfterMs,
      });
    case 'unavailable':
    case 'internal':
      throw new RetryableError('source/server-error', message, { facts, retryAfterMs });
    case 'not_found':
      throw new PermanentError('source/not-found', message, { facts });
    case 'bad_data':
      throw new PermanentError('source/bad-request', message, {
        hint: `Correct query in the stream ${streamId}; the same text can be tried in Prometheus' own expression browser.`,
        facts,
      });
    case 'execution':
      throw new PermanentError('source/bad-request', message, {
        hint: 'The query is well-formed but cannot be evaluated on this data: aggregate further, ask for fewer series, or lower pointsPerRequest.',
        facts,
      });
    default:
      throw response.status >= 500
        ? new RetryableError('source/server-error', message, { facts, retryAfterMs })
        : // VictoriaMetrics gives the status in place of a type.
          new PermanentError('source/bad-request', message, {
            hint: `Correct query in the stream ${streamId}, or lower pointsPerRequest where the source says that there are too many points.`,
            facts,
          });
  }
}

/** A refusal in plain text comes from something in between (proxy, TLS port), not from Prometheus. */
function readJson(response: HttpResponse, streamId: string): unknown {
  try {
    return response.json();
  } catch (thrown) {
    if (response.status < 300 || !(thrown instanceof OutturnError)) throw thrown;
    const message = `stream ${streamId}: answered with status ${response.status}; ${thrown.message}`;
    if (response.status >= 500)
      throw new RetryableError('source/server-error', message, { retryAfterMs: response.retryAfterMs });
    throw new PermanentError('source/bad-request', message, { hint: 'Check that url leads to Prometheus itself.' });
  }
}
