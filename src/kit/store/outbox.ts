import type { JobPriority, QueueName } from '../job.ts';
import type { JobFence, JobRunStart } from './job-runs.ts';

export type JobState = 'pending' | 'published' | 'running' | 'succeeded' | 'failed' | 'collapsed' | 'cancelled';
/** An intent: written in the transaction that makes the work necessary. It is the job's identity for people. */
export interface OutboxRow {
  id: string;
  kind: string;
  version: number;
  queue: QueueName;
  args: unknown;
  dedupeKey: string | null;
  priority: JobPriority;
  notBeforeMs: number | null;
  /** How often it was put back to its first attempt after it had failed for good; part of its name in the queue. */
  replays: number;
  /** W3C `traceparent` of what asked for it: the job goes on with that trace. */
  traceParent: string | null;
  /** What caused it: another job, a schedule's fire, a person. */
  cause: string;
  parentId: string | null;
  state: JobState;
  attempts: number;
  progress: { done: number; total: number } | null;
  result: unknown;
  errorCode: string | null;
  errorMessage: string | null;
  createdAtMs: number;
  publishedAtMs: number | null;
  startedAtMs: number | null;
  acknowledgedAtMs: number | null;
}
export interface NewIntent {
  kind: string;
  args: unknown;
  cause: string;
  parentId?: string | null | undefined;
  notBeforeMs?: number | undefined;
  /** Absent: the kind's own. */
  priority?: JobPriority | undefined;
}
/** Kind, queue, version, dedupe key and usual priority of an intent, looked up from the job registry. */
export interface IntentResolver {
  resolve(intent: NewIntent): {
    version: number;
    queue: QueueName;
    args: unknown;
    dedupeKey: string | null;
    priority: JobPriority;
  };
}
export interface OutboxRepository {
  /** Validates the arguments, writes the row, notifies the relay on commit. */
  enqueue(intent: NewIntent): Promise<OutboxRow>;
  /**
   * Joins one of that kind and key that is to run between now and `notBeforeMs`, else enqueues one for then: many small changes
   * make one job. Inside the transaction of the change. Who joined is sure that it runs after the commit: it is published only
   * then, and never collapsed into a run that may have read before. `joined`: there was one.
   */
  enqueueOrJoin(intent: NewIntent & { notBeforeMs: number }): Promise<{ joined: boolean }>;
  /** Locks unpublished due rows (`FOR UPDATE SKIP LOCKED`), oldest first; inside a transaction. */
  claimUnpublished(limit: number): Promise<OutboxRow[]>;
  markPublished(ids: readonly string[]): Promise<void>;
  /** Published or running but never acknowledged → unpublished again. Returns how many. */
  resetUnacknowledged(): Promise<number>;
  /**
   * Begins a run: takes a new fencing token, which ends the right of every earlier run of the job to commit anything, and
   * notes the run. Null when the job has ended meanwhile (cancelled, or done by another worker).
   */
  started(id: string, run: { attempt: number; instance: string }): Promise<JobRunStart | null>;
  progress(id: string, done: number, total: number): Promise<void>;
  /** False, and nothing written, when the run's token is not the newest any more. */
  succeeded(fence: JobFence, result: unknown): Promise<boolean>;
  /** `final: false`: another attempt follows. False as with `succeeded`. */
  failed(fence: JobFence, error: { code: string; message: string; final: boolean }): Promise<boolean>;
  /**
   * Ids of the committed, due, unacknowledged, never started rows of that kind and key, oldest first. A run that reads this
   * before it reads anything else covers them all: unlike a comparison of times, that holds however long the
   * transactions took that wrote them.
   */
  waiting(kind: string, dedupeKey: string): Promise<string[]>;
  /** Those of `ids` that are still unacknowledged and never started → collapsed into `intoId`. Returns how many. */
  collapse(intoId: string, ids: readonly string[]): Promise<number>;
  /** Those of `ids` that are published or running and not acknowledged → unpublished again, relay notified. Returns how many. */
  unpublish(ids: readonly string[]): Promise<number>;
  /** Also takes the right to commit from its run, and tells every worker process by notification. False: it had ended. */
  cancel(id: string): Promise<boolean>;
  /** Keeps with a cancelled job who cancelled it, and why. */
  explainCancel(id: string, reason: string): Promise<void>;
  /**
   * Failed for good → to be published again as though it had never been tried: its attempts and its count of dead workers
   * begin anew. False, and nothing changed, when it had not failed.
   */
  replay(id: string): Promise<boolean>;
  get(id: string): Promise<OutboxRow | null>;
  /** Published or running rows in the order in which they were asked for: those after that one (null: from the first). */
  inQueue(afterId: string | null, limit: number): Promise<OutboxRow[]>;
  /** Those of `ids` whose row has ended, or which have none. */
  ended(ids: readonly string[]): Promise<string[]>;
  /** Rows to be published whose time has come. */
  dueCount(): Promise<number>;
  list(filter: { state?: JobState | undefined; kind?: string | undefined; limit: number }): Promise<OutboxRow[]>;
  /** Rows not yet acknowledged. */
  openCount(): Promise<number>;
}
