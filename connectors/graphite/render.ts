import {
  countPointParts,
  floorTo,
  type HttpClient,
  type HttpResponse,
  PermanentError,
  type PointRange,
  type PullWindow,
  splitPoints,
} from '#kit';
import type { GraphiteStream } from './options.ts';

/**
 * The points of a half-open window, on whole multiples of the step, in chunks that share none. A point at t stands for
 * [t, t + step): as an interval it belongs to the window in which it ends, so that of two windows that touch exactly one has
 * it and one that is not over is in none; as an instant to the window that holds it.
 */
export function* chunksOf(window: PullWindow, stream: GraphiteStream): Generator<PointRange> {
  yield* splitPoints(gridOf(window, stream), stream.step, stream.pointsPerRequest);
}

/** The last point lies before the first where the window has none. */
function gridOf({ fromMs, toMs }: PullWindow, { step, sample }: GraphiteStream): PointRange {
  return sample === 'interval'
    ? { firstMs: floorTo(fromMs, step), lastMs: floorTo(toMs, step) - step }
    : { firstMs: floorTo(fromMs + step - 1, step), lastMs: floorTo(toMs - 1, step) };
}

export function countChunks(window: PullWindow, stream: GraphiteStream): number {
  return countPointParts(gridOf(window, stream), stream.step, stream.pointsPerRequest);
}

/** The target, with the function that makes one point a step. Its groups lie on whole multiples of the step, not on `from`. */
function targetOf({ target, aggregate, step }: GraphiteStream): string {
  return aggregate === undefined ? target : `summarize(${target},"${step / 1000}s","${aggregate}",false)`;
}

/**
 * One `/render` by POST: a target may be longer than an address. Never with `maxDataPoints`, which would thin the points out.
 * Throws typed errors for what is refused; `source/bad-shape` for what is no list of series.
 */
export async function render(
  http: HttpClient,
  stream: GraphiteStream,
  streamId: string,
  { firstMs, lastMs }: PointRange,
): Promise<HttpResponse> {
  // `from` itself is not answered, `until` is. With aggregate the whole last step is read.
  const untilMs = stream.aggregate === undefined ? lastMs : lastMs + stream.step - 1000;
  let response: HttpResponse;
  try {
    response = await http.request({
      method: 'POST',
      url: 'render',
      body: {
        target: targetOf(stream),
        from: String(firstMs / 1000 - 1),
        until: String(untilMs / 1000),
        format: 'json',
        // Else the server may give again what it gave a minute ago.
        noCache: 'true',
      },
      bodyType: 'form',
    });
  } catch (thrown) {
    if (!(thrown instanceof PermanentError) || thrown.code !== 'source/bad-request') throw thrown;
    throw new PermanentError('source/bad-request', `stream ${streamId}: ${thrown.message}`, {
      hint: 'Correct target; the same text can be tried in the composer of Graphite.',
      facts: thrown.facts,
    });
  }
  if (!Array.isArray(response.json()))
    throw new PermanentError('source/bad-shape', `stream ${streamId}: the answer is not a list of series`, {
      hint: 'Check that url leads to Graphite, without /render at its end.',
    });
  return response;
}
