import { type PullContext, type RawPage, rawPage } from '#kit';
import type { DatadogOptions, DatadogStream } from './options.ts';
import { queryPoints, requestsOf } from './request.ts';

/** One page for each request; each is a checkpoint, as requests go on in time. */
export async function* pullPoints({
  http,
  stream,
  streamId,
  window,
  signal,
}: PullContext<DatadogOptions, DatadogStream>): AsyncGenerator<RawPage> {
  for (const span of requestsOf(window, stream)) {
    signal.throwIfAborted();
    const answered = await queryPoints(http, stream, streamId, span);
    yield rawPage(
      answered,
      { api: stream.api, stepMs: stream.step, fromMs: span.fromMs, toMs: span.toMs },
      Math.max(span.toMs, window.fromMs),
    );
  }
}
