import type { DeadLetterRow, DeadLetterState, ReplayPlan } from '#kit';
import { instantView } from './job-view.ts';

/** A job that failed for good, as the API and `--json` show it. */
export interface DeadLetterView {
  id: string;
  jobId: string;
  kind: string;
  state: DeadLetterState;
  args: unknown;
  version: number;
  cause: string;
  parentId: string | null;
  error: { code: string; message: string };
  /** The worker that ran it died with it three times. */
  isQuarantined: boolean;
  attempts: number;
  firstFailedAt: string;
  lastFailedAt: string;
  replays: number;
  replayed: { at: string; by: string } | null;
  discarded: { at: string; by: string; reason: string | null } | null;
}

export const deadLetterView = (row: DeadLetterRow): DeadLetterView => ({
  id: row.id,
  jobId: row.jobId,
  kind: row.kind,
  state: row.state,
  args: row.args,
  version: row.version,
  cause: row.cause,
  parentId: row.parentId,
  error: { code: row.errorCode, message: row.errorMessage },
  isQuarantined: row.errorCode === 'queue/quarantined',
  attempts: row.attempts,
  firstFailedAt: new Date(row.firstFailedAtMs).toISOString(),
  lastFailedAt: new Date(row.lastFailedAtMs).toISOString(),
  replays: row.replays,
  replayed: by(row.replayedAtMs, row.replayedBy),
  discarded:
    row.discardedAtMs === null ? null : { ...by(row.discardedAtMs, row.discardedBy)!, reason: row.discardReason },
});

/** With what replaying it would do. */
export type DeadLetterDetailView = DeadLetterView & { replay: ReplayPlan };

const by = (atMs: number | null, person: string | null): { at: string; by: string } | null =>
  atMs === null ? null : { at: instantView(atMs) ?? '', by: person ?? '' };
