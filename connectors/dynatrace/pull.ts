import { asRecord, eachPage, PermanentError, type PullContext, type RawPage, rawPage } from '#kit';
import type { DynatraceOptions, DynatraceStream } from './options.ts';
import { nextPageKeyOf, nextPageRequest, pointsRequest, requestsOf } from './request.ts';

/** The pages of each request; after the last of one all of its intervals were yielded. */
export async function* pullPoints({
  http,
  options,
  stream,
  streamId,
  window,
  signal,
}: PullContext<DynatraceOptions, DynatraceStream>): AsyncGenerator<RawPage> {
  for (const span of requestsOf(window, stream)) {
    const meta = { stepMs: stream.step, fromMs: span.fromMs, toMs: span.toMs };
    const pages = eachPage(
      http,
      pointsRequest(options, stream, span),
      ({ request, response }) => {
        const key = nextPageKeyOf(response.json());
        return key === null ? null : nextPageRequest(request, key);
      },
      { streamId, signal },
    );
    for await (const answered of pages) {
      const answer = answered.response.json();
      if (asRecord(answer) === null)
        throw new PermanentError('source/bad-shape', `stream ${streamId}: the answer is no object`, {
          hint: 'Check that url leads to the environment, without /api at its end.',
        });
      const isLast = nextPageKeyOf(answer) === null;
      yield rawPage(answered, meta, isLast ? Math.max(span.toMs, window.fromMs) : undefined);
    }
  }
}

/** How many requests a window takes at least; the source no longer pages data points. */
export function countRequests(window: { fromMs: number; toMs: number }, stream: DynatraceStream): number {
  let count = 0;
  for (const _ of requestsOf(window, stream)) count += 1;
  return count;
}
