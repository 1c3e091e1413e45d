import { type HttpClient, OutturnError, RetryableError } from '#kit';

/** What often is over in a moment; whatever else fails is for the job to try again. */
const MOMENTARY: ReadonlySet<string> = new Set(['source/server-error', 'source/rate-limited', 'source/unreachable']);
const MOST_REPEATS = 2;
/** A longer wait is the job's: it gives its place to others meanwhile. */
const LONGEST_WAIT_MS = 15_000;
const FIRST_WAIT_MS = 500;

/**
 * The same client, which asks again where it stands after an answer that may be better in a moment: page 800 of a long pull must
 * not fail for one 503. It waits as long as the source says, else half a second and then two; what takes longer, and the third
 * refusal, is thrown as it came.
 */
export function patientHttp(http: HttpClient, signal: AbortSignal): HttpClient {
  const repeat = async <T>(ask: (plain: HttpClient) => Promise<T>): Promise<T> => {
    for (let repeats = 0; ; repeats++) {
      try {
        return await ask(http);
      } catch (thrown) {
        const waitMs = repeats < MOST_REPEATS ? momentOf(thrown, repeats) : null;
        if (waitMs === null) throw thrown;
        await pause(waitMs, signal);
      }
    }
  };
  return { ...http, repeat, request: (request) => repeat((plain) => plain.request(request)) };
}

function momentOf(thrown: unknown, repeats: number): number | null {
  if (!(thrown instanceof OutturnError) || !MOMENTARY.has(thrown.code) || !(thrown instanceof RetryableError))
    return null;
  const waitMs = thrown.retryAfterMs ?? FIRST_WAIT_MS * 4 ** repeats;
  return waitMs <= LONGEST_WAIT_MS ? waitMs : null;
}

/** Ends at once, with the signal's reason, when it aborts. */
function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, durationMs);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
