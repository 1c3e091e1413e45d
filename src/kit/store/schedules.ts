/** The times that a schedule had from `sinceMs` to `untilMs`; null: it has them now. */
export interface ScheduleVersionRow {
  schedule: string;
  sinceMs: number;
  untilMs: number | null;
  cron: string;
  timeZone: string;
  /** `changed`: it got other times; `left`: it stood in no configuration any more. */
  ended: 'changed' | 'left' | null;
}
export interface SchedulePauseRow {
  schedule: string;
  sinceMs: number;
  /** When it ends by itself. */
  untilMs: number | null;
  pausedBy: string;
  reason: string | null;
  resumedAtMs: number | null;
  resumedBy: string | null;
}
export interface SchedulerInstanceRow {
  /** `host:pid`. */
  instance: string;
  startedAtMs: number;
  seenAtMs: number;
  stoppedAtMs: number | null;
}
/** What explains schedules beside their fires. Instants are the caller's. */
export interface ScheduleRepository {
  /** Newest first. */
  versions(schedule: string): Promise<ScheduleVersionRow[]>;
  /** Those that schedules have now. */
  currentVersions(): Promise<ScheduleVersionRow[]>;
  /** Begins a version; false when another one holds. */
  beginVersion(version: Pick<ScheduleVersionRow, 'schedule' | 'sinceMs' | 'cron' | 'timeZone'>): Promise<boolean>;
  /** Ends the version that holds; harmless when there is none. */
  endVersion(schedule: string, end: { untilMs: number; ended: 'changed' | 'left' }): Promise<void>;
  /** Newest first; those that touch the time after `sinceMs`. */
  pauses(filter: { schedule?: string | undefined; sinceMs?: number | undefined }): Promise<SchedulePauseRow[]>;
  pause(pause: Pick<SchedulePauseRow, 'schedule' | 'sinceMs' | 'untilMs' | 'pausedBy' | 'reason'>): Promise<void>;
  /** Ends the pauses that hold at that instant. False: there was none. */
  resume(schedule: string, resume: { atMs: number; by: string }): Promise<boolean>;
  /** A scheduler is at work; `stoppedAtMs` when it ends. Forgets those that were not seen for a month. */
  seen(row: SchedulerInstanceRow): Promise<void>;
  /** Newest first; those seen after `sinceMs`. */
  schedulers(filter: { sinceMs: number; limit: number }): Promise<SchedulerInstanceRow[]>;
}
