import { countPieces, type PullContext, type PullWindow, type RawPage, rawPage, splitWindow, wholeSteps } from '#kit';
import { runNrql } from './nerdgraph.ts';
import { withWindow } from './nrql.ts';
import type { NewRelicOptions, NewRelicStream } from './options.ts';

/**
 * The intervals that end within the window, in requests that share none: of two windows that touch exactly one has each,
 * and one under way is in none.
 */
function* requestsOf(window: PullWindow, { step, bucketsPerRequest }: NewRelicStream): Generator<PullWindow> {
  yield* splitWindow(wholeSteps(window, step), step * bucketsPerRequest, step);
}

/** How many requests `requestsOf` gives, without walking through them. */
export function countRequests(window: PullWindow, { step, bucketsPerRequest }: NewRelicStream): number {
  return countPieces(wholeSteps(window, step), step * bucketsPerRequest);
}

/** One page for each request; each is a checkpoint, as requests go on in time. */
export async function* pullBuckets(ctx: PullContext<NewRelicOptions, NewRelicStream>): AsyncGenerator<RawPage> {
  const { stream, streamId, window, signal } = ctx;
  for (const span of requestsOf(window, stream)) {
    signal.throwIfAborted();
    const answered = await runNrql(ctx, `stream ${streamId}`, withWindow(stream.nrql, stream.step, span));
    yield rawPage(answered, { stepMs: stream.step, ...span }, Math.max(span.toMs, window.fromMs));
  }
}
