import { type HttpClient, type OutturnError, RetryableError } from '#kit';

/** What often is over in a moment; whatever else fails is for the job to try again. */
const MOMENTARY: ReadonlySet<string> = new Set(['source/server-error', 'source/rate-limited', 'source/unreachable']);
const MOST_REPEATS = 2;
/** A longer wait is the job's: it gives its place to others meanwhile. */
const LONGEST_FIRST_WAIT_MS = 15_000;
/**
 * Once something was answered a new attempt costs all of that anew, and where a source is busy now and then a long pull that begins
 * again each time never ends. A minute is what sources usually ask for.
 */
const LONGEST_WAIT_MS = 90_000;
const FIRST_WAIT_MS = 500;

/** Told before each wait; what it gives back is called when the wait is over. */
export type OnWait = (error: OutturnError, waitMs: number) => () => void;

/**
 * The same client, which asks again where it stands after an answer that may be better in a moment: page 800 of a long pull must
 * not fail for one 503. It waits as long as the source says, else half a second and then two; what takes longer (15 s at the first
 * request, 90 s at later ones), and the third refusal, is thrown as it came.
 */
export function patientHttp(http: HttpClient, signal: AbortSignal, onWait?: OnWait): HttpClient {
  let hasAnswer = false;
  const repeat = async <T>(ask: (plain: HttpClient) => Promise<T>): Promise<T> => {
    for (let repeats = 0; ; repeats++) {
      try {
        const answered = await ask(http);
        hasAnswer = true;
        return answered;
      } catch (thrown) {
        if (!isMomentary(thrown) || repeats >= MOST_REPEATS) throw thrown;
        const waitMs = thrown.retryAfterMs ?? FIRST_WAIT_MS * 4 ** repeats;
        if (waitMs > (hasAnswer ? LONGEST_WAIT_MS : LONGEST_FIRST_WAIT_MS)) throw thrown;
        const over = onWait?.(thrown, waitMs);
        try {
          await pause(waitMs, signal);
        } finally {
          over?.();
        }
      }
    }
  };
  return { ...http, repeat, request: (request) => repeat((plain) => plain.request(request)) };
}

const isMomentary = (thrown: unknown): thrown is RetryableError =>
  thrown instanceof RetryableError && MOMENTARY.has(thrown.code);

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
