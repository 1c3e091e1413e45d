import {
  type AnyJobKind,
  type JobFence,
  type JobPorts,
  type OutboxRow,
  RetryableError,
  type Store,
  type Tracing,
} from '#kit';
import { argumentsToRun } from './intents.ts';

/** How long a handler may take to notice that it was aborted before it is left to itself. */
const ABORT_GRACE_MS = 3_000;
const PROGRESS_INTERVAL_MS = 500;

export type AbortKind = 'timeout' | 'cancelled' | 'lost-lock' | 'shutdown';
/** Why a running attempt was aborted: the reason of its signal. */
export class AttemptAborted extends RetryableError {
  readonly abort: AbortKind;
  constructor(abort: AbortKind, message: string) {
    super(abort === 'timeout' ? 'queue/timeout' : 'queue/cancelled', message);
    this.abort = abort;
  }
}

export type Result = { ok: true; value: unknown } | { ok: false; error: unknown };

/** Runs the handler under its time-out. A handler that ignores the abort is left behind after a grace period. */
export async function execute(
  job: AnyJobKind,
  ports: JobPorts,
  input: { row: OutboxRow; attempt: number; tracing: Tracing; controller: AbortController },
  fence: JobFence,
): Promise<Result> {
  const { row, attempt, controller, tracing } = input;
  const { signal } = controller;
  const timer = setTimeout(
    () =>
      controller.abort(new AttemptAborted('timeout', `Job ${job.kind} took longer than ${job.timeoutMs / 1000} s.`)),
    job.timeoutMs,
  );
  const progress = progressWriter(ports, row.id);
  let giveUp: NodeJS.Timeout | undefined;
  const abandoned = new Promise<Result>((resolve) => {
    const onAbort = (): void => {
      giveUp = setTimeout(() => resolve({ ok: false, error: signal.reason }), ABORT_GRACE_MS);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  const attributes = {
    'outturn.job.id': row.id,
    'outturn.job.kind': job.kind,
    'outturn.job.attempt': attempt,
    'outturn.job.cause': row.cause,
  };
  const handled = (async (): Promise<Result> => {
    try {
      const args = argumentsToRun(job, row.version, row.args);
      return {
        ok: true,
        value: await tracing.span(`job ${job.kind}`, { attributes }, () =>
          job.run(args, {
            jobId: row.id,
            attempt,
            signal,
            fence,
            ports: { ...ports, store: fenced(ports.store, fence) },
            progress: progress.report,
          }),
        ),
      };
    } catch (error) {
      return { ok: false, error };
    }
  })();
  try {
    return await Promise.race([handled, abandoned]);
  } finally {
    clearTimeout(timer);
    clearTimeout(giveUp);
    await progress.close();
  }
}

/** A store whose every transaction commits only while the run is the newest of its job. */
function fenced(store: Store, fence: JobFence): Store {
  return { ...store, transaction: (work, options) => store.transaction(work, { fence, ...options }) };
}

/** Writes the newest progress at most twice a second, one write at a time; a failed write is no fault of the job. */
function progressWriter(ports: JobPorts, id: string) {
  let latest: { done: number; total: number } | null = null;
  let writing: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;
  const flush = (): void => {
    timer = null;
    const current = latest;
    latest = null;
    if (current === null) return;
    writing = writing
      .then(() => ports.store.outbox.progress(id, current.done, current.total))
      .catch((error: unknown) => ports.log.debug({ job: id, error }, 'progress could not be written'));
  };
  return {
    report: (done: number, total: number): void => {
      if (isClosed) return;
      latest = { done, total };
      timer ??= setTimeout(flush, PROGRESS_INTERVAL_MS);
    },
    close: async (): Promise<void> => {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      flush();
      await writing;
    },
  };
}
