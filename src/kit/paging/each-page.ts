import type { RawPage } from '../connector.ts';
import { PermanentError } from '../errors.ts';
import type { HttpClient, HttpRequest, HttpResponse } from '../ports.ts';

/** Beyond this a source is taken to page without an end. */
const MOST_PAGES = 1_000_000;

export interface Answered {
  request: HttpRequest;
  response: HttpResponse;
  /** From 1. */
  number: number;
}

/**
 * Asks for page after page. `next` looks at an answer and gives the request for the following one, null after the last:
 * follow the source's own link or token; without one stop on an empty page only, never on a short one.
 * Throws `source/bad-shape` when a request comes that was already made (a circle), and whatever `next` throws.
 */
export async function* eachPage(
  http: HttpClient,
  first: HttpRequest,
  next: (answered: Answered) => HttpRequest | null | Promise<HttpRequest | null>,
  { streamId, signal, mostPages = MOST_PAGES }: { streamId: string; signal: AbortSignal; mostPages?: number },
): AsyncGenerator<Answered, void, undefined> {
  const made = new Set<string>();
  let request: HttpRequest | null = first;
  for (let number = 1; request !== null; number++) {
    signal.throwIfAborted();
    const key = JSON.stringify([request.method, request.url, request.query, request.headers, request.body]);
    if (made.has(key))
      throw new PermanentError(
        'source/bad-shape',
        `stream ${streamId}: page ${number} would be asked for a second time: the source pages in a circle`,
        { hint: 'Check the order and the paging of the stream; nothing was stored.' },
      );
    if (number > mostPages)
      throw new PermanentError('source/too-large', `stream ${streamId}: more than ${mostPages} pages`, {
        hint: 'Narrow the stream, or pull a shorter window.',
      });
    made.add(key);
    const answered: Answered = { request, response: await http.request(request), number };
    yield answered;
    request = await next(answered);
  }
}

/** An answer as the page that is archived; `meta` is all that `parse` knows besides the body. */
export function rawPage(
  { request, response }: { request: Pick<HttpRequest, 'method'>; response: HttpResponse },
  meta: Record<string, unknown>,
  completeToMs?: number,
): RawPage {
  return {
    body: response.body,
    contentType: response.headers['content-type'] ?? 'application/json',
    request: { method: request.method ?? 'GET', url: response.url },
    receivedAtMs: response.receivedAtMs,
    meta,
    ...(completeToMs === undefined ? {} : { completeToMs }),
  };
}
