import { asRecord, type HttpRequest, type PullWindow, splitWindow, wholeSteps } from '#kit';
import type { DynatraceOptions, DynatraceStream } from './options.ts';

const LONGEST_MESSAGE = 500;
const DAY_MS = 86_400_000;

/** Below the address of an environment; the platform keeps the same API elsewhere. */
export function apiPath({ platform }: DynatraceOptions, path: string): string {
  return `${platform ? 'platform/classic/environment-api' : 'api'}/v2/${path}`;
}

/**
 * The intervals that end within the window, in requests that share none. Borders between requests lie on whole days where
 * that can be: what is older is kept in coarser slots only, and one across a border would be in no request.
 */
export function* requestsOf(window: PullWindow, { step, pointsPerRequest }: DynatraceStream): Generator<PullWindow> {
  const pieceMs = step * pointsPerRequest;
  yield* splitWindow(wholeSteps(window, step), pieceMs, pieceMs >= DAY_MS ? DAY_MS : step);
}

/** One query over `span`, whose end lies in its last interval: a slot that holds `to` is part of the answer. */
export function pointsRequest(options: DynatraceOptions, stream: DynatraceStream, span: PullWindow): HttpRequest {
  const { metricSelector, entitySelector, mzSelector, step } = stream;
  return {
    url: apiPath(options, 'metrics/query'),
    query: {
      metricSelector,
      entitySelector,
      mzSelector,
      resolution: resolutionOf(step),
      from: span.fromMs,
      to: span.toMs - 1,
    },
    explain,
  };
}

/** `nextPageKey` of an answer; null after the last page. Documentation and old servers also write the text "null". */
export function nextPageKeyOf(answer: unknown): string | null {
  const key = asRecord(answer)?.['nextPageKey'];
  return typeof key === 'string' && key !== '' && key !== 'null' ? key : null;
}

/** The key carries all else: with any other parameter the source refuses it. */
export function nextPageRequest({ url }: HttpRequest, nextPageKey: string): HttpRequest {
  return { url, query: { nextPageKey }, explain };
}

function resolutionOf(stepMs: number): string {
  if (stepMs % DAY_MS === 0) return `${stepMs / DAY_MS}d`;
  return stepMs % 3_600_000 === 0 ? `${stepMs / 3_600_000}h` : `${stepMs / 60_000}m`;
}

/**
 * What Dynatrace says in the body of a refusal: `{"error": {"message", "constraintViolations": [{"path", "message"}]}}`; the
 * platform has the violations in `error.details`.
 */
export function explain(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    const error = asRecord(asRecord(Array.isArray(parsed) ? parsed[0] : parsed)?.['error']);
    const message = error?.['message'];
    if (typeof message !== 'string') return null;
    const found = error?.['constraintViolations'] ?? asRecord(error?.['details'])?.['constraintViolations'];
    const violations: unknown[] = Array.isArray(found) ? found : [];
    const details = violations.slice(0, 5).flatMap((each: unknown) => {
      const { path, message: said } = { ...asRecord(each) };
      return typeof said === 'string' ? [typeof path === 'string' ? `${path}: ${said}` : said] : [];
    });
    return [message, ...details].join(' ').slice(0, LONGEST_MESSAGE);
  } catch {
    return null;
  }
}
