import {
  type AnyJobKind,
  asOutturnError,
  type Backoff,
  type JobFence,
  type JobPorts,
  type OutboxRow,
  type OutturnError,
  PermanentError,
  RetryableError,
  type Tracing,
} from '#kit';
import { AttemptAborted, execute } from './execution.ts';
import { releaseWaiting } from './queued-job.ts';
import type { SuspectGate } from './suspects.ts';

/** A source that keeps asking for patience for longer than this spends attempts from then on. */
const PATIENCE_MS = 24 * 3_600_000;

/** The third time that a job took its worker with it, it goes into quarantine. */
const MAX_CRASHES = 3;
/** A suspect looks again this often whether another one has ended; up to half as long again, by chance. */
const SUSPECT_DELAY_MS = 1_000;
const NEWER_WORKER_DELAY_MS = 15_000;

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

export interface AttemptInput {
  row: OutboxRow;
  attempt: number;
  /** How many the queue allows: decided when the job was published. */
  attempts: number;
  /** `host:pid` of the worker, for the job's history. */
  instance: string;
  tracing: Tracing;
  /** Aborted from outside with an AttemptAborted: cancel, lost lock, shutdown. Its time-out is set here. */
  controller: AbortController;
  /** Of this process. */
  suspects: SuspectGate;
  /** In [0, 1). */
  random(): number;
  /** Told when the run is noted in the store: from then on it counts as a crash until its end is noted too. */
  onStarted(fence: JobFence): void;
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
  const { row, attempt } = input;
  const log = ports.log.child({ job: row.id, kind: row.kind, attempt });

  if (acknowledged.has(row.state)) {
    // Intents that the queue collapsed into this one would wait for ever.
    await releaseWaiting(ports.store, row);
    return { kind: 'done' };
  }
  const job = jobs.get(row.kind);
  if (job === undefined || row.version > job.version) {
    log.info({ version: row.version, known: job?.version ?? null }, 'put back for a newer worker');
    return { kind: 'delay', delayMs: NEWER_WORKER_DELAY_MS };
  }

  // One that was begun before may have killed its worker, or sat beside one that did: see SuspectGate.
  const isSuspect = row.attempts > 0 && (await isDangerous(ports, row));
  if (isSuspect && !input.suspects.enter(row.id)) {
    log.debug({}, 'put back: its worker died with it before, and another such job runs in this process');
    return { kind: 'delay', delayMs: Math.round(SUSPECT_DELAY_MS * (1 + input.random() / 2)) };
  }
  try {
    return await runOnce(job, ports, input);
  } finally {
    if (isSuspect) input.suspects.leave(row.id);
  }
}

/**
 * Whether a further death would put it into quarantine. Not after the first one already: all that a killed worker ran would
 * then run one after the other, and hours of pulls would wait for their turn.
 */
async function isDangerous(ports: JobPorts, row: OutboxRow): Promise<boolean> {
  const crashes = await ports.store.runs.crashes(row.id);
  return crashes === MAX_CRASHES - 1;
}

async function runOnce(job: AnyJobKind, ports: JobPorts, input: AttemptInput): Promise<Outcome> {
  const { row, attempt, controller } = input;
  const { store, clock, metrics } = ports;
  const log = ports.log.child({ job: row.id, kind: row.kind, attempt });

  // Read before the job reads anything: what is committed by now is covered by this run.
  const covered =
    row.dedupeKey === null ? [] : (await store.outbox.waiting(row.kind, row.dedupeKey)).filter((id) => id !== row.id);
  const start = await store.outbox.started(row.id, { attempt, instance: input.instance });
  if (start === null) {
    await releaseWaiting(ports.store, row);
    return { kind: 'done' };
  }
  const { fence, crashes } = start;
  if (crashes > 0) metrics.jobIncident({ kind: row.kind, incident: 'crashed' });
  input.onStarted(fence);
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
    metrics.jobIncident({ kind: row.kind, incident: 'quarantined' });
    log.error({ crashes }, message);
    return { kind: 'fail', message };
  }
  // A replay was not due before it was published again.
  const dueAtMs = Math.max(row.createdAtMs, row.notBeforeMs ?? 0, row.replays > 0 ? (row.publishedAtMs ?? 0) : 0);
  const measure = (outcome: 'succeeded' | 'retried' | 'failed' | 'cancelled' | 'released' | 'lost'): void =>
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
    metrics.jobIncident({ kind: row.kind, incident: 'lost-lock' });
    measure('lost');
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
    await releaseWaiting(ports.store, row);
    measure('cancelled');
    log.info({}, 'job cancelled');
    return { kind: 'done' };
  }
  const error = abort ?? asOutturnError(result.error);
  const booked = { code: error.code, message: ports.redact(error.message) };
  if (abort?.abort === 'shutdown') {
    if (!(await putOff('released'))) return superseded();
    measure('released');
    return { kind: 'release' };
  }
  const patience = error instanceof RetryableError ? error.retryAfterMs : undefined;
  if (patience !== undefined && clock.nowMs() - (row.startedAtMs ?? startedAtMs) < PATIENCE_MS) {
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
    measure('lost');
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
  if (isMine) {
    ports.metrics.jobIncident({ kind: row.kind, incident: 'dead-letter' });
    await releaseWaiting(ports.store, row);
  }
  return isMine;
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
