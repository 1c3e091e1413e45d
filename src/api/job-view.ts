import type { JobLineage, JobPriority, JobRunRow, OutboxRow } from '#kit';

/** A job as the API and `--json` show it. */
export interface JobView {
  id: string;
  kind: string;
  state: OutboxRow['state'];
  queue: OutboxRow['queue'];
  priority: JobPriority;
  args: unknown;
  cause: string;
  parentId: string | null;
  attempts: number;
  /** How often a person had it run again after it had failed for good. */
  replays: number;
  progress: OutboxRow['progress'];
  result: unknown;
  error: { code: string; message: string } | null;
  createdAt: string;
  /** It does not begin before. */
  notBefore: string | null;
  startedAt: string | null;
  finishedAt: string | null;
}

/** One run by one worker. `died`: it never ended, though another one began or the job has ended. */
export interface JobRunView {
  attempt: number;
  instance: string;
  startedAt: string;
  endedAt: string | null;
  outcome: NonNullable<JobRunRow['outcome']> | 'running' | 'died';
  error: { code: string; message: string } | null;
}

/** A job with all that explains it. */
export interface JobDetailView extends JobView {
  runs: JobRunView[];
  /** The job's parent, its parent, and so on. */
  ancestors: JobView[];
  /** What it caused, directly or not. */
  descendants: JobView[];
}

export const instantView = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const errorView = (code: string | null, message: string | null): JobView['error'] =>
  code === null ? null : { code, message: message ?? '' };

export function jobView(row: OutboxRow): JobView {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    queue: row.queue,
    priority: row.priority,
    args: row.args,
    cause: row.cause,
    parentId: row.parentId,
    attempts: row.attempts,
    replays: row.replays,
    progress: row.progress,
    result: row.result ?? null,
    error: errorView(row.errorCode, row.errorMessage),
    createdAt: new Date(row.createdAtMs).toISOString(),
    notBefore: instantView(row.notBeforeMs),
    startedAt: instantView(row.startedAtMs),
    finishedAt: instantView(row.acknowledgedAtMs),
  };
}

/** `runs` oldest first. Only the newest run of a running job may live: every other one without an end died with its worker. */
export function jobDetailView(row: OutboxRow, runs: readonly JobRunRow[], lineage: JobLineage): JobDetailView {
  return {
    ...jobView(row),
    runs: runs.map((run, index) => ({
      attempt: run.attempt,
      instance: run.instance,
      startedAt: new Date(run.startedAtMs).toISOString(),
      endedAt: instantView(run.endedAtMs),
      outcome: run.outcome ?? (row.state === 'running' && index === runs.length - 1 ? 'running' : 'died'),
      error: errorView(run.errorCode, run.errorMessage),
    })),
    ancestors: lineage.ancestors.map(jobView),
    descendants: lineage.descendants.map(jobView),
  };
}
