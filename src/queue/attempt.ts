import {
  type AnyJobKind,
  asOutturnError,
  type Backoff,
  type JobFence,
  type JobPorts,
  type OutboxRow,
  OutturnError,
  PermanentError,
  RetryableError,
  type Store,
} from '#kit';
import { argumentsToRun } from './intents.ts';

/** How long a handler may take to notice that it was aborted before it is left to itself. */
const ABORT_GRACE_MS = 3_000;
/** A source that keeps asking for patience for longer than this spends attempts from then on. */
const PATIENCE_MS = 24 * 3_600_000;

/** The third time that a job took its worker with it, it goes into quarantine. */
const MAX_CRASHES = 3;

/** What became of one attempt, for the queue. */
export type Outcome =
  | { kind: 'done' }
  /** Later, without spending an attempt. */
  | { kind: 'delay'; delayMs: number }
  /** At once, by whichever worker is free, without spending an attempt. */
  | { kind: 'release' }
  /** After the backoff; the queue counts the attempt. */
  | { kind: 'retry'; message: string }
  | { kind: 'fail'; message: string }
  /** The job is another's now: nothing may be written. */
  | { kind: 'lost' };

export type AbortKind = 'timeout' | 'cancelled' | 'lost-lock' | 'shutdown';
/** Why a running attempt was aborted: the reason of its signal. */
export class AttemptAborted extends RetryableError {
  readonly abort: AbortKind;
  constructor(abort: AbortKind, message: string) {
    super(abort === 'timeout' ? 'queue/timeout' : 'queue/cancelled', message);
    this.abort = abort;
  }
}

export interface AttemptInput {
  row: OutboxRow;
  attempt: number;
  /** How many the queue allows: decided when the job was published. */
  attempts: number;
  /** `host:pid` of the worker, for the job's history. */
  instance: string;
  /** Aborted from outside with an AttemptAborted: cancel, lost lock, shutdown. Its time-out is set here. */
  controller: AbortController;
}

const acknowledged = new Set<OutboxRow['state']>(['succeeded', 'failed', 'collapsed', 'cancelled']);

/** The delay before attempt `attemptsMade + 1`: exponential, capped, of which a random half is jitter. */
export function backoffMs(backoff: Backoff, attemptsMade: number, random: () => number): number {
  const full = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.max(0, attemptsMade - 1));
  return Math.round(full / 2 + (full / 2) * random());
}

/**
 * One attempt of one intent: checks, runs and books it. Everything about it that people can ask for is written to the
 * store before the queue hears of it, so that a crash between the two runs the job once more and loses nothing. Throws
 * only when the store fails.
 */
export async function runAttempt(
  jobs: ReadonlyMap<string, AnyJobKind>,
  ports: JobPorts,
  input: AttemptInput,
): Promise<Outcome> {
  const { row, attempt, controller } = input;
  const { store, clock, metrics } = ports;
  const log = ports.log.child({ job: row.id, kind: row.kind, attempt });

  if (acknowledged.has(row.state)) {
    // Intents that the queue collapsed into this one would wait for ever.
    await releaseWaiting(ports, row);
    return { kind: 'done' };
  }
  const job = jobs.get(row.kind);
  if (job === undefined || row.version > job.version) {
    log.info({ version: row.version, known: job?.version ?? null }, 'put back for a newer worker');
    return { kind: 'delay', delayMs: 15_000 };
  }

  // Read before the job reads anything: what is committed by now is covered by this run.
  const covered =
    row.dedupeKey === null ? [] : (await store.outbox.waiting(row.kind, row.dedupeKey)).filter((id) => id !== row.id);
  const start = await store.outbox.started(row.id, { attempt, instance: input.instance });
  if (start === null) {
    await releaseWaiting(ports, row);
    return { kind: 'done' };
  }
  const { fence, crashes } = start;
  const startedAtMs = clock.nowMs();
  if (crashes >= MAX_CRASHES) {
    const message = `The worker that ran this job died with it ${crashes} times: it is in quarantine and not tried again.`;
    await failForGood(ports, row, fence, {
      code: 'queue/quarantined',
      message,
      stack: null,
      attempts: attempt,
      startedAtMs,
    });
    log.error({ crashes }, message);
    return { kind: 'fail', message };
  }
  const dueAtMs = Math.max(row.createdAtMs, row.notBeforeMs ?? 0);
  const measure = (outcome: 'succeeded' | 'retried' | 'failed' | 'cancelled'): void =>
    metrics.jobFinished({
      kind: row.kind,
      outcome,
      durationMs: clock.nowMs() - startedAtMs,
      waitedMs: startedAtMs - dueAtMs,
    });

  const result = await execute(job, ports, input, fence);
  const abort = abortOf(controller.signal);
  if (abort?.abort === 'lost-lock') {
    log.warn({}, 'the lock was lost: another worker runs this job');
    await store.runs.end(fence, { outcome: 'lost', errorCode: abort.code, errorMessage: abort.message });
    measure('cancelled');
    return { kind: 'lost' };
  }
  if (result.ok) {
    const isMine = await store.transaction(async (tx) => {
      const acknowledged = await tx.outbox.succeeded(fence, redacted(result.value, ports));
      if (acknowledged && covered.length > 0) await tx.outbox.collapse(row.id, covered);
      await tx.runs.end(fence, { outcome: acknowledged ? 'succeeded' : 'lost' });
      return acknowledged;
    });
    if (!isMine) return superseded();
    measure('succeeded');
    log.debug({ durationMs: clock.nowMs() - startedAtMs, covered: covered.length }, 'job succeeded');
    return { kind: 'done' };
  }
  if (abort?.abort === 'cancelled') {
    await store.runs.end(fence, { outcome: 'cancelled' });
    await releaseWaiting(ports, row);
    measure('cancelled');
    log.info({}, 'job cancelled');
    return { kind: 'done' };
  }
  const error = abort ?? asOutturnError(result.error);
  const booked = { code: error.code, message: ports.redact(error.message) };
  if (abort?.abort === 'shutdown') {
    if (!(await putOff('released'))) return superseded();
    measure('cancelled');
    return { kind: 'release' };
  }
  const patience = error instanceof RetryableError ? error.retryAfterMs : undefined;
  if (patience !== undefined && clock.nowMs() - row.createdAtMs < PATIENCE_MS) {
    if (!(await putOff('retried'))) return superseded();
    measure('retried');
    log.info({ error, retryAfterMs: patience }, 'job put off as the other side asked');
    return { kind: 'delay', delayMs: Math.min(Math.max(0, patience), PATIENCE_MS) };
  }
  if (!(error instanceof PermanentError) && attempt < input.attempts) {
    if (!(await putOff('retried'))) return superseded();
    measure('retried');
    log.warn({ error, attempts: input.attempts }, 'job failed; it is tried again');
    return { kind: 'retry', message: booked.message };
  }
  const failure = { ...booked, stack: stackOf(error, ports), attempts: attempt, startedAtMs };
  if (!(await failForGood(ports, row, fence, failure))) return superseded();
  measure('failed');
  log.error({ error }, 'job failed for good');
  return { kind: 'fail', message: booked.message };

  /** Books an attempt that another one follows; false when this run is not the newest any more. */
  function putOff(outcome: 'retried' | 'released'): Promise<boolean> {
    return store.transaction(async (tx) => {
      const isMine = await tx.outbox.failed(fence, { ...booked, final: false });
      const { code: errorCode, message: errorMessage } = booked;
      await tx.runs.end(fence, { outcome: isMine ? outcome : 'lost', errorCode, errorMessage });
      return isMine;
    });
  }

  /** A later run has begun, or the job was cancelled at the last moment: what this one did is void. */
  function superseded(): Outcome {
    log.warn({ token: fence.token }, 'a later run has taken this job over: nothing of this one counts');
    measure('cancelled');
    return { kind: 'lost' };
  }
}

/** Books the end of a job that no further attempt follows, and lets the later intents of its key run. False as with `failed`. */
async function failForGood(
  ports: JobPorts,
  row: OutboxRow,
  fence: JobFence,
  failure: { code: OutturnError['code']; message: string; stack: string | null; attempts: number; startedAtMs: number },
): Promise<boolean> {
  const { code, message } = failure;
  const isMine = await ports.store.transaction(async (tx) => {
    const isNewest = await tx.outbox.failed(fence, { code, message, final: true });
    await tx.runs.end(fence, { outcome: isNewest ? 'failed' : 'lost', errorCode: code, errorMessage: message });
    if (isNewest)
      await tx.deadLetters.record({
        jobId: row.id,
        kind: row.kind,
        args: row.args,
        errorCode: code,
        errorMessage: message,
        stack: failure.stack,
        attempts: failure.attempts,
        firstFailedAtMs: row.startedAtMs ?? failure.startedAtMs,
        lastFailedAtMs: ports.clock.nowMs(),
      });
    return isNewest;
  });
  if (isMine) await releaseWaiting(ports, row);
  return isMine;
}

/** Publishes again the intents that were collapsed into a job which did not do their work. */
async function releaseWaiting(ports: JobPorts, row: OutboxRow): Promise<void> {
  if (row.dedupeKey === null) return;
  const waiting = (await ports.store.outbox.waiting(row.kind, row.dedupeKey)).filter((id) => id !== row.id);
  if (waiting.length > 0) await ports.store.outbox.unpublish(waiting);
}

function abortOf(signal: AbortSignal): AttemptAborted | null {
  return signal.aborted && signal.reason instanceof AttemptAborted ? signal.reason : null;
}

/** A result as it is stored: as JSON, its texts without secrets. */
function redacted(value: unknown, ports: JobPorts): unknown {
  const text = JSON.stringify(value ?? null, (_key, inner: unknown) =>
    typeof inner === 'string' ? ports.redact(inner) : inner,
  );
  return JSON.parse(text);
}

function stackOf(error: OutturnError, ports: JobPorts): string | null {
  const origin = error.cause instanceof Error ? error.cause : error;
  return error.code === 'internal' && origin.stack !== undefined ? ports.redact(origin.stack) : null;
}

type Result = { ok: true; value: unknown } | { ok: false; error: unknown };

/** Runs the handler under its time-out. A handler that ignores the abort is left behind after a grace period. */
async function execute(job: AnyJobKind, ports: JobPorts, input: AttemptInput, fence: JobFence): Promise<Result> {
  const { row, attempt, controller } = input;
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
  const handled = (async (): Promise<Result> => {
    try {
      const args = argumentsToRun(job, row.version, row.args);
      return {
        ok: true,
        value: await job.run(args, {
          jobId: row.id,
          attempt,
          signal,
          fence,
          ports: { ...ports, store: fenced(ports.store, fence) },
          progress: progress.report,
        }),
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

const PROGRESS_INTERVAL_MS = 500;

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
