import { DelayedError, type Job, type Telemetry, UnrecoverableError } from 'bullmq';
import {
  type AnyJobKind,
  type JobFence,
  type JobPorts,
  type OutboxRow,
  type QueueName,
  queueNames,
  type Tracing,
} from '#kit';
import { backoffMs, type Outcome, runAttempt } from './attempt.ts';
import type { Backend, JobData, JobProcessor, WorkerHandle } from './backend.ts';
import { AttemptAborted } from './execution.ts';
import { plainJobId } from './queued-job.ts';
import { BACKOFF_TYPE } from './relay.ts';
import { createSuspectGate } from './suspects.ts';

/**
 * A killed worker's jobs run again once its lock has expired and a check has found it so: within LOCK + 2 × CHECK and the
 * pick-up, which leaves a busy machine room below the 15 s that are promised. The lock is renewed at half its duration.
 */
const LOCK_DURATION_MS = 6_000;
const STALLED_CHECK_MS = 2_000;
/** The outbox counts the workers that died with a job, on every backend alike; the queue must not end it before. */
const MAX_STALLED = 1_000_000;
const RECONNECT_DELAY_MS = 1_000;
/** How often running jobs are compared with the outbox (cancelled?) and with their lock's renewal. */
const WATCH_INTERVAL_MS = 1_500;
const STORE_DOWN_DELAY_MS = 3_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** Above the grace that an aborted handler has. */
const ABORT_TIMEOUT_MS = 6_000;

export type Concurrency = number | Partial<Record<QueueName, number>>;

interface Run {
  row: OutboxRow;
  controller: AbortController;
  renewedAtMs: number;
}

export interface Workers {
  start(concurrency: Concurrency): Promise<void>;
  isStarted(): boolean;
  /** Aborts the run of a job that was cancelled, when it runs here. */
  abortCancelled(jobId: string): void;
  /** Gives back what runs and takes nothing until `resume`. */
  suspend(): void;
  resume(): void;
  close(graceMs: number): Promise<void>;
}
export interface WorkersDependencies {
  backend: Backend;
  jobs: ReadonlyMap<string, AnyJobKind>;
  ports: JobPorts;
  instance: string;
  random: () => number;
  tracing: Tracing;
  /** Absent: nothing is traced. */
  telemetry?: Telemetry | undefined;
  /** Called after each attempt: something may have become due or been done. */
  onSettled(): void;
}

/** One BullMQ worker for each queue, with what BullMQ leaves out: abort on a lost lock, cancel, a bounded shutdown. */
export function createWorkers(dependencies: WorkersDependencies): Workers {
  const { backend, jobs, ports, instance, random, tracing, telemetry, onSettled } = dependencies;
  const { store, log } = ports;
  const workers: WorkerHandle[] = [];
  /** By the queue's job id. */
  const runs = new Map<string, Run>();
  /** Runs that ended here while the store was out of reach: without their end they would count as dead workers. */
  const unbooked = new Set<JobFence>();
  const suspects = createSuspectGate();
  let isClosing = false;
  let isSuspended = false;
  let watch: NodeJS.Timeout | null = null;
  let started: Promise<void> = Promise.resolve();
  let active = 0;
  let onIdle: (() => void) | null = null;

  const process: JobProcessor = async (job, token, _signal) => {
    active += 1;
    try {
      await settle(job, token, await attempt(job));
      return null;
    } finally {
      active -= 1;
      if (active === 0) onIdle?.();
      onSettled();
    }
  };

  async function attempt(job: Job<JobData>): Promise<Outcome> {
    if (isClosing || isSuspended) return { kind: 'release' };
    const jobId = job.id ?? '';
    let run: Run | undefined;
    let fence: JobFence | undefined;
    try {
      const row = await store.outbox.get(job.data.outboxId);
      if (row === null) {
        log.warn({ job: job.data.outboxId, kind: job.name }, 'a queued job has no intent: dropped');
        return { kind: 'done' };
      }
      // Left by a worker that died with the failure: since the replay another one stands for the row.
      if (row.dedupeKey === null && jobId !== plainJobId(row)) return { kind: 'done' };
      run = { row, controller: new AbortController(), renewedAtMs: performance.now() };
      runs.set(jobId, run);
      const input = {
        row,
        attempt: job.attemptsMade + 1,
        attempts: job.opts.attempts ?? 1,
        instance,
        tracing,
        controller: run.controller,
        suspects,
        random,
        onStarted: (started: JobFence) => {
          fence = started;
        },
      };
      const facts = { job: row.id, kind: row.kind, attempt: input.attempt };
      return await tracing.within(facts, () => runAttempt(jobs, ports, input));
    } catch (error) {
      if (fence !== undefined) unbooked.add(fence);
      // The store failed, not the job: it costs no attempt.
      log.warn({ job: job.data.outboxId, kind: job.name, error }, 'a job could not be booked; it is put off');
      return { kind: 'delay', delayMs: STORE_DOWN_DELAY_MS };
    } finally {
      if (runs.get(jobId) === run) runs.delete(jobId);
    }
  }

  /** Tells the queue what became of an attempt, in the errors that BullMQ understands. */
  async function settle(job: Job<JobData>, token: string | undefined, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case 'done':
        return;
      case 'delay':
        await job.moveToDelayed(Date.now() + outcome.delayMs, token);
        throw new DelayedError();
      case 'release':
        await giveBack(job, token);
        throw new DelayedError();
      case 'retry':
        throw bare(new Error(outcome.message));
      case 'fail':
        throw bare(new UnrecoverableError(outcome.message));
      case 'lost':
        // When nobody has taken it yet it is still this worker's to give back; otherwise the queue refuses, rightly.
        await giveBack(job, token).catch(() => undefined);
        throw new DelayedError();
    }
  }

  /**
   * To any free worker, at once. As put off until now, for whoever sleeps is woken by that; BullMQ's `moveToWait` leaves it to
   * the next look, seconds later, when the job has a priority.
   */
  function giveBack(job: Job<JobData>, token: string | undefined): Promise<void> {
    return job.moveToDelayed(Date.now(), token);
  }

  /** Notes the ends that could not be noted. */
  async function bookEnds(): Promise<void> {
    for (const fence of [...unbooked]) {
      await store.runs.end(fence, {
        outcome: 'retried',
        errorCode: 'storage/unavailable',
        errorMessage: 'The database was out of reach when this run ended: it is run again.',
      });
      unbooked.delete(fence);
    }
  }

  /**
   * Aborts what could not renew its lock because the queue was out of reach, and what was cancelled while no notification
   * came through.
   */
  async function watchRuns(): Promise<void> {
    // First of all, for where the queue is out of reach the store may be as well.
    for (const run of runs.values())
      if (performance.now() - run.renewedAtMs > LOCK_DURATION_MS)
        run.controller.abort(new AttemptAborted('lost-lock', 'The lock could not be renewed in time.'));
    await bookEnds();
    for (const run of [...runs.values()]) {
      if (run.controller.signal.aborted) continue;
      const row = await store.outbox.get(run.row.id);
      if (row?.state === 'cancelled') abortCancelled(run.row.id);
    }
  }

  function abortCancelled(jobId: string): void {
    for (const run of runs.values())
      if (run.row.id === jobId) run.controller.abort(new AttemptAborted('cancelled', 'The job was cancelled.'));
  }

  function createWorker(name: QueueName, concurrency: number): WorkerHandle {
    // Its loop outlives whoever starts it.
    const worker = tracing.detached(() =>
      backend.worker(name, process, {
        ...(telemetry === undefined ? {} : { telemetry }),
        name: instance.replace(/[^\w.-]/g, '-'),
        concurrency,
        lockDuration: LOCK_DURATION_MS,
        stalledInterval: STALLED_CHECK_MS,
        maxStalledCount: MAX_STALLED,
        runRetryDelay: RECONNECT_DELAY_MS,
        settings: {
          backoffStrategy: (attemptsMade, type, _error, job) => {
            const backoff = jobs.get(job?.name ?? '')?.backoff ?? { baseMs: 1_000, capMs: 60_000 };
            return type === BACKOFF_TYPE ? backoffMs(backoff, attemptsMade, random) : backoff.baseMs;
          },
        },
      }),
    );
    worker.on('locksRenewed', ({ jobIds }) => {
      for (const id of jobIds) {
        const run = runs.get(id);
        if (run !== undefined) run.renewedAtMs = performance.now();
      }
    });
    worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds)
        runs.get(id)?.controller.abort(new AttemptAborted('lost-lock', 'Another worker took the job over.'));
    });
    return worker;
  }

  /** Also their checks for lost locks. */
  function pauseAll(): void {
    for (const worker of workers)
      worker.pause(true).catch((error: unknown) => log.debug({ error }, 'a worker could not be paused'));
  }

  async function allSettled(timeoutMs: number): Promise<boolean> {
    if (active === 0) return true;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      onIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }

  return {
    abortCancelled,
    isStarted: () => workers.length > 0 && !isClosing,
    start(concurrency) {
      if (isClosing) return started;
      for (const name of queueNames) {
        const limit = typeof concurrency === 'number' ? concurrency : (concurrency[name] ?? 1);
        if (limit > 0 && !workers.some((worker) => worker.name === name)) workers.push(createWorker(name, limit));
      }
      if (isSuspended) pauseAll();
      watch ??= setInterval(() => {
        watchRuns().catch((error: unknown) => log.debug({ error }, 'running jobs could not be watched'));
      }, WATCH_INTERVAL_MS);
      started = Promise.all(workers.map((worker) => worker.waitUntilReady())).then(() => undefined);
      return started;
    },
    suspend() {
      isSuspended = true;
      pauseAll();
      for (const run of runs.values())
        run.controller.abort(new AttemptAborted('shutdown', 'The worker stopped taking jobs; another one goes on.'));
    },
    resume() {
      isSuspended = false;
      if (!isClosing) for (const worker of workers) worker.resume();
    },
    async close(graceMs) {
      isClosing = true;
      await started.catch(() => undefined);
      await Promise.all(workers.map((worker) => worker.pause(true)));
      if (!(await allSettled(graceMs))) {
        log.info(
          { jobs: [...runs.values()].map((run) => run.row.id) },
          'the grace period is over: running jobs go back to the queue',
        );
        for (const run of runs.values())
          run.controller.abort(new AttemptAborted('shutdown', 'The worker was shut down; another one goes on.'));
        await allSettled(ABORT_TIMEOUT_MS);
      }
      if (watch !== null) clearInterval(watch);
      await bookEnds().catch((error: unknown) => log.debug({ error }, 'the ends of runs could not be noted'));
      await Promise.all(workers.map((worker) => closeBounded(worker)));
    },
  };
}

/** BullMQ keeps errors with the job: only a redacted message goes there. */
function bare<E extends Error>(error: E): E {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}

/** BullMQ's own close has no time-out. */
export async function closeBounded(handle: Pick<WorkerHandle, 'close' | 'disconnect'>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const isClosed = await Promise.race([
    handle.close().then(
      () => true,
      () => false,
    ),
    new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), CLOSE_TIMEOUT_MS);
    }),
  ]);
  clearTimeout(timer);
  if (!isClosed) void handle.disconnect().catch(() => undefined);
}
