import {
  asRecord,
  type ConnectorContext,
  type HttpRequest,
  type HttpResponse,
  PermanentError,
  RetryableError,
  shownValue,
} from '#kit';
import type { NewRelicOptions } from './options.ts';
import { badShape } from './row.ts';

type Asking = Pick<ConnectorContext<NewRelicOptions>, 'http' | 'options' | 'signal'>;

const LONGEST_MESSAGE = 500;
/** The source says when to ask again; this is the most that is believed. */
const LONGEST_WAIT_MS = 30_000;
/** Beyond the ten minutes that the source gives a query in the background. */
const MOST_INQUIRIES = 300;

const FIELDS = 'results metadata { facets messages } queryProgress { queryId completed retryAfter }';

/** One NRQL query over the accounts, as NerdGraph documents it; in the background it is asked after until it is over. */
export async function runNrql(
  { http, options, signal }: Asking,
  place: string,
  nrql: string,
): Promise<{ request: HttpRequest; response: HttpResponse }> {
  let request = nrqlRequest(options, nrql);
  for (let inquiry = 0; inquiry < MOST_INQUIRIES; inquiry += 1) {
    const response = await http.request(request);
    refuseErrors(response, place);
    const progress = asRecord(containerOf(response.json())?.['queryProgress']);
    if (progress === null || progress['completed'] !== false) return { request, response };
    const { queryId, retryAfter } = progress;
    if (typeof queryId !== 'string')
      throw badShape(`${place}: the query goes on, but its queryId is ${shownValue(queryId)}`);
    await pause(typeof retryAfter === 'number' ? Math.min(retryAfter * 1000, LONGEST_WAIT_MS) : 1000, signal);
    request = progressRequest(options, queryId);
  }
  throw new RetryableError('source/timeout', `${place}: the query was not over after ${MOST_INQUIRIES} inquiries`, {
    hint: 'Narrow the query, or lower bucketsPerRequest.',
  });
}

/** A GraphQL query that is no NRQL. Throws as `runNrql` does. */
export async function askGraph({ http }: Asking, place: string, query: string): Promise<Record<string, unknown>> {
  const response = await http.request({ method: 'POST', url: 'graphql', body: { query }, explain });
  refuseErrors(response, place);
  const actor = asRecord(asRecord(asRecord(response.json())?.['data'])?.['actor']);
  if (actor === null) throw badShape(`${place}: the answer lacks data.actor`);
  return actor;
}

function nrqlRequest({ accounts, queryTimeout, async }: NewRelicOptions, nrql: string): HttpRequest {
  const [account] = accounts;
  const timeout = queryTimeout / 1000;
  const call = `nrql(${accounts.length > 1 ? 'accounts: $accounts, ' : ''}query: $nrql, timeout: $timeout, async: $async) { ${FIELDS} }`;
  return accounts.length > 1
    ? graphRequest(
        `query ($accounts: [Int!]!, $nrql: Nrql!, $timeout: Seconds, $async: Boolean) { actor { ${call} } }`,
        { accounts, nrql, timeout, async },
      )
    : graphRequest(
        `query ($account: Int!, $nrql: Nrql!, $timeout: Seconds, $async: Boolean) { actor { account(id: $account) { ${call} } } }`,
        { account, nrql, timeout, async },
      );
}

function progressRequest({ accounts }: NewRelicOptions, queryId: string): HttpRequest {
  const [account] = accounts;
  return accounts.length > 1
    ? graphRequest(
        `query ($accounts: [Int!]!, $queryId: ID!) { actor { nrqlQueryProgress(accounts: $accounts, queryId: $queryId) { ${FIELDS} } } }`,
        { accounts, queryId },
      )
    : graphRequest(
        `query ($account: Int!, $queryId: ID!) { actor { account(id: $account) { nrqlQueryProgress(queryId: $queryId) { ${FIELDS} } } } }`,
        { account, queryId },
      );
}

function graphRequest(query: string, variables: Record<string, unknown>): HttpRequest {
  return { method: 'POST', url: 'graphql', body: { query, variables }, explain };
}

/** `nrql` or `nrqlQueryProgress`, below the account or across accounts. */
export function containerOf(answer: unknown): Record<string, unknown> | null {
  const actor = asRecord(asRecord(asRecord(answer)?.['data'])?.['actor']);
  const holder = asRecord(actor?.['account']) ?? actor;
  return asRecord(holder?.['nrqlQueryProgress']) ?? asRecord(holder?.['nrql']);
}

function errorsOf(answer: unknown): { message: string; errorClass: string; code: string }[] {
  const errors = asRecord(answer)?.['errors'];
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, 3).map((each: unknown) => {
    const extensions = asRecord(asRecord(each)?.['extensions']);
    const text = (value: unknown): string => (typeof value === 'string' ? value : '');
    return {
      message: text(asRecord(each)?.['message']).slice(0, LONGEST_MESSAGE),
      errorClass: text(extensions?.['errorClass']) || text(extensions?.['code']),
      // What a key is refused with has a name of its own for it.
      code: text(extensions?.['errorCode']) || text(extensions?.['error_code']),
    };
  });
}

/** What NerdGraph says in the body of a refusal. */
function explain(body: string): string | null {
  try {
    const said = errorsOf(JSON.parse(body)).map(({ message }) => message);
    return said.length === 0 ? null : said.join('; ');
  } catch {
    return null;
  }
}

/** GraphQL answers with HTTP 200 whatever is wrong: `errors`, with a class of the vendor's in `extensions`. */
function refuseErrors(response: HttpResponse, place: string): void {
  const [first] = errorsOf(response.json());
  if (first === undefined) return;
  const { message, errorClass, code } = first;
  const kind = [errorClass, code].filter((each) => each !== '').join(', ');
  const said = `${place}: New Relic refuses the query (${kind === '' ? 'no class given' : kind}): ${message || 'no reason given'}`;
  const facts = { errorClass, errorCode: code };
  const all = `${errorClass} ${message}`;
  if (/too[ _]many[ _]requests|RATE_?LIMIT|rate limit|limit exceeded|throttl/i.test(all))
    throw new RetryableError('source/rate-limited', said, {
      hint: 'An account may make 3,000 queries a minute and inspect so many events: pull less often, or narrow the query.',
      facts,
    });
  if (/query is a little too big/i.test(message))
    throw new PermanentError('source/too-large', said, {
      hint: 'Lower bucketsPerRequest, or use fewer facets in the query.',
      facts,
    });
  if (/TIMEOUT|timed out|timeout/i.test(all))
    throw new RetryableError('source/timeout', said, {
      hint: 'Lower bucketsPerRequest, raise queryTimeout, or set async: true.',
      facts,
    });
  if (/SERVER_ERROR|UNAVAILABLE|INTERNAL|DOWNSTREAM/i.test(errorClass))
    throw new RetryableError('source/server-error', said, { facts });
  if (/UNAUTHENTICATED|UNAUTHORI[SZ]ED|api key/i.test(all))
    throw new PermanentError('source/unauthorised', said, {
      hint: 'The key must be a user key (NRAK-…) that is still valid, and region the one of the account.',
      facts,
    });
  if (/ACCESS_DENIED|FORBIDDEN|not authori[sz]ed|access denied|permission/i.test(all))
    throw new PermanentError('source/forbidden', said, {
      hint: 'The user of the key must have access to every account in accounts: `outturn check` says which it has.',
      facts,
    });
  throw new PermanentError('source/bad-request', said, {
    hint: 'Correct nrql of the stream; the same text, with SINCE and TIMESERIES, can be tried in the query builder.',
    facts,
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
