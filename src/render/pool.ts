import { availableParallelism } from 'node:os';
import type { Piscina } from 'piscina';
import { asOutturnError, OutturnError, PermanentError, RetryableError, type ThreadAnswer, thrownFrom } from '#kit';
import { Turns } from './turns.ts';

/** More would take the cores from the jobs that wait for databases and sources. */
const MAX_THREADS = 2;
const MEMORY_MB = 512;
const TIMEOUT_MS = 120_000;
/** A thread that nobody needs gives its memory back; the next one loads its libraries anew. */
const IDLE_MS = 60_000;

export interface ThreadPoolSettings {
  /** A module whose default export is given one task, a structured clone, and resolves to a ThreadAnswer. */
  file: URL;
  threads?: number | undefined;
  /** Heap of each thread. */
  memoryMb?: number | undefined;
  timeoutMs?: number | undefined;
}
export interface ThreadPool {
  /**
   * Errors: those of the task as they were thrown; `render/out-of-memory` and `render/timeout`, after which another thread
   * takes the place of the one that is ended; `queue/interrupted` when the pool is closed; the signal's reason.
   */
  run<T>(task: unknown, options?: { signal?: AbortSignal | undefined }): Promise<T>;
  /** Ends the threads and whatever they do. A later task starts new ones. */
  close(): Promise<void>;
}

/** Threads for work that would hold up the event loop. None runs before the first task. */
export function createThreadPool(settings: ThreadPoolSettings): ThreadPool {
  const { file, memoryMb = MEMORY_MB, timeoutMs = TIMEOUT_MS } = settings;
  const maxThreads = settings.threads ?? Math.min(MAX_THREADS, Math.max(1, availableParallelism() - 1));
  /** Of the pool's own queue, a task behind one whose thread dies waits for ever. */
  const turns = new Turns(maxThreads);
  let opening: Promise<Piscina> | null = null;
  /** Tasks that the pool has, oldest first. */
  const underWay = new Set<{ abort(error: unknown): void }>();

  async function open(): Promise<Piscina> {
    const { Piscina: Pool } = await import('piscina');
    const pool = new Pool({
      filename: file.href,
      minThreads: 0,
      maxThreads,
      idleTimeout: IDLE_MS,
      resourceLimits: { maxOldGenerationSizeMb: memoryMb },
      // Blocking waits for tasks would delay what the thread has to do between them.
      atomics: 'disabled',
      recordTiming: false,
    });
    // Of a thread without a task. When it died starting, the tasks that no thread has yet, the newest ones, wait for nothing.
    pool.on('error', (error) => {
      for (const { abort } of [...underWay].slice(underWay.size - pool.queueSize)) abort(error);
    });
    return pool;
  }

  function failure(error: unknown, signal: AbortSignal | undefined, timeout: AbortSignal): OutturnError {
    if (signal?.aborted) return asOutturnError(signal.reason);
    if (timeout.aborted)
      return new RetryableError('render/timeout', `Rendering took longer than ${timeoutMs / 1000} s and was stopped.`, {
        hint: 'It is tried again. When it happens each time, the machine is overloaded or the report is too large.',
      });
    if (codeOf(error) === 'ERR_WORKER_OUT_OF_MEMORY')
      return new PermanentError('render/out-of-memory', `Rendering needed more than ${memoryMb} MB and was stopped.`, {
        hint: 'The report or message is too large: shorten the period, or leave out metrics.',
        cause: error,
      });
    if (codeOf(error)?.startsWith('ERR_') === true)
      return new OutturnError('internal', 'A thread for rendering could not run.', { cause: error });
    return new RetryableError('queue/interrupted', 'Rendering was interrupted.', {
      hint: 'It is done again when the job runs again.',
      cause: error,
    });
  }

  async function answered<T>(pool: Piscina, task: unknown, signal: AbortSignal | undefined): Promise<ThreadAnswer<T>> {
    const timeout = AbortSignal.timeout(timeoutMs);
    const start = new AbortController();
    const mine = { abort: (error: unknown) => start.abort(error) };
    underWay.add(mine);
    try {
      return (await pool.run(task, {
        signal: AbortSignal.any([...(signal === undefined ? [] : [signal]), timeout, start.signal]),
      })) as ThreadAnswer<T>;
    } catch (error) {
      if (start.signal.aborted && !signal?.aborted)
        throw new OutturnError('internal', 'A thread for rendering could not start.', { cause: start.signal.reason });
      throw failure(error, signal, timeout);
    } finally {
      underWay.delete(mine);
    }
  }

  return {
    async run<T>(task: unknown, { signal }: { signal?: AbortSignal | undefined } = {}): Promise<T> {
      try {
        await turns.take(signal);
      } catch (reason) {
        throw asOutturnError(reason);
      }
      try {
        opening ??= open();
        const pool = await opening;
        const answer = await answered<T>(pool, task, signal);
        if (answer.ok) return answer.value;
        throw thrownFrom(answer.error);
      } finally {
        turns.give();
      }
    },
    async close() {
      const closing = opening;
      opening = null;
      await (await closing?.catch(() => null))?.destroy();
    },
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
