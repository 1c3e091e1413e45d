import {
  asRecord,
  countPieces,
  type HttpClient,
  type HttpRequest,
  type HttpResponse,
  OutturnError,
  PermanentError,
  type PullWindow,
  RetryableError,
  splitWindow,
  wholeSteps,
} from '#kit';
import { fluxError } from './flux-csv.ts';
import { type InfluxdbOptions, type InfluxdbStream, languageOf, stampOf } from './options.ts';

/**
 * The half-open window in half-open pieces. Intervals: from the last whole step before the window to the last one that is
 * over when it ends, so that each interval belongs to the window that it ends in and none is asked for before it is over.
 */
export function* piecesOf(window: PullWindow, stream: InfluxdbStream): Generator<PullWindow> {
  yield* splitWindow(gridOf(window, stream), stream.pointsPerRequest * stream.step, stream.step);
}

function gridOf(window: PullWindow, { step, sample }: InfluxdbStream): PullWindow {
  if (sample === 'instant') return window;
  return wholeSteps(window, step);
}

/** How many pieces there are, unless the source finds one too long. */
export function countQueries(window: PullWindow, stream: InfluxdbStream): number {
  return countPieces(gridOf(window, stream), stream.pointsPerRequest * stream.step);
}

/** What `parse` knows of the answer for a piece besides its body. */
export function metaOf(options: InfluxdbOptions, stream: InfluxdbStream, piece: PullWindow): Record<string, unknown> {
  const form = languageOf(options) === 'flux' ? 'flux' : options.version === 3 ? 'rows' : 'series';
  return { form, stepMs: stream.step, sample: stream.sample, stamp: stampOf(options, stream), ...piece };
}

type Asked = { response: HttpResponse; tooMuch: null } | { response: null; tooMuch: string };

/**
 * One query for one piece. `tooMuch`: the source answers it in part only (`max-row-limit`) or not at all for its length
 * (`max-select-buckets`, number of Parquet files); a shorter piece may do. Throws typed errors for everything else that it refuses.
 */
export async function ask(
  http: HttpClient,
  options: InfluxdbOptions,
  stream: InfluxdbStream,
  streamId: string,
  piece: PullWindow,
): Promise<Asked> {
  const from = instant(piece.fromMs);
  const to = instant(piece.toMs);
  if (languageOf(options) === 'flux') {
    const flux = stream.query
      .replace(/\bv\.timeRangeStart\b/g, from)
      .replace(/\bv\.timeRangeStop\b/g, to)
      .replace(/\bv\.windowPeriod\b/g, `${stream.step / 1000}s`);
    return { response: await askFlux(http, options, flux, streamId), tooMuch: null };
  }
  let response: HttpResponse;
  try {
    response = await askTable(
      http,
      options,
      { q: stream.query, params: boundTo(stream.query, { from, to }) },
      streamId,
    );
  } catch (thrown) {
    if (thrown instanceof OutturnError && TOO_MUCH.test(thrown.message))
      return { response: null, tooMuch: thrown.message };
    throw thrown;
  }
  const tooMuch = options.version === 3 ? null : cutSeries(response);
  return tooMuch === null ? { response, tooMuch } : { response: null, tooMuch };
}

const TOO_MUCH = /max-select-(?:point|buckets|series)|\bfile limit\b/i;

/** `2026-06-02T00:00:00Z`: a time literal of Flux, and what InfluxQL and SQL compare time with. */
const instant = (atMs: number): string => new Date(atMs).toISOString().replace('.000Z', 'Z');

/** Only what the query has: SQL refuses a parameter that it does not know. */
function boundTo(query: string, values: { from: string; to: string }): Record<string, string> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => new RegExp(`\\$${name}\\b`).test(query)));
}

interface TableQuery {
  q: string;
  params: Record<string, string>;
}

/** InfluxQL or SQL. Throws typed errors for what is refused, also inside HTTP 200. */
export async function askTable(
  http: HttpClient,
  options: InfluxdbOptions,
  { q, params }: TableQuery,
  streamId: string,
): Promise<HttpResponse> {
  const { database: db, retentionPolicy: rp } = options;
  // `json`, not `jsonl`: an answer that breaks off is then no JSON, where lines would only be fewer.
  const version3: HttpRequest = {
    url: `api/v3/query_${languageOf(options)}`,
    body: { db, q, format: 'json', params },
    bodyType: 'json',
  };
  const earlier: HttpRequest = {
    url: 'query',
    body: {
      db,
      ...(rp === undefined ? {} : { rp }),
      q,
      epoch: 'ms',
      ...(Object.keys(params).length === 0 ? {} : { params: JSON.stringify(params) }),
    },
    bodyType: 'form',
  };
  const request = options.version === 3 ? version3 : earlier;
  const response = await asked(http, { ...request, headers: { accept: 'application/json' } }, streamId);
  const refusal = options.version === 3 ? null : errorInside(response);
  if (refusal !== null) throw refused(response, refusal, streamId);
  return response;
}

/** By POST; what the source refuses is told in terms of the query. */
async function asked(http: HttpClient, request: HttpRequest, streamId: string): Promise<HttpResponse> {
  try {
    return await http.request({ ...request, method: 'POST', explain: explainBody });
  } catch (thrown) {
    if (!(thrown instanceof OutturnError)) throw thrown;
    const unplanned = thrown.code === 'source/server-error' && UNPLANNED.test(thrown.message);
    if (!unplanned && thrown.code !== 'source/bad-request') throw thrown;
    const status = thrown.facts?.['status'];
    throw refused({ status: typeof status === 'number' ? status : 400 }, thrown.message, streamId);
  }
}

/** Version 3 says with status 500 what is wrong with a query: it would be so the next time too. */
const UNPLANNED = /Schema error: |SQL error: |Error during planning: |error while planning query: /;

export async function askFlux(
  http: HttpClient,
  options: InfluxdbOptions,
  query: string,
  streamId: string,
): Promise<HttpResponse> {
  const request: HttpRequest = {
    url: 'api/v2/query',
    query: { org: options.organisation },
    body: {
      query,
      type: 'flux',
      dialect: {
        header: true,
        delimiter: ',',
        annotations: ['datatype', 'group', 'default'],
        dateTimeFormat: 'RFC3339',
      },
    },
    bodyType: 'json',
    headers: { accept: 'application/csv' },
    expect: 'text',
  };
  const response = await asked(http, request, streamId);
  const refusal = fluxError(response.body);
  if (refusal !== null) throw refused(response, refusal, streamId);
  // Without rows there is still an end of line.
  if (response.body === '')
    throw new RetryableError('source/empty-answer', `stream ${streamId}: the source answered with an empty body`);
  if (/^\s*</.test(response.body))
    throw new PermanentError(
      'source/bad-shape',
      `stream ${streamId}: the answer is a page, not CSV, beginning with ${JSON.stringify(response.body.slice(0, 80))}`,
      { hint: 'A login page or a proxy may have answered in place of InfluxDB: check url and auth.' },
    );
  return response;
}

/** `{"error": …}` of versions 1 and 3, `{"code", "message"}` of version 2. */
function explainBody(body: string): string | null {
  let answer: Record<string, unknown> | null;
  try {
    answer = asRecord(JSON.parse(body));
  } catch {
    return null;
  }
  const said = answer?.['error'] ?? answer?.['message'];
  return typeof said === 'string' && said !== '' ? said.slice(0, 500) : null;
}

/** An error with status 200, in one of the results. */
function errorInside(response: HttpResponse): string | null {
  const results = asRecord(response.json())?.['results'];
  for (const result of Array.isArray(results) ? results : []) {
    const error = asRecord(result)?.['error'];
    if (typeof error === 'string') return error.slice(0, 500);
  }
  const error = asRecord(response.json())?.['error'];
  return typeof error === 'string' ? error.slice(0, 500) : null;
}

/** A series or result that says that rows are missing. */
function cutSeries(response: HttpResponse): string | null {
  const results = asRecord(response.json())?.['results'];
  for (const result of Array.isArray(results) ? results : []) {
    const record = asRecord(result);
    const series = record?.['series'];
    const cut = Array.isArray(series) && series.some((each) => asRecord(each)?.['partial'] === true);
    if (record?.['partial'] === true || cut) return 'the answer is partial: max-row-limit of the server';
  }
  return null;
}

function refused(
  response: { status: number; retryAfterMs?: number | undefined },
  said: string,
  streamId: string,
): OutturnError {
  const message = `stream ${streamId}: InfluxDB refuses the query: ${said}`;
  const facts = { status: response.status };
  const { retryAfterMs } = response;
  if (/time-?out|deadline|canceled|interrupted|killed|terminated/i.test(said))
    return new RetryableError('source/timeout', message, {
      hint: 'The query takes the server too long: lower pointsPerRequest, or read from a down-sampled bucket.',
      facts,
      retryAfterMs,
    });
  if (/max-concurrent-queries|too many|queue length|hash shard|unavailable/i.test(said))
    return new RetryableError('source/server-error', message, { facts, retryAfterMs });
  if (/not authorized|unauthorized|permission/i.test(said))
    return new PermanentError('source/forbidden', message, {
      hint: 'Let the user or token read the database or bucket.',
      facts,
    });
  if (/(?:database|retention policy|bucket|table|measurement)\b.*not (?:be )?found|could not find bucket/i.test(said))
    return new PermanentError('source/not-found', message, {
      hint: 'Check database, retentionPolicy and the names in the query; outturn discover lists what there is.',
      facts,
    });
  return new PermanentError('source/bad-request', message, {
    hint: `Correct query in the stream ${streamId}; the same text can be tried in the client of InfluxDB.`,
    facts,
  });
}
