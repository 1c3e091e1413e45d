import type { JobsOptions } from 'bullmq';
import type { AnyJobKind, Clock, Logger, Metrics, OutboxRow, Store } from '#kit';
import { type JobData, unavailable } from './backend.ts';
import { withDeadline } from './deadline.ts';
import { deduplicationId, holderOf, plainJobId, priorityNumbers, type Queues } from './queued-job.ts';
import { createReconciler } from './reconcile.ts';
import { traceOf } from './telemetry.ts';

/** How many intents one transaction publishes: its row locks delay the start of these jobs until it commits. */
const BATCH = 100;
/** A server that does not answer must not keep the outbox's rows locked. */
const PUBLISH_TIMEOUT_MS = 15_000;
/** Notifications can be lost and intents become due: the outbox is looked at this often anyway. */
const POLL_INTERVAL_MS = 3_000;
/** On PostgreSQL the queue lies beside the outbox: it is not lost alone, and going through it costs the same server. */
const RECONCILE_INTERVAL_MS = { redis: 20_000, postgres: 60_000 };
/** Finished jobs are kept this long, as evidence and against a second publication; the outbox keeps the history. */
const KEEP_FINISHED_SECONDS = 3_600;

/** `outturn`: the workers' own strategy, by the job's kind. */
export const BACKOFF_TYPE = 'outturn';

export interface RelayDependencies {
  store: Store;
  queues: Queues;
  jobs: ReadonlyMap<string, AnyJobKind>;
  target: string;
  backend: 'postgres' | 'redis';
  clock: Clock;
  metrics: Metrics;
  log: Logger;
  newId(): string;
}
export interface Relay {
  start(): void;
  /** Looks at the outbox soon. */
  wake(): void;
  stop(): Promise<void>;
  /** Publishes everything that is due; returns how many. */
  drain(): Promise<number>;
  /** Publishes every unacknowledged intent again. */
  rebuild(): Promise<number>;
  /** Jobs that wait for their next attempt make it now. */
  runNow(rows: readonly OutboxRow[]): Promise<void>;
}

/**
 * Carries intents from the outbox into the queue. A crash between publication and mark publishes the same id again, which
 * the queue ignores; a lost notification is made good by polling, a lost queue by `reconcile`.
 */
export function createRelay(dependencies: RelayDependencies): Relay {
  const { store, queues, jobs, target, backend, clock, metrics, log, newId } = dependencies;

  async function publish(rows: readonly OutboxRow[]): Promise<void> {
    const byQueue = Map.groupBy(rows, (row) => row.queue);
    for (const [name, batch] of byQueue) {
      const asked = batch.map((row) => jobOf(row));
      const jobs = await queues[name].addBulk(asked);
      for (const [index, row] of batch.entries())
        if (jobs[index]?.id !== asked[index]?.opts.jobId) await hasten(row, jobs[index]?.id);
    }
  }

  /** A row that joined a job of its key which waits with a lower priority brings its own along. */
  async function hasten(row: OutboxRow, holderId: string | undefined): Promise<void> {
    const holder = holderId === undefined ? undefined : await queues[row.queue].getJob(holderId);
    const priority = priorityNumbers[row.priority];
    if (holder !== undefined && holder.priority > priority) await holder.changePriority({ priority });
  }

  function jobOf(row: OutboxRow): { name: string; data: JobData; opts: JobsOptions } {
    const dedupe = deduplicationId(row);
    const delay = row.notBeforeMs === null ? 0 : Math.max(0, row.notBeforeMs - clock.nowMs());
    return {
      name: row.kind,
      data: { outboxId: row.id },
      opts: {
        /*
         * Without a key, the outbox id makes a second publication harmless. With one, deduplication does, and the id must be
         * new each time: BullMQ on PostgreSQL looks at the key before the id, so that adding an id again which runs or has
         * finished would make that job hold its key for ever.
         */
        jobId: dedupe === null ? plainJobId(row) : `${row.id}~${newId()}`,
        priority: priorityNumbers[row.priority],
        delay,
        // A kind that only newer workers know has its attempts there; here it must not end at once.
        attempts: jobs.get(row.kind)?.attempts ?? 3,
        backoff: { type: BACKOFF_TYPE },
        ...(dedupe === null ? {} : { deduplication: { id: dedupe, keepLastIfActive: true } }),
        removeOnComplete: { age: KEEP_FINISHED_SECONDS },
        removeOnFail: { age: KEEP_FINISHED_SECONDS },
        stackTraceLimit: 1,
        ...traceOf(row),
      },
    };
  }

  async function publishBatch(): Promise<number> {
    return store.transaction(async (tx) => {
      const rows = await tx.outbox.claimUnpublished(BATCH);
      if (rows.length === 0) return 0;
      try {
        await withDeadline(publish(rows), PUBLISH_TIMEOUT_MS);
      } catch (error) {
        throw unavailable(target, error);
      }
      await tx.outbox.markPublished(rows.map((row) => row.id));
      return rows.length;
    });
  }

  let isStopping = false;

  async function drain(): Promise<number> {
    let total = 0;
    for (;;) {
      const published = await publishBatch();
      total += published;
      // What is left of a long outbox is another process's, or is published at the next start.
      if (published < BATCH || isStopping) return total;
    }
  }

  const reconciler = createReconciler({ store, queues, target, clock, log, isStopping: () => isStopping });

  async function rebuild(): Promise<number> {
    const released = await reconciler.resetAll();
    await drain();
    return released;
  }

  let wakeUp: (() => void) | null = null;
  let isWoken = false;
  let loop: Promise<void> | null = null;

  const wake = (): void => {
    isWoken = true;
    wakeUp?.();
  };
  /** Until woken or the time is over. */
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
      if (isWoken) wakeUp();
    });

  let reconciling: Promise<void> | null = null;
  /** Beside the publishing, which must not wait for a long queue to be gone through. */
  function reconcile(found: { isWiped: boolean }): void {
    reconciling ??= reconciler
      .reconcile(found)
      .then((republished) => {
        if (republished > 0) wake();
      })
      .catch((error: unknown) => log.debug({ error, target }, 'outbox and queue could not be compared'))
      .finally(() => {
        reconciling = null;
      });
  }

  async function run(): Promise<void> {
    let hasFailed = false;
    let reconcileAtMs = performance.now();
    while (!isStopping) {
      isWoken = false;
      try {
        await drain();
        if (performance.now() >= reconcileAtMs) {
          reconcileAtMs = performance.now() + RECONCILE_INTERVAL_MS[backend];
          reconcile({ isWiped: false });
        } else if (backend === 'redis' && (await reconciler.isWiped())) reconcile({ isWiped: true });
        metrics.gauge('outbox_open', {}, await store.outbox.openCount());
        if (hasFailed) log.info({ target }, 'the outbox is published again');
        hasFailed = false;
      } catch (error) {
        // Once, not at each try: an outage is one event.
        if (!hasFailed && !isStopping) log.warn({ error, target }, 'the outbox could not be published; trying on');
        hasFailed = true;
        isWoken = false;
      }
      if (!isStopping) await pause(POLL_INTERVAL_MS);
    }
  }

  async function runNow(rows: readonly OutboxRow[]): Promise<void> {
    for (const row of rows) {
      const job = await holderOf(queues, row);
      // It may have begun or ended meanwhile, which is what was asked for.
      if (job !== null && (await job.isDelayed())) await job.promote().catch(() => undefined);
    }
  }

  return {
    wake,
    drain,
    rebuild,
    runNow,
    start() {
      if (loop !== null || isStopping) return;
      loop = run();
    },
    async stop() {
      isStopping = true;
      wake();
      await loop;
      await reconciling;
    },
  };
}
