import {
  addressOf,
  followedLink,
  type HttpRequest,
  type HttpResponse,
  PermanentError,
  type PullContext,
  type RawPage,
  RetryableError,
  rawPage,
  type StreamContext,
} from '#kit';
import { entityPath } from './address.ts';
import { type Answer, readAnswer } from './answer.ts';
import { Checkpoint } from './checkpoint.ts';
import { errorText } from './error-text.ts';
import { afterKeys, keyFields, keysOf } from './keyset.ts';
import { fetchMetadata } from './metadata.ts';
import type { ODataOptions, ODataStream } from './options.ts';
import { pageQuery } from './query.ts';

type Pull = PullContext<ODataOptions, ODataStream>;

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

/** Pages of an entity set, each followed by the next link of the service or, with `paging: keyset`, by its last keys. */
export function pullPages(ctx: Pull): AsyncIterable<RawPage> {
  return ctx.stream.paging === 'keyset' ? pullByKeys(ctx) : pullByLinks(ctx);
}

function toPage(ctx: Pull, response: HttpResponse, firstRow: number, completeToMs: number | undefined): RawPage {
  const { options, stream } = ctx;
  const meta: PageMeta = { version: options.version, entitySet: stream.entitySet, firstRow };
  return rawPage({ request: {}, response }, meta, completeToMs);
}

/**
 * The server's next link is followed as it is; SAP RAP gives one after 100 rows unless `$top` is there. Where there is
 * none and rows are missing by the service's own count (against the protocol, but it happens), the rest is asked for by
 * `$skip`; only what was counted, or without a count an empty page, ends the pull. Throws `source/partial` rather than
 * give fewer rows than counted.
 */
async function* pullByLinks(ctx: Pull): AsyncIterable<RawPage> {
  const { options, stream } = ctx;
  const path = entityPath(options, stream.entitySet);
  const query = pageQuery(options, stream, ctx.window);
  const headers = { prefer: `odata.maxpagesize=${stream.pageSize}` };
  const followed = new Set<string>();
  const checkpoint = new Checkpoint(stream, ctx.window);
  let request: HttpRequest = { url: path, query, headers };
  let received = 0;
  let counted: number | null = null;
  let skipping = false;
  let previousLast: unknown = null;

  for (;;) {
    const response = await ask(ctx, request);
    const answer: Answer = readAnswer(response.body, options.version);
    counted ??= answer.count;
    if (skipping && isAmong(previousLast, answer.rows))
      throw new RetryableError('source/partial', `stream ${ctx.streamId}: rows moved while pages were read by $skip`, {
        hint: 'Rows were inserted meanwhile, or the service ignores $skip. Name in keys what identifies a row, or take paging: keyset.',
      });
    yield toPage(ctx, response, received + 1, checkpoint.after(answer.rows));
    received += answer.rows.length;
    previousLast = answer.rows.at(-1) ?? previousLast;

    if (answer.nextLink !== null) {
      if (followed.has(answer.nextLink))
        throw new PermanentError(
          'source/bad-shape',
          `stream ${ctx.streamId}: the next link leads back to a page already read`,
          { hint: 'The service pages in a circle. Take paging: keyset, and report it to its maker.' },
        );
      followed.add(answer.nextLink);
      const { rewriteLinks } = options;
      const link = followedLink(answer.nextLink, addressOf(response), { streamId: ctx.streamId, rewriteLinks });
      request = { url: link, headers };
      skipping = false;
      continue;
    }
    if (counted === null ? answer.rows.length === 0 : received >= counted) return;
    if (answer.rows.length === 0)
      throw new RetryableError(
        'source/partial',
        `stream ${ctx.streamId}: the service counted ${counted} rows but sent ${received}`,
        {
          hint: 'Nothing was stored of what is missing. Rows may have been deleted meanwhile; if it stays so, take paging: keyset.',
        },
      );
    request = { url: path, query: { ...query, $skip: String(received) }, headers };
    skipping = true;
  }
}

function isAmong(row: unknown, rows: readonly Record<string, unknown>[]): boolean {
  if (row === null) return false;
  const known = JSON.stringify(row);
  return rows.some((candidate) => JSON.stringify(candidate) === known);
}

/**
 * Each page holds the first rows behind the last one of the page before, in the order of cursor and keys, so that rows
 * that are inserted or deleted meanwhile move no others. A page may be shorter than asked for; only an empty one is the last.
 */
async function* pullByKeys(ctx: Pull): AsyncIterable<RawPage> {
  const { options, stream } = ctx;
  const path = entityPath(options, stream.entitySet);
  const fields = keyFields(await fetchMetadata(ctx.http, options), options, stream);
  const headers = { prefer: `odata.maxpagesize=${stream.pageSize}` };
  const checkpoint = new Checkpoint(stream, ctx.window);
  let received = 0;
  let previous = '';
  for (;;) {
    const response = await ask(ctx, { url: path, query: pageQuery(options, stream, ctx.window, previous), headers });
    const answer = readAnswer(response.body, options.version);
    yield toPage(ctx, response, received + 1, checkpoint.after(answer.rows));
    const last = answer.rows.at(-1);
    if (last === undefined) return;
    received += answer.rows.length;
    const after = afterKeys(fields, keysOf(options.version, fields, last));
    if (after === previous)
      throw new PermanentError(
        'source/bad-shape',
        `stream ${ctx.streamId}: a page ends with the same ${fields.map(({ name }) => name).join(', ')} as the one before`,
        { hint: 'Name in keys what identifies a row; if it does, the service ignores $filter or $orderby.' },
      );
    previous = after;
  }
}
