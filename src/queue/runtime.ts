import {
  type AnyJobKind,
  type JobPorts,
  noTracing,
  type OutboxRow,
  OutturnError,
  PermanentError,
  type QueueName,
  queueNames,
  RetryableError,
  type Tracing,
} from '#kit';
import { type BackendSettings, openBackend, type QueueHandle, unavailable } from './backend.ts';
import { type ClockWatch, watchClock } from './clock-watch.ts';
import { withDeadline } from './deadline.ts';
import { jobTable } from './intents.ts';
import { releaseWaiting, withdraw } from './queued-job.ts';
import { createRelay } from './relay.ts';
import { openWorkerTelemetry, tracePublications } from './telemetry.ts';
import { type Concurrency, closeBounded, createWorkers } from './workers.ts';

/** Lock expiry goes by the clients' clocks: a worker whose clock is off by more would steal running jobs. */
const MAX_CLOCK_DIFFERENCE_MS = 2_000;
const IDLE_POLL_MS = 250;
const HEALTH_TIMEOUT_MS = 3_000;

export interface QueueCounts {
  /** Of every priority. */
  waiting: number;
  active: number;
  /** Put off: until their next attempt, or as the other side asked. */
  delayed: number;
  failed: number;
  /** No worker of the fleet takes jobs of it. */
  paused: boolean;
}
export interface QueueHealth {
  backend: 'postgres' | 'redis';
  /** In words: `PostgreSQL`, `Redis 7.0.15`, `Redis Cluster (6 nodes)`. */
  label: string;
  /** `host:port`. */
  target: string;
  /** What the checks at start found risky, a sentence each: no persistence, no replica. */
  warnings: readonly string[];
  workers: boolean;
  counts: Record<QueueName, QueueCounts>;
}

/** The queue of this process: producer always, relay and workers once started. */
export interface QueueRuntime {
  /** What the queue lies in, in words: `PostgreSQL`, `Redis 7.0.15`, `Redis Cluster (6 nodes)`. */
  readonly label: string;
  /**
   * One limit for each queue, or one by queue (absent: 1; 0: none of that queue). A further call starts the queues that
   * have no worker in this process yet, and leaves the others as they are.
   */
  startWorkers(options: { concurrency: Concurrency }): Promise<void>;
  startRelay(): Promise<void>;
  /** Resolves when every intent is acknowledged. Rejects with `queue/timeout` naming the open ones, or `queue/cancelled`. */
  idle(options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Resolves when nothing is due and nothing runs in the whole fleet: what is put off, has its time to come, or lies in a
   * paused queue, does not count. Rejects as `idle` does.
   */
  drained(options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<void>;
  /** Throws `queue/unavailable`. */
  counts(): Promise<Record<QueueName, QueueCounts>>;
  /** No worker of the fleet takes further jobs of these queues (absent: of all) until `resume`; those that run go on. */
  pause(queues?: readonly QueueName[]): Promise<void>;
  resume(queues?: readonly QueueName[]): Promise<void>;
  isPaused(queue: QueueName): Promise<boolean>;
  /**
   * Ends a job that has not ended: its run is aborted in whichever process it is, it leaves the queue, and the later requests
   * of its key run in its place.
   */
  cancel(id: string): Promise<'cancelled' | 'was-done'>;
  /** Throws `queue/unavailable`. */
  health(): Promise<QueueHealth>;
  /** Jobs that wait for their next attempt make it now; others are left as they are. */
  runNow(rows: readonly OutboxRow[]): Promise<void>;
  /** Publishes every unacknowledged intent again, after the queue was wiped; returns how many. */
  rebuild(): Promise<{ republished: number }>;
  /** Takes no more jobs, waits for those that run, then aborts them and gives them back. Safe to call again. */
  close(options: { graceMs: number }): Promise<void>;
}

export interface QueueRuntimeSettings {
  backend: BackendSettings;
  jobs: readonly AnyJobKind[];
  ports: JobPorts;
  /** Names this process in the queue. */
  instance: string;
  /** Absent: nothing is traced. */
  tracing?: Tracing | undefined;
  /** In [0, 1); for the jitter of retries. */
  random?: (() => number) | undefined;
}

/** Connects and checks the queue. Throws `queue/unavailable`. */
export async function createQueueRuntime(settings: QueueRuntimeSettings): Promise<QueueRuntime> {
  const { ports, instance, tracing = noTracing } = settings;
  const { store, clock, log, metrics } = ports;
  const jobs = jobTable(settings.jobs);
  const backend = await openBackend(settings.backend, log);
  await checkClock(ports, backend.kind);

  const queues = Object.fromEntries(
    queueNames.map((name) => [name, tracePublications(backend.queue(name), tracing)]),
  ) as Record<QueueName, QueueHandle>;
  const settledListeners = new Set<() => void>();
  let subscription: Promise<{ close(): Promise<void> }> | null = null;
  let clockWatch: ClockWatch | null = null;
  const relay = createRelay({
    store,
    queues,
    jobs,
    target: backend.target,
    backend: backend.kind,
    clock,
    metrics,
    log,
    newId: ports.newId,
  });
  const workers = createWorkers({
    backend,
    jobs,
    ports,
    instance,
    random: settings.random ?? Math.random,
    tracing,
    telemetry: await openWorkerTelemetry(tracing),
    onSettled: () => {
      for (const listener of settledListeners) listener();
    },
  });

  /** A question to the queue: with a time limit, and `queue/unavailable` when it is not answered. */
  async function asked<T>(question: Promise<T>): Promise<T> {
    try {
      return await withDeadline(question, HEALTH_TIMEOUT_MS);
    } catch (error) {
      throw unavailable(backend.target, error);
    }
  }

  async function countsOf(name: QueueName): Promise<QueueCounts> {
    // A job with a priority waits in a state of its own.
    const found = await queues[name].getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed');
    const count = (state: string): number => found[state] ?? 0;
    return {
      waiting: count('waiting') + count('prioritized'),
      active: count('active'),
      delayed: count('delayed'),
      failed: count('failed'),
      paused: await queues[name].isPaused(),
    };
  }

  async function counts(): Promise<Record<QueueName, QueueCounts>> {
    const entries = await asked(Promise.all(queueNames.map(async (name) => [name, await countsOf(name)] as const)));
    return Object.fromEntries(entries) as Record<QueueName, QueueCounts>;
  }

  async function isQueueQuiet(): Promise<boolean> {
    return Object.values(await counts()).every(
      ({ waiting, active, paused }) => active === 0 && (paused || waiting === 0),
    );
  }

  async function drained({
    timeoutMs,
    signal,
  }: {
    timeoutMs: number;
    signal?: AbortSignal | undefined;
  }): Promise<void> {
    // What a job asks for is committed before the job leaves the queue, and published before the second look.
    await until(
      async () => (await isQueueQuiet()) && (await store.outbox.dueCount()) === 0 && (await isQueueQuiet()),
      timeoutMs,
      signal,
    );
  }

  async function until(
    isReached: () => Promise<boolean>,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      if (signal?.aborted) throw new OutturnError('queue/cancelled', 'Stopped while waiting for jobs; they go on.');
      if (await isReached()) return;
      if (performance.now() >= deadlineMs) throw await stillOpen(timeoutMs);
      await settledOr(Math.min(IDLE_POLL_MS, Math.max(1, deadlineMs - performance.now())), signal);
    }
  }

  /** Until an attempt ends in this process, the time is over, or the signal. */
  function settledOr(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        settledListeners.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      settledListeners.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  async function stillOpen(timeoutMs: number): Promise<OutturnError> {
    const found = new Map<string, OutboxRow>();
    // In the order in which a job passes through them: one that goes on meanwhile is seen at least once.
    for (const state of ['pending', 'published', 'running'] as const)
      for (const row of await store.outbox.list({ state, limit: 10 })) {
        found.delete(row.id);
        found.set(row.id, row);
      }
    const open = [...found.values()].toReversed();
    const names = open
      .slice(0, 10)
      .map((row) => `${row.kind} ${row.id} (${row.state}${row.errorMessage === null ? '' : `: ${row.errorMessage}`})`);
    return new RetryableError(
      'queue/timeout',
      `Jobs are still open after ${timeoutMs / 1000} s: ${names.join(', ')}.`,
      {
        hint: 'They stay queued; see `outturn jobs`, and whether a worker runs.',
        facts: { open: open.map(({ id, kind, state }) => ({ id, kind, state })) },
      },
    );
  }

  /** One listening connection, as soon as this process carries or runs jobs. */
  function listen(): Promise<{ close(): Promise<void> }> {
    subscription ??= tracing.detached(() =>
      store.listenOutbox((notice) => {
        if (notice.kind === 'due') relay.wake();
        else void forget(notice.jobId);
      }),
    );
    return subscription;
  }

  /** What a process does about a job that was cancelled, wherever that was asked for. */
  async function forget(id: string): Promise<void> {
    workers.abortCancelled(id);
    try {
      const row = await store.outbox.get(id);
      if (row !== null && (await withdraw(queues, row))) await releaseWaiting(store, row);
    } catch (error) {
      // The reconciliation finds it.
      log.debug({ job: id, error }, 'a cancelled job could not be taken out of the queue yet');
    }
  }

  async function cancel(id: string): Promise<'cancelled' | 'was-done'> {
    if (!(await store.outbox.cancel(id))) return 'was-done';
    await forget(id);
    return 'cancelled';
  }

  function watchOwnClock(): ClockWatch {
    return watchClock({
      clock,
      differenceMs: async () => (await store.health()).clockDifferenceMs,
      limitMs: MAX_CLOCK_DIFFERENCE_MS,
      log,
      onWrong: () => workers.suspend(),
      onRight: () => workers.resume(),
    });
  }

  let closing: Promise<void> | null = null;
  return {
    label: backend.label,
    async startWorkers({ concurrency }) {
      if (backend.kind === 'postgres') clockWatch ??= watchOwnClock();
      await Promise.all([workers.start(concurrency), listen()]);
    },
    async startRelay() {
      // Its loop outlives whoever starts it.
      tracing.detached(() => relay.start());
      await listen();
    },
    idle: ({ timeoutMs, signal }) => until(async () => (await store.outbox.openCount()) === 0, timeoutMs, signal),
    drained,
    counts,
    pause: async (names = queueNames) => {
      await asked(Promise.all(names.map((name) => queues[name].pause())));
    },
    resume: async (names = queueNames) => {
      await asked(Promise.all(names.map((name) => queues[name].resume())));
    },
    isPaused: (name) => asked(queues[name].isPaused()),
    cancel,
    health: async () => ({
      backend: backend.kind,
      label: backend.label,
      target: backend.target,
      warnings: backend.warnings,
      workers: workers.isStarted(),
      counts: await counts(),
    }),
    runNow: (rows) => relay.runNow(rows),
    rebuild: async () => {
      try {
        return { republished: await relay.rebuild() };
      } catch (error) {
        throw unavailable(backend.target, error);
      }
    },
    close({ graceMs }) {
      closing ??= (async () => {
        clockWatch?.stop();
        // Beside each other: a relay that waits for a silent server must not keep running jobs from being given back.
        await Promise.all([relay.stop(), workers.close(graceMs)]);
        await (await subscription)?.close();
        await Promise.all(queueNames.map((name) => closeBounded(queues[name])));
        await backend.close();
      })();
      return closing;
    },
  };
}

/**
 * On PostgreSQL the clients say when a lock is over: a wrong clock is refused. On Redis locks are keys that the server lets
 * expire by its own clock, whatever that of a client says; only what is put off goes by the clients'.
 */
async function checkClock({ store, log }: JobPorts, backend: 'postgres' | 'redis'): Promise<void> {
  const { clockDifferenceMs } = await store.health();
  if (Math.abs(clockDifferenceMs) <= MAX_CLOCK_DIFFERENCE_MS) return;
  const found = `This machine's clock differs from the database server's by ${(clockDifferenceMs / 1000).toFixed(1)} s`;
  if (backend === 'redis') {
    log.warn({ clockDifferenceMs }, `${found}: retries and jobs for later run that much too early or too late.`);
    return;
  }
  throw new PermanentError('queue/unavailable', `${found}: its workers would take running jobs from others.`, {
    hint: 'Synchronise the clocks (NTP), then start again.',
  });
}
