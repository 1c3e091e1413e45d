import {
  asRecord,
  countPieces,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  PermanentError,
  type PullWindow,
  RetryableError,
  splitWindow,
  wholeSteps,
} from '#kit';
import type { DatadogStream } from './options.ts';
import { withRollup } from './rollup.ts';

const LONGEST_MESSAGE = 500;

/**
 * The intervals that end within the window, in requests that share none: of two windows that touch exactly one has each,
 * and one under way is in none. Both ends lie on multiples of the step, or reruns would cut the first and last interval.
 */
export function* requestsOf(window: PullWindow, stream: DatadogStream): Generator<PullWindow> {
  yield* splitWindow(wholeSteps(window, stream.step), stream.step * stream.pointsPerRequest, stream.step);
}

/** How many requests `requestsOf` gives, without walking through them. */
export function countRequests(window: PullWindow, { step, pointsPerRequest }: DatadogStream): number {
  return countPieces(wholeSteps(window, step), step * pointsPerRequest);
}

/** One query over `span`. Throws typed errors for what the source refuses, also inside HTTP 200. */
export async function queryPoints(
  http: HttpClient,
  stream: DatadogStream,
  streamId: string,
  span: PullWindow,
): Promise<{ request: HttpRequest; response: HttpResponse }> {
  const request = stream.api === 'v1' ? requestV1(stream, span) : requestV2(stream, span);
  const response = await http.request(request);
  refuseError(response, streamId);
  return { request, response };
}

function requestV2(stream: DatadogStream, span: PullWindow): HttpRequest {
  const named = stream.queries ?? { a: stream.query ?? '' };
  const queries = Object.entries(named).map(([name, query]) =>
    typeof query === 'string'
      ? { data_source: 'metrics', name, query: withRollup(query, stream.rollup, stream.step) }
      : { ...query, name },
  );
  return {
    method: 'POST',
    url: 'api/v2/query/timeseries',
    body: {
      data: {
        type: 'timeseries_request',
        attributes: {
          formulas: [{ formula: stream.formula ?? 'a' }],
          queries,
          // Milliseconds; the end is not part of it.
          from: span.fromMs,
          to: span.toMs,
          interval: stream.step,
        },
      },
    },
    explain,
  };
}

function requestV1(stream: DatadogStream, span: PullWindow): HttpRequest {
  const query = withRollup(stream.query ?? '', stream.rollup, stream.step);
  // Seconds, and the end is part of it.
  return { url: 'api/v1/query', query: { from: span.fromMs / 1000, to: span.toMs / 1000 - 1, query }, explain };
}

/** What Datadog says in the body of a refusal: `{"errors": ["…"]}`, v1 also `{"error": "…"}`. */
export function explain(body: string): string | null {
  try {
    const said = saidBy(asRecord(JSON.parse(body)));
    return said === '' ? null : said;
  } catch {
    return null;
  }
}

function saidBy(answer: Record<string, unknown> | null): string {
  const texts = [answer?.['errors'], answer?.['error']].flat();
  return texts
    .map((each) => (typeof each === 'string' ? each : (asRecord(each)?.['detail'] ?? asRecord(each)?.['title'])))
    .filter((each): each is string => typeof each === 'string' && each !== '')
    .join('; ')
    .slice(0, LONGEST_MESSAGE);
}

/** Errors that come with HTTP 200: `errors` beside or in place of data, in v1 `status: error`. */
function refuseError(response: HttpResponse, streamId: string): void {
  const answer = asRecord(response.json());
  const said = saidBy(answer);
  if (said === '' && answer?.['status'] !== 'error') return;
  const message = `stream ${streamId}: Datadog refuses the query: ${said === '' ? 'no reason given' : said}`;
  if (/tim(?:ed|e) ?out|unavailable|try again|internal|overload/i.test(said))
    throw new RetryableError('source/timeout', message, {
      hint: 'The query takes the source too long: lower pointsPerRequest, or narrow its scope.',
    });
  if (hasSeries(answer))
    throw new RetryableError('source/partial', message, {
      hint: 'Part of the answer is missing; it is asked for again.',
    });
  throw new PermanentError('source/bad-request', message, {
    hint: `Correct the query of the stream ${streamId}; the same text can be tried in a notebook of Datadog.`,
  });
}

function hasSeries(answer: Record<string, unknown> | null): boolean {
  const series = asRecord(asRecord(answer?.['data'])?.['attributes'])?.['series'] ?? answer?.['series'];
  return Array.isArray(series) && series.length > 0;
}
