import { OutturnError, PermanentError } from '#kit';

/** What an aborted pull throws: the typed reason that was given, else `queue/cancelled`. */
export function cancelled(signal: AbortSignal): OutturnError {
  const reason: unknown = signal.reason;
  return reason instanceof OutturnError
    ? reason
    : new PermanentError('queue/cancelled', 'the pull was cancelled; nothing of it was stored');
}

/** The values of `source`; ends with `cancelled` as soon as `signal` aborts, even while the source hangs. */
export async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(cancelled(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  aborted.catch(() => {});
  try {
    for (;;) {
      const next = iterator.next();
      // When the abort wins the race, nobody else waits for this one any more.
      next.catch(() => {});
      const step = await Promise.race([next, aborted]);
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not awaited: a source that hangs would hold us too.
    iterator.return?.().catch(() => {});
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
