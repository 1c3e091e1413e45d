import { type PullContext, type PullWindow, type RawPage, rawPage, splitWindow } from '#kit';
import { runNrql } from './nerdgraph.ts';
import { withWindow } from './nrql.ts';
import type { NewRelicOptions, NewRelicStream } from './options.ts';

/**
 * The intervals that end within the window, in requests that share none: of two windows that touch exactly one has each,
 * and one under way is in none.
 */
function* requestsOf(window: PullWindow, { step, bucketsPerRequest }: NewRelicStream): Generator<PullWindow> {
  const floor = (atMs: number): number => Math.floor(atMs / step) * step;
  yield* splitWindow({ fromMs: floor(window.fromMs), toMs: floor(window.toMs) }, step * bucketsPerRequest, step);
}

/** How many requests `requestsOf` gives, without walking through them. */
export function countRequests(window: PullWindow, { step, bucketsPerRequest }: NewRelicStream): number {
  const buckets = Math.floor(window.toMs / step) - Math.floor(window.fromMs / step);
  return Math.max(0, Math.ceil(buckets / bucketsPerRequest));
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
