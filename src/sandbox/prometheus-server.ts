import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Counter } from './counters.ts';
import { authorised, type LoopbackServer, listenOnLoopback, readBody, send } from './http.ts';
import { evaluate, isRangeVector, parseQuery, promDurationMs, QueryError, select } from './promql.ts';

const MOST_STEPS = 11_000;

/**
 * The HTTP API of Prometheus 2.42 over a few counters: status codes, shapes and error texts as that server gives them.
 * Queries are evaluated at the times asked for, aligned or not; both ends of a range are included.
 */
export async function startPrometheusServer(options: {
  counters: readonly Counter[];
  /** The Authorization header that is let in. */
  authorization: string;
  nowMs(): number;
}): Promise<LoopbackServer> {
  return listenOnLoopback(async (request, response, url) => {
    if (!authorised(request, options.authorization)) {
      return send(response, 401, 'text/plain; charset=utf-8', 'Unauthorized\n', { 'www-authenticate': 'Basic' });
    }
    const path = url.pathname;
    if (path === '/-/healthy') return plain(response, 200, 'Prometheus Server is Healthy.\n');
    if (path === '/-/ready') return plain(response, 200, 'Prometheus Server is Ready.\n');
    const route = routes[path] ?? (labelValues.test(path) ? answerLabelValues : undefined);
    if (route === undefined || (request.method !== 'GET' && request.method !== 'POST'))
      return plain(response, 404, '404 page not found\n');
    try {
      const parameters = await readParameters(request, url);
      const data = route({ parameters, path, counters: options.counters, nowMs: options.nowMs() });
      json(response, 200, { status: 'success', data });
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      json(response, 400, { status: 'error', errorType: 'bad_data', error: error.message });
    }
  });
}

interface Question {
  parameters: URLSearchParams;
  path: string;
  counters: readonly Counter[];
  nowMs: number;
}

const labelValues = /^\/api\/v1\/label\/([^/]+)\/values$/;

const routes: Readonly<Record<string, (question: Question) => unknown>> = {
  '/api/v1/query': answerQuery,
  '/api/v1/query_range': answerRange,
  '/api/v1/metadata': answerMetadata,
  '/api/v1/series': answerSeries,
  '/api/v1/labels': ({ counters }) =>
    [...new Set(counters.flatMap((counter) => ['__name__', ...Object.keys(counter.labels)]))].sort(),
  '/api/v1/status/buildinfo': () => ({
    version: '2.42.0',
    revision: 'outturn-sandbox',
    branch: 'sandbox',
    buildUser: '',
    buildDate: '',
    goVersion: '',
  }),
};

function answerQuery({ parameters, counters, nowMs }: Question): unknown {
  const atMs = parameters.has('time') ? timestamp(parameters, 'time') : nowMs;
  const expression = parse(parameters, 'invalid parameter "query": ');
  if (isRangeVector(expression))
    throw new QueryError('invalid parameter "query": range vectors are not kept by the sandbox');
  const value = evaluate(expression, counters, atMs);
  if (value.type === 'scalar') return { resultType: 'scalar', result: [atMs / 1_000, String(value.value)] };
  const result = value.samples.map((sample) => ({
    metric: sample.labels,
    value: [atMs / 1_000, String(sample.value)],
  }));
  return { resultType: 'vector', result };
}

function answerRange({ parameters, counters }: Question): unknown {
  const startMs = timestamp(parameters, 'start');
  const endMs = timestamp(parameters, 'end');
  if (endMs < startMs) throw new QueryError('invalid parameter "end": end timestamp must not be before start time');
  const stepMs = step(parameters);
  if ((endMs - startMs) / stepMs > MOST_STEPS)
    throw new QueryError(
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
    );
  const expression = parse(parameters, '');
  if (isRangeVector(expression))
    throw new QueryError('invalid expression type "range vector" for range query, must be Scalar or instant Vector');
  const series = new Map<string, { metric: Record<string, string>; values: [number, string][] }>();
  for (let atMs = startMs; atMs <= endMs; atMs += stepMs) {
    const value = evaluate(expression, counters, atMs);
    const samples = value.type === 'scalar' ? [{ labels: {}, value: value.value }] : value.samples;
    for (const sample of samples) {
      const key = JSON.stringify(Object.entries(sample.labels).sort());
      const one = series.get(key) ?? { metric: sample.labels, values: [] };
      one.values.push([atMs / 1_000, String(sample.value)]);
      series.set(key, one);
    }
  }
  const result = [...series].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
  return { resultType: 'matrix', result };
}

function answerMetadata({ parameters, counters }: Question): unknown {
  const wanted = parameters.get('metric');
  const limit = parameters.has('limit') ? Number(parameters.get('limit')) : Number.POSITIVE_INFINITY;
  const entries = new Map<string, { type: string; help: string; unit: string }[]>();
  for (const counter of counters) {
    if ((wanted === null || wanted === counter.name) && (entries.size < limit || entries.has(counter.name)))
      entries.set(counter.name, [{ type: 'counter', help: counter.help, unit: '' }]);
  }
  return Object.fromEntries(entries);
}

function answerSeries({ parameters, counters }: Question): unknown {
  const selectors = parameters.getAll('match[]');
  if (selectors.length === 0) throw new QueryError('no match[] parameter provided');
  const found = new Set(
    selectors.flatMap((text) => {
      const expression = parseQuery(text);
      return expression.kind === 'selector' ? select(counters, expression) : [];
    }),
  );
  return [...found].map((counter) => ({ __name__: counter.name, ...counter.labels }));
}

function answerLabelValues({ path, counters }: Question): unknown {
  const label = labelValues.exec(path)?.[1] ?? '';
  const values = counters.map((counter) => (label === '__name__' ? counter.name : counter.labels[label]));
  return [...new Set(values.filter((value) => value !== undefined))].sort();
}

function parse(parameters: URLSearchParams, prefix: string): ReturnType<typeof parseQuery> {
  try {
    return parseQuery(parameters.get('query') ?? '');
  } catch (error) {
    throw error instanceof QueryError ? new QueryError(prefix + error.message) : error;
  }
}

/** Unix seconds or RFC 3339, in milliseconds. */
function timestamp(parameters: URLSearchParams, name: string): number {
  const text = parameters.get(name) ?? '';
  if (/^-?\d+(\.\d+)?(e\d+)?$/i.test(text)) return Math.round(Number(text) * 1_000);
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(parsed))
    throw new QueryError(`invalid parameter "${name}": cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return parsed;
}

function step(parameters: URLSearchParams): number {
  const text = parameters.get('step') ?? '';
  const ms = /^-?\d+(\.\d+)?$/.test(text) ? Math.round(Number(text) * 1_000) : promDurationMs(text);
  if (ms === null)
    throw new QueryError(`invalid parameter "step": cannot parse ${JSON.stringify(text)} to a valid duration`);
  if (ms <= 0)
    throw new QueryError(
      'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  return ms;
}

async function readParameters(request: IncomingMessage, url: URL): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(url.search);
  if (request.method === 'POST') {
    const form = new URLSearchParams((await readBody(request)).toString('utf8'));
    for (const [name, value] of form) parameters.append(name, value);
  }
  return parameters;
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  send(response, status, 'application/json', JSON.stringify(body));
const plain = (response: ServerResponse, status: number, body: string): void =>
  send(response, status, 'text/plain; charset=utf-8', body);
