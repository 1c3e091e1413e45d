import { Worker } from 'node:worker_threads';
import type { Measurement } from '#domain';
import { asOutturnError, OutturnError, type PageParser, type ParsedPage, PermanentError, thrownFrom } from '#kit';
import type { PageAnswer, PageTask } from './page-parser-thread.ts';

/** Parsing less holds the process up for some tenths of a second at most. */
const LEAST_CHARACTERS = 1024 * 1024;
/** Parsers are tested to need less for a page at the largest `maxResponse` that is usual. */
const MEMORY_MB = 1_024;
/** A thread that nobody needs gives its memory back. */
const IDLE_MS = 60_000;

// Threads run the same form of the program: TypeScript in a checkout, JavaScript in the package.
const THREAD = new URL(`./page-parser-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

export interface PageParserBounds {
  leastCharacters: number;
  memoryMb: number;
}

/** One page at a time, in one thread: two large ones would take the memory of both. None runs before the first page. */
export function createPageParser(changes: Partial<PageParserBounds> = {}): PageParser {
  const { leastCharacters, memoryMb } = { leastCharacters: LEAST_CHARACTERS, memoryMb: MEMORY_MB, ...changes };
  let resting: { worker: Worker; timer: NodeJS.Timeout } | null = null;
  let last: Promise<void> = Promise.resolve();

  function takeThread(): Worker {
    const kept = resting;
    resting = null;
    if (kept === null) return new Worker(THREAD, { resourceLimits: { maxOldGenerationSizeMb: memoryMb } });
    clearTimeout(kept.timer);
    forget(kept.worker);
    kept.worker.ref();
    return kept.worker;
  }

  function rest(worker: Worker): void {
    // It must not keep the program alive.
    worker.unref();
    const drop = (): void => {
      if (resting?.worker === worker) resting = null;
      void worker.terminate();
    };
    const timer = setTimeout(drop, IDLE_MS);
    timer.unref();
    forget(worker);
    worker.on('error', drop);
    worker.on('exit', drop);
    resting = { worker, timer };
  }

  async function parseInThread(task: PageTask, signal: AbortSignal): Promise<ParsedPage> {
    const worker = takeThread();
    const measurements: Measurement[] = [];
    let onAbort = (): void => {};
    try {
      const answer = await new Promise<Extract<PageAnswer, { kind: 'end' }>['answer']>((resolve, reject) => {
        onAbort = () => reject(asOutturnError(signal.reason));
        signal.addEventListener('abort', onAbort, { once: true });
        worker.on('message', (message: PageAnswer) => {
          if (message.kind === 'end') return resolve(message.answer);
          for (const row of message.rows) measurements.push(row);
          worker.postMessage('next');
        });
        worker.on('error', (error) => reject(failure(error, task, memoryMb)));
        worker.on('exit', (code) => reject(failure(new Error(`the thread ended with ${code}`), task, memoryMb)));
        worker.postMessage(task);
      });
      rest(worker);
      if (!answer.ok) throw thrownFrom(answer.error);
      return { ...answer.value, measurements };
    } catch (thrown) {
      if (resting?.worker !== worker) void worker.terminate();
      throw thrown;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    leastCharacters,
    async parse(kind, page, { options, stream, streamId }, signal) {
      const before = last;
      const done = Promise.withResolvers<void>();
      last = done.promise;
      try {
        await before;
        if (signal.aborted) throw asOutturnError(signal.reason);
        return await parseInThread({ kind: kind.kind, page, context: { options, stream, streamId } }, signal);
      } finally {
        done.resolve();
      }
    },
  };
}

/** Only our own listeners: others of a thread's belong to the platform. */
function forget(worker: Worker): void {
  for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
}

function failure(error: unknown, { page, context }: PageTask, memoryMb: number): OutturnError {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY')
    return new PermanentError(
      'source/too-large',
      `stream ${context.streamId}: a page of ${page.body.length.toLocaleString('en')} characters needs more than ${memoryMb} MB to be parsed`,
      { hint: 'Let the source answer with less at a time: a smaller page size, a shorter window or fewer fields.' },
    );
  return new OutturnError('internal', 'A thread that parses pages could not run.', { cause: error });
}
