import {
  asRecord,
  type Extractor,
  type HttpRequest,
  type HttpResponse,
  type OutturnError,
  PermanentError,
  RetryableError,
  shownValue,
} from '#kit';
import { readDocument } from './document.ts';
import type { RequestOptions, Rule } from './request-options.ts';

/** What is needed of an answer to judge it. */
type Judged = Pick<HttpResponse, 'status' | 'body'> & {
  headers?: Record<string, string>;
  retryAfterMs?: number | undefined;
};

export interface RuleContext {
  /** In order; the first one that fits counts. */
  rules: readonly Rule[];
  request: RequestOptions;
  extract: Extractor;
  streamId: string;
}

const statusesOf = ({ status }: Rule): (number | string)[] =>
  status === undefined ? ['2xx'] : Array.isArray(status) ? status : [status];

const isOf = (status: number, rule: Rule): boolean =>
  statusesOf(rule).some((one) => one === status || one === `${Math.floor(status / 100)}xx`);

/** What the client leaves to the rules: their statuses, and which answers refuse the credentials. */
export function governed(request: HttpRequest, ctx: RuleContext): HttpRequest {
  const statuses = new Set<number>();
  for (const rule of ctx.rules)
    for (const one of statusesOf(rule)) {
      if (typeof one === 'number') statuses.add(one);
      else for (let status = Number(one[0]) * 100, end = status + 100; status < end; status += 1) statuses.add(status);
    }
  const refreshes = ctx.rules.some((rule) => rule.then === 'refresh-token');
  return {
    ...request,
    // Whether it is JSON is asked after the rules: an answer that one of them ignores need be none.
    expect: 'text',
    acceptStatuses: [...statuses].filter((status) => status > 299),
    explain: explainBody,
    ...(refreshes ? { isRefused: async (answer) => (await fitting(answer, ctx))?.then === 'refresh-token' } : {}),
  };
}

async function fitting(answer: Judged, ctx: RuleContext): Promise<Rule | null> {
  for (const rule of ctx.rules) {
    if (!isOf(answer.status, rule)) continue;
    if (rule.when === undefined || (await evaluated(rule.when, answer, ctx)) === true) return rule;
  }
  return null;
}

/** JSONata over the body: its JSON, or the text that it is. */
async function evaluated(
  expression: string,
  { status, body, headers = {} }: Judged,
  ctx: RuleContext,
): Promise<unknown> {
  let json = JSON.stringify(body);
  if (isJson(body)) json = body;
  else if (status < 300 && ctx.request.format === 'xml' && /^\s*</.test(body))
    json = readDocument(body, ctx.request).json();
  return await ctx.extract.evaluate({ expression, body: json, bindings: { status, headers } });
}

function isJson(body: string): boolean {
  try {
    JSON.parse(body);
    return true;
  } catch {
    return false;
  }
}

/**
 * What the rules say of an answer: null, go on; a text, it is ignored and that is why. Throws what they make of it, and
 * the usual error of its status where none fits.
 */
export async function judge(response: HttpResponse, ctx: RuleContext): Promise<string | null> {
  const rule = await fitting(response, ctx);
  if (rule === null) {
    if (response.status > 299) throw errorOf(response, null, await wordsFor(null, response, ctx), ctx.streamId);
    return null;
  }
  const words = await wordsFor(rule, response, ctx);
  if (rule.then === 'ignore') return words ?? `the source answered ${response.status}, which a rule ignores`;
  throw errorOf(response, rule, words, ctx.streamId);
}

async function wordsFor(rule: Rule | null, response: HttpResponse, ctx: RuleContext): Promise<string | null> {
  if (rule?.message !== undefined) {
    const said = await evaluated(rule.message, response, ctx);
    if (said !== undefined && said !== null && said !== '')
      return (typeof said === 'string' ? said : shownValue(said)).slice(0, 500);
  }
  return explainBody(response.body);
}

const MEANINGS: Readonly<Record<number, NonNullable<Rule['meaning']>>> = {
  401: 'unauthorised',
  403: 'forbidden',
  404: 'not-found',
};
const HINTS: Readonly<Record<NonNullable<Rule['meaning']>, string>> = {
  unauthorised: 'The source does not accept the credentials: check auth, and whether they have expired.',
  forbidden: 'The credentials are known but lack the permission to read this.',
  'not-found': 'Check the path in the stream, and what its templates fill in.',
  'bad-request': 'Check the request of the stream; a rule may say what the answer means.',
  partial: 'The source says that its answer is incomplete: nothing was stored, the window is read again.',
};

function errorOf(response: HttpResponse, rule: Rule | null, words: string | null, streamId: string): OutturnError {
  const { status, retryAfterMs } = response;
  const message = `stream ${streamId}: the source answered ${status}${words === null ? '' : `: ${words}`}`;
  const facts = { status };
  const then = rule?.then ?? (status >= 500 || status === 429 || status === 408 ? 'retry' : 'fail');
  if (then === 'refresh-token')
    return new PermanentError('source/unauthorised', `${message} (also after logging in anew)`, {
      hint: HINTS.unauthorised,
      facts,
    });
  if (then === 'retry') {
    const code = status === 429 ? 'source/rate-limited' : status === 408 ? 'source/timeout' : 'source/server-error';
    return new RetryableError(code, message, { facts, retryAfterMs: retryAfterMs ?? rule?.after });
  }
  const meaning = rule?.meaning ?? MEANINGS[status] ?? 'bad-request';
  const details = { hint: HINTS[meaning], facts };
  return meaning === 'partial'
    ? new RetryableError('source/partial', message, details)
    : new PermanentError(`source/${meaning}`, message, details);
}

const WORDS = ['message', 'error_description', 'detail', 'description', 'title', 'reason', 'error', 'msg', 'errors'];

/** What a source says in an error answer, by the names that most of them use; null: nothing that is known. */
export function explainBody(body: string): string | null {
  try {
    return wordsIn(JSON.parse(body), 0);
  } catch {
    const text = /<(?:\w+:)?(?:message|faultstring|error)\b[^>]*>([^<]{1,500})</i.exec(body.slice(0, 20_000))?.[1];
    return text?.trim() ?? null;
  }
}

function wordsIn(value: unknown, depth: number): string | null {
  if (typeof value === 'string') return value.trim() === '' ? null : value.trim().slice(0, 300);
  if (depth > 3) return null;
  if (Array.isArray(value)) return wordsIn(value[0], depth + 1);
  const record = asRecord(value);
  if (record === null) return null;
  for (const name of WORDS) {
    const found = Object.hasOwn(record, name) ? wordsIn(record[name], depth + 1) : null;
    if (found !== null) return found;
  }
  return null;
}
