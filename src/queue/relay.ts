import type { JobsOptions } from 'bullmq';
import { type AnyJobKind, type Clock, type Logger, type Metrics, type OutboxRow, queueNames, type Store } from '#kit';
import { type JobData, unavailable } from './backend.ts';
import { withDeadline } from './deadline.ts';
import {
  deduplicationId,
  holderOf,
  plainJobId,
  priorityNumbers,
  type QueuedJob,
  type Queues,
  releaseWaiting,
  removeWaiting,
} from './queued-job.ts';
import { traceOf } from './telemetry.ts';

/** How many intents one transaction publishes: its row locks delay the start of these jobs until it commits. */
const BATCH = 100;
/** A server that does not answer must not keep the outbox's rows locked. */
const PUBLISH_TIMEOUT_MS = 15_000;
/** Notifications can be lost and intents become due: the outbox is looked at this often anyway. */
const POLL_INTERVAL_MS = 3_000;
const RECONCILE_INTERVAL_MS = 20_000;
/** Younger publications and ends may still be on their way. */
const SETTLED_MS = 10_000;
/** How many rows or jobs are looked at in one go. */
const PAGE = 500;
/** How many questions about a page are under way at once. */
const AT_ONCE = 25;
/** Finished jobs are kept this long, as evidence and against a second publication; the outbox keeps the history. */
const KEEP_FINISHED_SECONDS = 3_600;

/** `outturn`: the workers' own strategy, by the job's kind. */
export const BACKOFF_TYPE = 'outturn';

export interface RelayDependencies {
  store: Store;
  queues: Queues;
  jobs: ReadonlyMap<string, AnyJobKind>;
  target: string;
  /** Whether the queue's server can lose its jobs while the outbox keeps its rows. */
  canBeWiped: boolean;
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
  /** Publishes again what the queue has lost, and takes out of it what has ended; returns how many it published. */
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
  const { store, queues, jobs, target, canBeWiped, clock, metrics, log, newId } = dependencies;

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
    const job = await holderOf(queues, row);
    if (job !== null && (await isUnfinished(job))) return true;
    // A finished job of the same id, or one that still holds the key, would swallow the new publication.
    if (row.dedupeKey === null) await job?.remove();
    else await job?.removeDeduplicationKey();
    return false;
  }

  async function isUnfinished(job: QueuedJob): Promise<boolean> {
    const state = await job.getState();
    if (state !== 'completed' && state !== 'failed') return state !== 'unknown';
    // Its worker may be about to acknowledge it.
    return (job.finishedOn ?? 0) > clock.nowMs() - SETTLED_MS;
  }

  /** Every published or running row, page by page. */
  async function eachPage(work: (rows: OutboxRow[]) => Promise<void>): Promise<void> {
    for (let after: string | null = null; ; ) {
      const rows: OutboxRow[] = await store.outbox.inQueue(after, PAGE);
      if (rows.length > 0) await work(rows);
      if (rows.length < PAGE || isStopping) return;
      after = rows.at(-1)?.id ?? null;
    }
  }

  async function reconcile(): Promise<number> {
    await dropEnded();
    const settledBefore = clock.nowMs() - SETTLED_MS;
    let released = 0;
    await eachPage(async (rows) => {
      const settled = rows.filter((row) => (row.publishedAtMs ?? 0) <= settledBefore);
      const lost = await filterAsync(settled, async (row) => !(await isHeld(row)));
      if (lost.length > 0) released += await store.outbox.unpublish(lost.map((row) => row.id));
    });
    if (released > 0) log.warn({ jobs: released, target }, 'the queue had lost jobs: they are published again');
    return released;
  }

  /**
   * Jobs that are put off although their row has ended: nobody heard of the cancelling, or the queue was brought back from an
   * older copy. They would hold their key until their time comes. Those that wait are taken, and found ended, anyway.
   */
  async function dropEnded(): Promise<void> {
    for (const name of queueNames) {
      for (let start = 0; !isStopping; start += PAGE) {
        const jobs = (await queues[name].getJobs(['delayed'], start, start + PAGE - 1)).filter(
          (job) => job !== undefined,
        );
        const ended = new Set(await store.outbox.ended(jobs.map((job) => job.data.outboxId)));
        for (const job of jobs.filter(({ data }) => ended.has(data.outboxId))) {
          if (!(await removeWaiting(job))) continue;
          const row = await store.outbox.get(job.data.outboxId);
          if (row !== null) await releaseWaiting(store, row);
        }
        if (jobs.length < PAGE) break;
      }
    }
  }

  /**
   * A queue that holds nothing at all while rows should be in it was wiped: no need to wait for the next reconciliation. On
   * PostgreSQL the queue lies beside the outbox and is not lost alone.
   */
  async function isWiped(): Promise<boolean> {
    const [row] = await store.outbox.inQueue(null, 1);
    if (row === undefined || (row.publishedAtMs ?? 0) > clock.nowMs() - POLL_INTERVAL_MS) return false;
    for (const name of queueNames) {
      const counts = await queues[name].getJobCounts('waiting', 'prioritized', 'active', 'delayed');
      if (Object.values(counts).some((count) => count > 0)) return false;
    }
    return (await store.outbox.inQueue(null, 1))[0]?.id === row.id;
  }

  async function rebuild(): Promise<number> {
    // A finished job of the same id would swallow the new publication.
    await eachPage(async (rows) => {
      const plain = rows.filter((row) => row.dedupeKey === null);
      await filterAsync(plain, async (row) => {
        const job = await holderOf(queues, row);
        if (job !== null && ['completed', 'failed'].includes(await job.getState())) await job.remove();
        return false;
      });
    });
    const released = await store.outbox.resetUnacknowledged();
    await drain();
    return released;
  }

  let isStopping = false;
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

  async function run(): Promise<void> {
    let hasFailed = false;
    let reconcileAtMs = performance.now();
    while (!isStopping) {
      isWoken = false;
      try {
        await drain();
        if (performance.now() >= reconcileAtMs || (canBeWiped && (await isWiped()))) {
          reconcileAtMs = performance.now() + RECONCILE_INTERVAL_MS;
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
      const job = await holderOf(queues, row);
      // It may have begun or ended meanwhile, which is what was asked for.
      if (job !== null && (await job.isDelayed())) await job.promote().catch(() => undefined);
    }
  }

  return {
    wake,
    drain,
    reconcile,
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
    },
  };
}

/** Those for which the question is answered with yes, asked a few at once. */
async function filterAsync<T>(items: readonly T[], ask: (item: T) => Promise<boolean>): Promise<T[]> {
  const chosen: T[] = [];
  for (let start = 0; start < items.length; start += AT_ONCE) {
    const batch = items.slice(start, start + AT_ONCE);
    const answers = await Promise.all(batch.map(ask));
    chosen.push(...batch.filter((_item, index) => answers[index] === true));
  }
  return chosen;
}
