import {
  type HttpRequest,
  type HttpResponse,
  PermanentError,
  type PullContext,
  type RawPage,
  RetryableError,
  type StreamContext,
} from '#kit';
import { errorText, readAnswer } from './answer.ts';
import type { ODataOptions, ODataStream } from './options.ts';
import { firstQuery } from './query.ts';

/** What parse needs besides the body; archived with the page. */
export interface PageMeta extends Record<string, unknown> {
  version: ODataOptions['version'];
  entitySet: string;
  /** Number of the page's first row in the whole answer, from 1: for messages. */
  firstRow: number;
}

/** Asks the service for JSON; what an OData error object says becomes the reason of a refusal. */
export async function ask(
  { http }: Pick<StreamContext<ODataOptions, ODataStream>, 'http'>,
  request: HttpRequest,
): Promise<HttpResponse> {
  return await http.request({
    ...request,
    headers: { accept: 'application/json', ...request.headers },
    explain: errorText,
  });
}

/**
 * Pages of an entity set. The server's next link is followed as it is; SAP RAP gives one after 100 rows unless `$top` is
 * there. Where there is none and rows are missing by the service's own count (against the protocol, but it happens), the
 * rest is asked for by `$skip`; only what was counted, or without a count an empty page, ends the pull. Throws
 * `source/partial` rather than give fewer rows than counted.
 */
export async function* pullPages(ctx: PullContext<ODataOptions, ODataStream>): AsyncIterable<RawPage> {
  const { options, stream } = ctx;
  const query = firstQuery(options, stream, ctx.window);
  const headers = { prefer: `odata.maxpagesize=${stream.pageSize}` };
  const followed = new Set<string>();
  let request: HttpRequest = { url: stream.entitySet, query, headers };
  let received = 0;
  let counted: number | null = null;
  let skipping = false;
  let previousLast: string | null = null;

  for (;;) {
    const response = await ask(ctx, request);
    const answer = readAnswer(response.body, options.version);
    counted ??= answer.count;
    if (skipping && previousLast !== null && answer.rows.some((row) => JSON.stringify(row) === previousLast))
      throw new RetryableError('source/partial', `stream ${ctx.streamId}: rows moved while pages were read by $skip`, {
        hint: 'Rows were inserted meanwhile, or the service ignores $skip. Name in keys what identifies a row.',
      });
    const meta: PageMeta = { version: options.version, entitySet: stream.entitySet, firstRow: received + 1 };
    yield {
      body: response.body,
      contentType: response.headers['content-type'] ?? 'application/json',
      request: { method: 'GET', url: response.url },
      receivedAtMs: response.receivedAtMs,
      meta,
    };
    received += answer.rows.length;
    const last = answer.rows.at(-1);
    if (last !== undefined) previousLast = JSON.stringify(last);

    if (answer.nextLink !== null) {
      if (followed.has(answer.nextLink))
        throw new PermanentError(
          'source/bad-shape',
          `stream ${ctx.streamId}: the next link leads back to a page already read`,
          {
            hint: 'The service pages in a circle; report it to its maker, with $orderby of this stream.',
          },
        );
      followed.add(answer.nextLink);
      request = { ...linkedRequest(answer.nextLink, response, ctx), headers };
      skipping = false;
      continue;
    }
    if (counted === null ? answer.rows.length === 0 : received >= counted) return;
    if (answer.rows.length === 0)
      throw new RetryableError(
        'source/partial',
        `stream ${ctx.streamId}: the service counted ${counted} rows but sent ${received}`,
        {
          hint: 'Nothing was stored. Rows may have been deleted meanwhile; if it stays so, lower pageSize or narrow filter.',
        },
      );
    request = { url: stream.entitySet, query: { ...query, $skip: String(received) }, headers };
    skipping = true;
  }
}

/** A next link as a request to the configured service; another host is refused, or replaced with `rewriteLinks`. */
function linkedRequest(
  link: string,
  response: HttpResponse,
  ctx: PullContext<ODataOptions, ODataStream>,
): { url: string } {
  const home = new URL(response.url).origin;
  if (/^[a-z][a-z0-9+.-]*:/i.test(link) || link.startsWith('//')) {
    if (!URL.canParse(link, home))
      throw new PermanentError('source/bad-shape', `stream ${ctx.streamId}: the next link is no address`);
    const target = new URL(link, home);
    if (target.origin === home) return { url: target.href };
    if (ctx.options.rewriteLinks) return { url: `${home}${target.pathname}${target.search}` };
    throw new PermanentError(
      'source/blocked-address',
      `stream ${ctx.streamId}: the next link leads to ${target.origin}, not to ${home}`,
      { hint: 'If the service stands behind a proxy and names its inner host, set rewriteLinks: true.' },
    );
  }
  if (link.startsWith('/')) return { url: `${home}${link}` };
  // Relative to the page it came in (RFC 3986); the client puts the service's own path before it.
  const folder = ctx.stream.entitySet.replace(/[^/]*$/, '');
  return { url: link.startsWith('?') ? `${ctx.stream.entitySet}${link}` : `${folder}${link}` };
}
