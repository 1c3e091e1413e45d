import {
  type AnyJobKind,
  type JobPorts,
  type OutboxRow,
  OutturnError,
  PermanentError,
  type QueueName,
  queueNames,
  RetryableError,
} from '#kit';
import { type BackendSettings, openBackend, type QueueHandle, unavailable } from './backend.ts';
import { withDeadline } from './deadline.ts';
import { jobTable } from './intents.ts';
import { createRelay } from './relay.ts';
import { type Concurrency, closeBounded, createWorkers } from './workers.ts';

/** Lock expiry goes by the clients' clocks: a worker whose clock is off by more would steal running jobs. */
const MAX_CLOCK_DIFFERENCE_MS = 2_000;
const IDLE_POLL_MS = 250;
const HEALTH_TIMEOUT_MS = 3_000;

export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
}
export interface QueueHealth {
  backend: 'postgres' | 'redis';
  /** `host:port`. */
  target: string;
  workers: boolean;
  counts: Record<QueueName, QueueCounts>;
}

/** The queue of this process: producer always, relay and workers once started. */
export interface QueueRuntime {
  /**
   * One limit for each queue, or one by queue (absent: 1; 0: none of that queue). A further call starts the queues that
   * have no worker in this process yet, and leaves the others as they are.
   */
  startWorkers(options: { concurrency: Concurrency }): Promise<void>;
  startRelay(): Promise<void>;
  /** Resolves when every intent is acknowledged. Rejects with `queue/timeout` naming the open ones, or `queue/cancelled`. */
  idle(options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<void>;
  counts(): Promise<Record<QueueName, QueueCounts>>;
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
  /** In [0, 1); for the jitter of retries. */
  random?: (() => number) | undefined;
}

/** Connects and checks the queue. Throws `queue/unavailable`. */
export async function createQueueRuntime(settings: QueueRuntimeSettings): Promise<QueueRuntime> {
  const { ports, instance } = settings;
  const { store, clock, log, metrics } = ports;
  const jobs = jobTable(settings.jobs);
  const backend = await openBackend(settings.backend, log);
  if (backend.kind === 'postgres') await checkClock(ports);

  const queues = Object.fromEntries(queueNames.map((name) => [name, backend.queue(name)])) as Record<
    QueueName,
    QueueHandle
  >;
  const settledListeners = new Set<() => void>();
  const relay = createRelay({ store, queues, jobs, target: backend.target, clock, metrics, log, newId: ports.newId });
  const workers = createWorkers({
    backend,
    jobs,
    ports,
    instance,
    random: settings.random ?? Math.random,
    onSettled: () => {
      for (const listener of settledListeners) listener();
    },
  });

  async function counts(): Promise<Record<QueueName, QueueCounts>> {
    try {
      const entries = await withDeadline(
        Promise.all(
          queueNames.map(async (name) => {
            const found = await queues[name].getJobCounts('waiting', 'active', 'delayed', 'failed');
            const count = (state: string): number => found[state] ?? 0;
            return [
              name,
              {
                waiting: count('waiting'),
                active: count('active'),
                delayed: count('delayed'),
                failed: count('failed'),
              },
            ] as const;
          }),
        ),
        HEALTH_TIMEOUT_MS,
      );
      return Object.fromEntries(entries) as Record<QueueName, QueueCounts>;
    } catch (error) {
      throw unavailable(backend.target, error);
    }
  }

  async function idle({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      if (signal?.aborted) throw new OutturnError('queue/cancelled', 'Stopped while waiting for jobs; they go on.');
      if ((await store.outbox.openCount()) === 0) return;
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
    const open = [];
    for (const state of ['running', 'published', 'pending'] as const)
      open.push(...(await store.outbox.list({ state, limit: 10 })));
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

  let closing: Promise<void> | null = null;
  return {
    startWorkers: ({ concurrency }) => workers.start(concurrency),
    startRelay: () => relay.start(),
    idle,
    counts,
    health: async () => ({
      backend: backend.kind,
      target: backend.target,
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
        await relay.stop();
        await workers.close(graceMs);
        await Promise.all(queueNames.map((name) => closeBounded(queues[name])));
      })();
      return closing;
    },
  };
}

async function checkClock(ports: JobPorts): Promise<void> {
  const { clockDifferenceMs } = await ports.store.health();
  if (Math.abs(clockDifferenceMs) <= MAX_CLOCK_DIFFERENCE_MS) return;
  throw new PermanentError(
    'queue/unavailable',
    `This machine's clock differs from the database server's by ${(clockDifferenceMs / 1000).toFixed(1)} s: its workers would take running jobs from others.`,
    { hint: 'Synchronise the clocks (NTP), then start again.' },
  );
}
