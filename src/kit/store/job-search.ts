import type { JobState, OutboxRow } from './outbox.ts';

export interface JobFilter {
  state?: JobState | undefined;
  kind?: string | undefined;
  /** Asked for at that time or later. */
  sinceMs?: number | undefined;
  /** Only those that are due since before this time, did not begin, and wait for no job of the same work. */
  overdueBeforeMs?: number | undefined;
  /** Only those that come after the one of this id in the list. */
  afterId?: string | undefined;
  limit: number;
}
/** A chain of causes: what led to a job, and what the job led to. */
export interface JobLineage {
  /** The job's parent, its parent, and so on: the first cause comes last. */
  ancestors: OutboxRow[];
  /** Everything that it caused, directly or not, oldest first. */
  descendants: OutboxRow[];
}
/** Looks into the outbox for people and for who waits; writes nothing. */
export interface JobSearch {
  /** Newest first. */
  page(filter: JobFilter): Promise<OutboxRow[]>;
  /** By the beginning of the id, newest first. */
  find(prefix: string, limit: number): Promise<OutboxRow[]>;
  lineage(id: string, limit: number): Promise<JobLineage>;
  /** What these jobs caused, directly or not, without themselves. */
  descendants(ids: readonly string[], limit: number): Promise<OutboxRow[]>;
  /** Jobs of that kind and key, newest first: equal work. */
  ofKey(kind: string, dedupeKey: string, limit: number): Promise<OutboxRow[]>;
  /** How many are open, by state; `overdue` as `overdueBeforeMs` finds them; `retrying` failed and are tried again. */
  summary(overdueBeforeMs: number): Promise<JobSummary>;
}
export interface JobSummary {
  running: number;
  /** Due and not begun. */
  waiting: number;
  /** To begin at a later time. */
  later: number;
  retrying: number;
  overdue: number;
  /** Since when the job waits that has been due for the longest, null when none does. */
  oldestDueAtMs: number | null;
}
