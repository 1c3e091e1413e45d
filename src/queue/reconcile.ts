import { type Clock, type Logger, type OutboxRow, queueNames, type Store } from '#kit';
import { holderOf, type QueuedJob, type Queues, releaseWaiting, removeWaiting } from './queued-job.ts';

/** Younger publications and ends may still be on their way. */
const SETTLED_MS = 10_000;
/** A younger publication says nothing about whether the queue was wiped. */
const FRESH_MS = 3_000;
/** How many rows or jobs are looked at in one go. */
const PAGE = 500;
/** How many questions about a page are under way at once. */
const AT_ONCE = 25;

export interface ReconcilerDependencies {
  store: Store;
  queues: Queues;
  target: string;
  clock: Clock;
  log: Logger;
  isStopping(): boolean;
}
export interface Reconciler {
  /**
   * Publishes again what the queue has lost, and takes out of it what has ended; returns how many it published. Rows that
   * were published a moment ago are left for the next time, unless the queue is known to be wiped.
   */
  reconcile(found: { isWiped: boolean }): Promise<number>;
  /** Whether the queue holds nothing at all although rows should be in it. */
  isWiped(): Promise<boolean>;
  /** Every unacknowledged row is to be published again, whatever the queue says; returns how many. */
  resetAll(): Promise<number>;
}

/** Compares the outbox with the queue, page by page, and mends what differs: the outbox is right. */
export function createReconciler(dependencies: ReconcilerDependencies): Reconciler {
  const { store, queues, target, clock, log, isStopping } = dependencies;

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
      if (rows.length < PAGE || isStopping()) return;
      after = rows.at(-1)?.id ?? null;
    }
  }

  async function reconcile({ isWiped }: { isWiped: boolean }): Promise<number> {
    await dropEnded();
    const settledBefore = clock.nowMs() - (isWiped ? 0 : SETTLED_MS);
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
      for (let start = 0; !isStopping(); start += PAGE) {
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
  async function looksWiped(): Promise<boolean> {
    const [row] = await store.outbox.inQueue(null, 1);
    if (row === undefined || (row.publishedAtMs ?? 0) > clock.nowMs() - FRESH_MS) return false;
    for (const name of queueNames) {
      const counts = await queues[name].getJobCounts('waiting', 'prioritized', 'active', 'delayed');
      if (Object.values(counts).some((count) => count > 0)) return false;
    }
    return (await store.outbox.inQueue(null, 1))[0]?.id === row.id;
  }

  async function resetAll(): Promise<number> {
    // A finished job of the same id would swallow the new publication.
    await eachPage(async (rows) => {
      const plain = rows.filter((row) => row.dedupeKey === null);
      await filterAsync(plain, async (row) => {
        const job = await holderOf(queues, row);
        if (job !== null && ['completed', 'failed'].includes(await job.getState())) await job.remove();
        return false;
      });
    });
    return store.outbox.resetUnacknowledged();
  }

  return { reconcile, isWiped: looksWiped, resetAll };
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
