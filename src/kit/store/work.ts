import type { QueueName } from '../job.ts';

export type JobState = 'pending' | 'published' | 'running' | 'succeeded' | 'failed' | 'collapsed' | 'cancelled';
/** An intent: written in the transaction that makes the work necessary. It is the job's identity for people. */
export interface OutboxRow {
  id: string;
  kind: string;
  version: number;
  queue: QueueName;
  args: unknown;
  dedupeKey: string | null;
  notBeforeMs: number | null;
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
}
/** Kind, queue, version and dedupe key of an intent, looked up from the job registry. */
export interface IntentResolver {
  resolve(intent: NewIntent): { version: number; queue: QueueName; args: unknown; dedupeKey: string | null };
}
export interface OutboxRepository {
  /** Validates the arguments, writes the row, notifies the relay on commit. */
  enqueue(intent: NewIntent): Promise<OutboxRow>;
  /** Locks unpublished due rows (`FOR UPDATE SKIP LOCKED`), oldest first; inside a transaction. */
  claimUnpublished(limit: number): Promise<OutboxRow[]>;
  markPublished(ids: readonly string[]): Promise<void>;
  /** Published or running but never acknowledged → unpublished again. Returns how many. */
  resetUnacknowledged(): Promise<number>;
  started(id: string, attempt: number): Promise<void>;
  progress(id: string, done: number, total: number): Promise<void>;
  succeeded(id: string, result: unknown): Promise<void>;
  /** `final: false`: another attempt follows. */
  failed(id: string, error: { code: string; message: string; final: boolean }): Promise<void>;
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
  cancel(id: string): Promise<boolean>;
  get(id: string): Promise<OutboxRow | null>;
  list(filter: { state?: JobState | undefined; kind?: string | undefined; limit: number }): Promise<OutboxRow[]>;
  /** Rows not yet acknowledged. */
  openCount(): Promise<number>;
}

export interface DeadLetterRow {
  id: string;
  jobId: string;
  kind: string;
  args: unknown;
  errorCode: string;
  errorMessage: string;
  stack: string | null;
  attempts: number;
  firstFailedAtMs: number;
  lastFailedAtMs: number;
}
export interface DeadLetterRepository {
  record(row: Omit<DeadLetterRow, 'id'>): Promise<void>;
  list(limit: number): Promise<DeadLetterRow[]>;
}

export type FireOutcome = 'fired' | 'late' | 'skipped' | 'caught-up' | 'manual';
export interface FireRow {
  schedule: string;
  /** Local wall-clock slot with the zone, `2026-10-25T01:30[Europe/Berlin]`: a repeated hour is one slot. */
  slot: string;
  slotAtMs: number;
  outcome: FireOutcome;
  reason: string | null;
  instance: string;
  jobId: string | null;
  firedAtMs: number;
}
export interface FireRepository {
  /** True for the one caller that inserted the slot. */
  claim(row: Omit<FireRow, 'firedAtMs' | 'jobId'>): Promise<boolean>;
  attachJob(schedule: string, slot: string, jobId: string): Promise<void>;
  list(filter: { schedule?: string | undefined; limit: number }): Promise<FireRow[]>;
}
