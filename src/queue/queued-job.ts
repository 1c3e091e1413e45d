import type { JobPriority, OutboxRow, QueueName, Store } from '#kit';
import type { JobData, QueueHandle } from './backend.ts';

export type Queues = Readonly<Record<QueueName, QueueHandle>>;
/** A job as the queue holds it. */
export type QueuedJob = NonNullable<Awaited<ReturnType<QueueHandle['getJob']>>>;

/**
 * The queue's own numbers: the smallest runs first, but a job without a number, or with 0, runs before all of them. So every job
 * has one. Between them is room for further words.
 */
export const priorityNumbers: Readonly<Record<JobPriority, number>> = { high: 10, normal: 20, low: 30 };

export function deduplicationId(row: Pick<OutboxRow, 'kind' | 'dedupeKey'>): string | null {
  return row.dedupeKey === null ? null : `${row.kind}:${row.dedupeKey}`;
}

/** The id in the queue of a row without a key: a replay must not be taken for the failed job that the queue still keeps. */
export function plainJobId(row: Pick<OutboxRow, 'id' | 'replays'>): string {
  return row.replays === 0 ? row.id : `${row.id}~replay-${row.replays}`;
}

/** The job through which the queue will run this row: its own, or the one that holds its key. */
export async function holderOf(queues: Queues, row: OutboxRow): Promise<QueuedJob | null> {
  const queue = queues[row.queue];
  const dedupe = deduplicationId(row);
  const id = dedupe === null ? plainJobId(row) : await queue.getDeduplicationJobId(dedupe);
  return id === null ? null : ((await queue.getJob(id)) ?? null);
}

/**
 * Takes a row's job out of the queue while it waits or is put off, which frees its key. False when there is none, it belongs
 * to another row, or a worker has it: that one finds out by itself.
 */
export async function withdraw(queues: Queues, row: OutboxRow): Promise<boolean> {
  const job = await holderOf(queues, row);
  return job !== null && isOf(job, row.id) && (await removeWaiting(job));
}

/** False when a worker has it, or it has ended. */
export async function removeWaiting(job: QueuedJob): Promise<boolean> {
  const state = await job.getState();
  if (state !== 'waiting' && state !== 'prioritized' && state !== 'delayed') return false;
  try {
    await job.remove();
    return true;
  } catch (error) {
    // Refused because a worker took it in this moment; anything else is a failure of the queue.
    if ((await job.getState()) === 'active') return false;
    throw error;
  }
}

function isOf(job: QueuedJob, outboxId: string): boolean {
  return (job.data as JobData).outboxId === outboxId;
}

/** Publishes again the intents that were collapsed into a job which did not do their work. */
export async function releaseWaiting(store: Pick<Store, 'outbox'>, row: OutboxRow): Promise<void> {
  if (row.dedupeKey === null) return;
  const waiting = (await store.outbox.waiting(row.kind, row.dedupeKey)).filter((id) => id !== row.id);
  if (waiting.length > 0) await store.outbox.unpublish(waiting);
}
