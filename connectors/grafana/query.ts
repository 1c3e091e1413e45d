import {
  asRecord,
  type ConnectorContext,
  countPieces,
  type HttpRequest,
  type HttpResponse,
  OutturnError,
  PermanentError,
  type PullWindow,
  RetryableError,
  type StreamContext,
  splitWindow,
  wholeSteps,
} from '#kit';
import { readFrames } from './frames.ts';
import type { GrafanaOptions, GrafanaStream } from './options.ts';

/** Above every answer that is asked for: data sources thin their points out to fit. */
const MOST_POINTS = 100_000;

/**
 * The half-open window in half-open pieces. Intervals: whole steps alone, so that each belongs to the window that it ends in
 * and none is asked for before it is over.
 */
export function* piecesOf(window: PullWindow, stream: GrafanaStream): Generator<PullWindow> {
  yield* splitWindow(gridOf(window, stream), stream.pointsPerRequest * stream.step, stream.step);
}

function gridOf(window: PullWindow, { step, sample }: GrafanaStream): PullWindow {
  if (sample === 'instant') return window;
  return wholeSteps(window, step);
}

export function countQueries(window: PullWindow, stream: GrafanaStream): number {
  return countPieces(gridOf(window, stream), stream.pointsPerRequest * stream.step);
}

/** With the organisation, where one is named. */
export async function request(
  { http, options }: Pick<ConnectorContext<GrafanaOptions>, 'http' | 'options'>,
  asked: HttpRequest,
): Promise<HttpResponse> {
  const organisation = options.organisation === undefined ? {} : { 'x-grafana-org-id': String(options.organisation) };
  return await http.request({ explain: explainBody, ...asked, headers: { ...asked.headers, ...organisation } });
}

/** The uid that is written, or the one that Grafana has for the name. */
export async function uidOf(ctx: StreamContext<GrafanaOptions, GrafanaStream>): Promise<string> {
  const { uid, name } = ctx.stream.dataSource;
  if (uid !== undefined) return uid;
  const response = await request(ctx, { url: `api/datasources/name/${encodeURIComponent(name ?? '')}` });
  const found = asRecord(response.json())?.['uid'];
  if (typeof found === 'string' && found !== '') return found;
  throw new PermanentError(
    'source/bad-shape',
    `stream ${ctx.streamId}: the answer for the data source ${name} has no uid`,
    {
      hint: 'Check that url leads to Grafana, 8 or newer, without /api at its end.',
    },
  );
}

/** One query of one piece. Throws typed errors for what Grafana or the data source refuses, whatever the status. */
export async function askFrames(
  ctx: StreamContext<GrafanaOptions, GrafanaStream>,
  uid: string,
  piece: PullWindow,
): Promise<HttpResponse> {
  const { stream, streamId } = ctx;
  let response: HttpResponse;
  // Grafana answers 400 whatever the data source said: the status that tells why stands in the result.
  let why: unknown;
  try {
    response = await request(ctx, {
      method: 'POST',
      url: 'api/ds/query',
      body: {
        // Some data sources (Graphite) leave out the instant that a range begins with: a step more, which the parser drops again.
        from: String(piece.fromMs - stream.step),
        to: String(piece.toMs),
        queries: [
          {
            // The least interval of a panel: without it data sources choose one that suits a screen.
            interval: `${stream.step / 1000}s`,
            ...stream.query,
            refId: 'A',
            datasource: { uid },
            intervalMs: stream.step,
            maxDataPoints: MOST_POINTS,
          },
        ],
      },
      bodyType: 'json',
      explain(body) {
        why = resultOf(parsedOrNull(body))?.['status'];
        return explainBody(body);
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof PermanentError) || thrown.code !== 'source/bad-request') throw thrown;
    throw refused(thrown.message, streamId, why);
  }
  const result = resultOf(response.json());
  const said = result?.['error'];
  if (typeof said === 'string' && said !== '') throw refused(said.slice(0, 500), streamId, result?.['status']);
  if (result !== null) refuseCut(result, streamId);
  return response;
}

/** What data sources say of an answer that lacks rows or series, such as `Results have been limited to 1000000 because …`. */
const CUT = /\blimited to\b|\brow limit\b|\btruncated\b|\bincomplete\b|\bpartial\b/i;

function refuseCut(result: Record<string, unknown>, streamId: string): void {
  const cut = readFrames(result, `stream ${streamId}`)
    .flatMap(({ notices }) => notices)
    .find(({ severity, text }) => severity !== 'info' && CUT.test(text));
  if (cut === undefined) return;
  throw new RetryableError('source/partial', `stream ${streamId}: the data source left something out: ${cut.text}`, {
    hint: 'Lower pointsPerRequest, aggregate further in the query, or raise the limit of the data source.',
  });
}

/** `results.A` of an answer. */
export function resultOf(answer: unknown): Record<string, unknown> | null {
  return asRecord(asRecord(asRecord(answer)?.['results'])?.['A']);
}

/** `{"message"}` of Grafana, or the error of the data source among the results. */
function explainBody(body: string): string | null {
  const answer = parsedOrNull(body);
  const said = resultOf(answer)?.['error'] ?? asRecord(answer)?.['message'];
  return typeof said === 'string' && said !== '' ? said.slice(0, 500) : null;
}

function parsedOrNull(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

/** What the data source says through Grafana, with the status in its result: that of the answer is 400, 207 or 200. */
function refused(said: string, streamId: string, resultStatus: unknown): OutturnError {
  const status = typeof resultStatus === 'number' ? resultStatus : undefined;
  const message = `stream ${streamId}: the data source refuses the query: ${said}`;
  const facts = status === undefined ? {} : { status };
  if (status === 408 || status === 504 || /time-?out|timed out|deadline|canceled/i.test(said))
    return new RetryableError('source/timeout', message, {
      hint: 'The query takes the data source too long: lower pointsPerRequest.',
      facts,
    });
  if (status === 429) return new RetryableError('source/rate-limited', message, { facts });
  if ((status !== undefined && status >= 500) || /connection refused|no such host|bad gateway|unavailable/i.test(said))
    return new RetryableError('source/server-error', message, {
      hint: 'Grafana answers, the data source behind it does not: see its settings in Grafana.',
      facts,
    });
  if (status === 401 || status === 403 || /unauthorized|forbidden|access denied/i.test(said))
    return new PermanentError('source/forbidden', message, {
      hint: 'The data source does not accept the credentials that Grafana has for it.',
      facts,
    });
  return new PermanentError('source/bad-request', message, {
    hint: `Correct query in the stream ${streamId}; Explore of Grafana shows what a data source wants.`,
    facts,
  });
}
