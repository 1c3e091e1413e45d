import type { AnyJobKind, Clock, Logger, Metrics, OutboxRow, QueueName, Store } from '#kit';
import { type JobData, type QueueHandle, unavailable } from './backend.ts';
import { withDeadline } from './deadline.ts';

/** How many intents one transaction publishes: its row locks delay the start of these jobs until it commits. */
const BATCH = 100;
/** A server that does not answer must not keep the outbox's rows locked. */
const PUBLISH_TIMEOUT_MS = 15_000;
/** Notifications can be lost and intents become due: the outbox is looked at this often anyway. */
const POLL_INTERVAL_MS = 3_000;
const RECONCILE_INTERVAL_MS = 60_000;
/** Younger publications and ends may still be on their way. */
const SETTLED_MS = 30_000;
const RECONCILE_LIMIT = 1_000;
/** Finished jobs are kept this long, as evidence and against a second publication; the outbox keeps the history. */
const KEEP_FINISHED_SECONDS = 3_600;

/** `outturn`: the workers' own strategy, by the job's kind. */
export const BACKOFF_TYPE = 'outturn';

export function deduplicationId(row: Pick<OutboxRow, 'kind' | 'dedupeKey'>): string | null {
  return row.dedupeKey === null ? null : `${row.kind}:${row.dedupeKey}`;
}

export interface RelayDependencies {
  store: Store;
  queues: Readonly<Record<QueueName, QueueHandle>>;
  jobs: ReadonlyMap<string, AnyJobKind>;
  target: string;
  clock: Clock;
  metrics: Metrics;
  log: Logger;
  newId(): string;
}
export interface Relay {
  start(): Promise<void>;
  /** Looks at the outbox soon. */
  wake(): void;
  stop(): Promise<void>;
  /** Publishes everything that is due; returns how many. */
  drain(): Promise<number>;
  /** Publishes again what the queue has lost; returns how many. */
  reconcile(): Promise<number>;
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
  const { store, queues, jobs, target, clock, metrics, log, newId } = dependencies;

  async function publish(rows: readonly OutboxRow[]): Promise<void> {
    const byQueue = Map.groupBy(rows, (row) => row.queue);
    for (const [name, batch] of byQueue) await queues[name].addBulk(batch.map((row) => jobOf(row)));
  }

  function jobOf(row: OutboxRow): { name: string; data: JobData; opts: Record<string, unknown> } {
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
        jobId: dedupe === null ? row.id : `${row.id}~${newId()}`,
        delay,
        // A kind that only newer workers know has its attempts there; here it must not end at once.
        attempts: jobs.get(row.kind)?.attempts ?? 3,
        backoff: { type: BACKOFF_TYPE },
        ...(dedupe === null ? {} : { deduplication: { id: dedupe, keepLastIfActive: true } }),
        removeOnComplete: { age: KEEP_FINISHED_SECONDS },
        removeOnFail: { age: KEEP_FINISHED_SECONDS },
        stackTraceLimit: 1,
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

  async function drain(): Promise<number> {
    let total = 0;
    for (;;) {
      const published = await publishBatch();
      total += published;
      if (published < BATCH) return total;
    }
  }

  /** Whether the queue will still run this row, itself or through the job that holds its key. */
  async function isHeld(row: OutboxRow): Promise<boolean> {
    const queue = queues[row.queue];
    const dedupe = deduplicationId(row);
    if (dedupe === null) {
      const job = await queue.getJob(row.id);
      if (await isUnfinished(job)) return true;
      // A finished job of the same id would swallow the new publication.
      await job?.remove();
      return false;
    }
    const holderId = await queue.getDeduplicationJobId(dedupe);
    if (holderId === null) return false;
    if (await isUnfinished(await queue.getJob(holderId))) return true;
    await queue.removeDeduplicationKey(dedupe);
    return false;
  }

  async function isUnfinished(job: Awaited<ReturnType<QueueHandle['getJob']>>): Promise<boolean> {
    if (job === undefined) return false;
    const state = await job.getState();
    if (state !== 'completed' && state !== 'failed') return state !== 'unknown';
    // Its worker may be about to acknowledge it.
    return (job.finishedOn ?? 0) > clock.nowMs() - SETTLED_MS;
  }

  async function openRows(): Promise<OutboxRow[]> {
    const rows: OutboxRow[] = [];
    for (const state of ['published', 'running'] as const)
      rows.push(...(await store.outbox.list({ state, limit: RECONCILE_LIMIT })));
    return rows;
  }

  async function reconcile(): Promise<number> {
    const settledBefore = clock.nowMs() - SETTLED_MS;
    const lost: string[] = [];
    for (const row of await openRows()) {
      if ((row.publishedAtMs ?? 0) > settledBefore) continue;
      if (!(await isHeld(row))) lost.push(row.id);
    }
    if (lost.length === 0) return 0;
    const released = await store.outbox.unpublish(lost);
    if (released > 0) log.warn({ jobs: released, target }, 'the queue had lost jobs: they are published again');
    return released;
  }

  async function rebuild(): Promise<number> {
    // A finished job of the same id would swallow the new publication.
    for (const row of await openRows()) {
      if (row.dedupeKey !== null) continue;
      const job = await queues[row.queue].getJob(row.id);
      if (job !== undefined && ['completed', 'failed'].includes(await job.getState())) await job.remove();
    }
    const released = await store.outbox.resetUnacknowledged();
    await drain();
    return released;
  }

  let isStopping = false;
  let wakeUp: (() => void) | null = null;
  let isWoken = false;
  let loop: Promise<void> | null = null;
  let subscription: { close(): Promise<void> } | null = null;

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

  async function run(): Promise<void> {
    let hasFailed = false;
    let reconcileAtMs = clock.nowMs();
    while (!isStopping) {
      isWoken = false;
      try {
        await drain();
        if (clock.nowMs() >= reconcileAtMs) {
          reconcileAtMs = clock.nowMs() + RECONCILE_INTERVAL_MS;
          if ((await reconcile()) > 0) continue;
        }
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
      const dedupe = deduplicationId(row);
      const jobId = dedupe === null ? row.id : await queues[row.queue].getDeduplicationJobId(dedupe);
      const job = jobId === null ? undefined : await queues[row.queue].getJob(jobId);
      // It may have begun or ended meanwhile, which is what was asked for.
      if (job !== undefined && (await job.isDelayed())) await job.promote().catch(() => undefined);
    }
  }

  return {
    wake,
    drain,
    reconcile,
    rebuild,
    runNow,
    async start() {
      if (loop !== null || isStopping) return;
      loop = run();
      subscription = await store.listenOutbox(wake);
    },
    async stop() {
      isStopping = true;
      wake();
      await subscription?.close();
      await loop;
    },
  };
}
