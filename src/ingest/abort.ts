import { OutturnError, PermanentError } from '#kit';

/** After an abort work may end by itself for so long; then it is not waited for any more. */
const GRACE_MS = 400;

/** What an aborted pull throws: the typed reason that was given, else `queue/cancelled`. */
export function cancelled(signal: AbortSignal): OutturnError {
  const reason: unknown = signal.reason;
  return reason instanceof OutturnError ? reason : new PermanentError('queue/cancelled', 'the pull was cancelled');
}

/**
 * Rejects with `cancelled` when the signal aborts; `release` when nobody waits for it any more. One for each wait: a promise that
 * many races share would hold what each of them gave.
 */
function abortion(signal: AbortSignal, afterMs = 0): { aborted: Promise<never>; release(): void } {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      if (afterMs === 0) reject(cancelled(signal));
      else timer = setTimeout(() => reject(cancelled(signal)), afterMs);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  aborted.catch(() => {});
  return {
    aborted,
    release() {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    },
  };
}

/** The values of `source`; ends with `cancelled` as soon as `signal` aborts, even while the source hangs. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await orAborted(iterator.next(), signal);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // Not awaited: a source that hangs would hold us too.
    iterator.return?.().catch(() => {});
  }
}

/** What `work` gives; `cancelled` as soon as `signal` aborts, whatever the work does then. */
export async function orAborted<T>(work: T | Promise<T>, signal: AbortSignal): Promise<T> {
  if (!(work instanceof Promise)) return work;
  // When the abort wins the race, nobody else waits for this one any more.
  work.catch(() => {});
  const { aborted, release } = abortion(signal);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    release();
  }
}

/**
 * What `work`, which hears of the abort itself, gives. One that cannot end (a statement that hangs, a disk that does not answer) is left
 * alone shortly after the abort: it goes on ending behind our back, and throws to nobody.
 */
export async function orAbandoned<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => {});
  const { aborted, release } = abortion(signal, GRACE_MS);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    release();
  }
}

/** Runs tasks of one key one after another; those of other keys do not wait. */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>();

  async run<T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(() => {
      if (signal.aborted) throw cancelled(signal);
      return task();
    });
    const tail = mine.catch(() => {});
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
