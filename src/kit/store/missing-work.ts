/**
 * Work that should exist and does not:
 * - `recompute`: periods are marked as changed, and no job computes them;
 * - `fire`: a slot of a schedule has passed and the ledger has no row of it;
 * - `fired-job`: the ledger says that a slot fired, and its job is not there;
 * - `deliveries`: a digest was composed, and nothing was written of whom it goes to;
 * - `delivery`: a message is to be sent, and no job sends it;
 * - `report`: a snapshot has no report, and no job makes it;
 * - `pull`: a pull counts as running whose job has ended;
 * - `publication`: a job is due, and no process has put it into the queue;
 * - `queued-job`: a job counts as queued or running, and the queue holds nothing of it.
 */
export type MissingWorkKind =
  | 'recompute'
  | 'fire'
  | 'fired-job'
  | 'deliveries'
  | 'delivery'
  | 'report'
  | 'pull'
  | 'publication'
  | 'queued-job';
/** One hole. */
export interface MissingWork {
  kind: MissingWorkKind;
  /** What it is about, by the fields that belong to its kind: project, snapshotId, schedule, slot, jobId … */
  about: Record<string, string>;
  sinceMs: number;
  /** How many of the same are meant: periods of a project, jobs not published. */
  count: number;
  /** The newest job of that work, though it is not open: what became of it explains the hole. */
  lastJob: { id: string; state: string; errorCode: string | null } | null;
}
export interface MissingWorkOptions {
  /** Younger holes are work on its way. */
  graceMs: number;
  /** Older digests, snapshots and fires are history, and not looked at. */
  horizonMs: number;
  /** At most so many of each kind. */
  limit: number;
}
export interface MissingWorkRepository {
  /** All kinds that the database alone can tell; `fire` needs the schedules, `queued-job` the queue. Reads only. */
  find(options: MissingWorkOptions): Promise<MissingWork[]>;
}
