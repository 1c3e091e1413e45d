import type { OutboxRow } from '#kit';

/** A job as the API and `--json` show it. */
export interface JobView {
  id: string;
  kind: string;
  state: OutboxRow['state'];
  args: unknown;
  cause: string;
  parentId: string | null;
  attempts: number;
  progress: OutboxRow['progress'];
  result: unknown;
  error: { code: string; message: string } | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

const instant = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export function jobView(row: OutboxRow): JobView {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    args: row.args,
    cause: row.cause,
    parentId: row.parentId,
    attempts: row.attempts,
    progress: row.progress,
    result: row.result ?? null,
    error: row.errorCode === null ? null : { code: row.errorCode, message: row.errorMessage ?? '' },
    createdAt: new Date(row.createdAtMs).toISOString(),
    startedAt: instant(row.startedAtMs),
    finishedAt: instant(row.acknowledgedAtMs),
  };
}
