/**
 * What became of a failure: `open` wants a decision; `replaying` runs again; `succeeded` and `cancelled` ended so after a
 * replay; `discarded` was given up by a person.
 */
export type DeadLetterState = 'open' | 'replaying' | 'succeeded' | 'cancelled' | 'discarded';

/** A job that failed for good. Kept apart from the queue's retention; one for each job. */
export interface DeadLetterRow {
  id: string;
  jobId: string;
  kind: string;
  /** Version of the arguments' schema at that time. */
  version: number;
  args: unknown;
  cause: string;
  parentId: string | null;
  errorCode: string;
  errorMessage: string;
  stack: string | null;
  attempts: number;
  firstFailedAtMs: number;
  lastFailedAtMs: number;
  state: DeadLetterState;
  /** How often a person had it run again, last when and by whom. */
  replays: number;
  replayedAtMs: number | null;
  replayedBy: string | null;
  discardedAtMs: number | null;
  discardedBy: string | null;
  discardReason: string | null;
}
export interface DeadLetterFilter {
  state?: DeadLetterState | undefined;
  kind?: string | undefined;
  code?: string | undefined;
  /** Failed last at that time or later. */
  sinceMs?: number | undefined;
  /** Only those that come after the one of this id in the list. */
  afterId?: string | undefined;
  limit: number;
}
export interface DeadLetterRepository {
  /** Opens it again when it was discarded before: it has failed anew. */
  record(
    row: Pick<
      DeadLetterRow,
      | 'jobId'
      | 'kind'
      | 'args'
      | 'errorCode'
      | 'errorMessage'
      | 'stack'
      | 'attempts'
      | 'firstFailedAtMs'
      | 'lastFailedAtMs'
    >,
  ): Promise<void>;
  /** The newest failure first, whatever became of them. */
  list(limit: number): Promise<DeadLetterRow[]>;
  search(filter: DeadLetterFilter): Promise<DeadLetterRow[]>;
  count(state: DeadLetterState): Promise<number>;
  /** By the beginning of the job's or the letter's id. */
  find(prefix: string, limit: number): Promise<DeadLetterRow[]>;
  /** Notes that its job runs again; in the transaction that puts it back. */
  replayed(jobId: string, by: string): Promise<void>;
  /** False when it is not open. */
  discard(jobId: string, by: string, reason: string): Promise<boolean>;
}
