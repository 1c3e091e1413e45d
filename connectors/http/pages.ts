import {
  type Answered,
  addressOf,
  eachPage,
  followedLink,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  isMoreDue,
  nextLinkOfHeader,
  type PageCount,
  PermanentError,
  RetryableError,
  shownValue,
  type TemplateValues,
} from '#kit';
import { buildRequest, type Filling, withCursor } from './build-request.ts';
import { type AnswerDocument, fieldOf, locate, readDocument } from './document.ts';
import type { Paginate, RequestOptions } from './request-options.ts';
import { governed, judge, type RuleContext } from './rules.ts';

export interface AnsweredPage extends Answered {
  document: AnswerDocument;
  /** Why a rule ignores the answer; null: it counts. */
  ignored: string | null;
}
export interface PageContext extends Omit<Filling, 'values'>, Omit<RuleContext, 'request'> {
  http: HttpClient;
  signal: AbortSignal;
  /** Everything but `cursor`. */
  values: TemplateValues;
  bindings: Record<string, unknown>;
  /** Rows or items of an answer: what pages are counted by. */
  entries(document: AnswerDocument): Promise<unknown[]>;
}

/** All pages of one request. Throws what the rules make of an answer, and `source/…` where paging cannot go on. */
export async function* pagesOf(options: RequestOptions, ctx: PageContext): AsyncGenerator<AnsweredPage> {
  const judged = new WeakMap<HttpResponse, Pick<AnsweredPage, 'document' | 'ignored'>>();
  const rules: RuleContext = { ...ctx, request: options };
  // What a rule calls a refusal for the moment is asked again where the chain stands, as what the status says already is.
  const client: HttpClient = {
    request: (request) =>
      ctx.http.repeat === undefined ? ask(ctx.http, request) : ctx.http.repeat((plain) => ask(plain, request)),
  };
  async function ask(http: HttpClient, request: HttpRequest): Promise<HttpResponse> {
    const response = await http.request(governed(request, rules));
    const ignored = await judge(response, rules);
    if (ignored === null) {
      if (options.format === 'json') response.json();
      else if (response.body.trim() === '' && options.format !== 'ndjson') throw emptyAnswer(options, ctx.streamId);
    }
    judged.set(response, { ignored, document: readDocument(response.body, options) });
    return response;
  }
  const paging = options.paginate === undefined ? null : createPaging(options, options.paginate, ctx);
  const pageOf = (answered: Answered): AnsweredPage => {
    const found = judged.get(answered.response);
    if (found === undefined) throw new PermanentError('internal', 'an answer that nobody has read');
    return { ...answered, ...found };
  };
  const next = async (answered: Answered): Promise<HttpRequest | null> => {
    const page = pageOf(answered);
    return page.ignored === null && paging !== null ? await paging.next(page) : null;
  };
  const first = paging === null ? buildRequest(options, ctx) : paging.first();
  for await (const answered of eachPage(client, first, next, ctx)) yield pageOf(answered);
}

function emptyAnswer({ format }: RequestOptions, streamId: string): RetryableError {
  return new RetryableError('source/empty-answer', `stream ${streamId}: the answer is empty, where ${format} was due`, {
    hint: 'If that is how the source says "nothing", add the rule { when: \'$ = ""\', then: ignore }.',
  });
}

interface Paging {
  first(): HttpRequest;
  next(page: AnsweredPage): Promise<HttpRequest | null>;
}

function createPaging(options: RequestOptions, paginate: Paginate, ctx: PageContext): Paging {
  const requestWith = (cursor: unknown): HttpRequest => {
    const values: TemplateValues = (name) => (name === 'cursor' ? cursor : ctx.values(name));
    const request = buildRequest(options, { ...ctx, values });
    return 'into' in paginate ? withCursor(request, paginate.into, cursor) : request;
  };
  const linked = (link: unknown, { request, response }: AnsweredPage): HttpRequest | null => {
    if (isBlank(link)) return null;
    if (typeof link !== 'string') throw strange(ctx.streamId, 'the next link', link);
    // The link has the whole query of the next page; the rest of the request stays.
    const { query: _, ...rest } = request;
    return { ...rest, url: followedLink(link, addressOf(response), ctx) };
  };
  const at = (page: AnsweredPage, locator: string): Promise<unknown> =>
    locate(page.document, locator, ctx.extract, { ...ctx.bindings, headers: page.response.headers });
  switch (paginate.kind) {
    case 'link-header':
      return {
        first: () => requestWith(undefined),
        next: async (page) => linked(nextLinkOfHeader(page.response.headers['link']), page),
      };
    case 'next-link':
      return { first: () => requestWith(undefined), next: async (page) => linked(await at(page, paginate.at), page) };
    case 'cursor':
      return {
        first: () => requestWith(undefined),
        async next(page) {
          if (paginate.hasMore !== undefined && !isYes(await at(page, paginate.hasMore))) return null;
          const cursor = await at(page, paginate.at);
          return isBlank(cursor) ? null : requestWith(cursor);
        },
      };
    case 'keyset':
      return {
        first: () => requestWith(undefined),
        async next(page) {
          if (paginate.hasMore !== undefined && !isYes(await at(page, paginate.hasMore))) return null;
          const entries = await ctx.entries(page.document);
          if (entries.length === 0) return null;
          const cursor = fieldOf(entries.at(-1), paginate.field);
          if (isBlank(cursor))
            throw new PermanentError(
              'source/bad-shape',
              `stream ${ctx.streamId}: the last row has no ${paginate.field}`,
              {
                hint: 'Check paginate.field: it names a field of the rows.',
              },
            );
          return requestWith(cursor);
        },
      };
    default:
      return countedPaging(paginate, requestWith, at, ctx);
  }
}

function countedPaging(
  paginate: Extract<Paginate, { kind: 'offset' | 'page' }>,
  requestWith: (cursor: unknown) => HttpRequest,
  at: (page: AnsweredPage, locator: string) => Promise<unknown>,
  ctx: PageContext,
): Paging {
  const progress = { received: 0, pages: 0 };
  const optional = async <T>(page: AnsweredPage, locator: string | undefined, read: (found: unknown) => T) =>
    locator === undefined ? null : read(await at(page, locator));
  const count = (what: string) => (found: unknown) => {
    if (isBlank(found)) return null;
    const number = Number(found);
    if (!Number.isSafeInteger(number) || number < 0) throw strange(ctx.streamId, what, found);
    return number;
  };
  return {
    first: () => requestWith(paginate.kind === 'offset' ? paginate.start : paginate.first),
    async next(page) {
      const rows = (await ctx.entries(page.document)).length;
      const seen: PageCount = {
        rows,
        hasMore: await optional(page, paginate.hasMore, isYes),
        total: await optional(page, paginate.total, count('the total')),
        totalPages: await optional(
          page,
          paginate.kind === 'page' ? paginate.totalPages : undefined,
          count('the number of pages'),
        ),
      };
      progress.received += rows;
      progress.pages += 1;
      if (!isMoreDue(seen, progress, ctx.streamId)) return null;
      return requestWith(
        paginate.kind === 'offset' ? paginate.start + progress.received : paginate.first + progress.pages,
      );
    },
  };
}

const isBlank = (value: unknown): boolean => value === undefined || value === null || value === '' || value === false;
const isYes = (value: unknown): boolean => value === true || value === 'true' || value === 1 || value === '1';

function strange(streamId: string, what: string, found: unknown): PermanentError {
  return new PermanentError('source/bad-shape', `stream ${streamId}: ${what} is ${shownValue(found)}`, {
    hint: 'Check paginate: it leads to something else.',
  });
}
