import type { LocalDate } from '../../domain/types.ts';

export interface WatermarkRow {
  connector: string;
  stream: string;
  watermarkMs: number;
  pullId: string;
  updatedAtMs: number;
  /** From when on it is known what the stream says, be it nothing. */
  firstReadAtMs: number;
}
export interface WatermarkRepository {
  get(connector: string, stream: string): Promise<WatermarkRow | null>;
  list(): Promise<WatermarkRow[]>;
  /** Never moves backwards. */
  advance(input: { connector: string; stream: string; watermarkMs: number; pullId: string }): Promise<void>;
}

export type PullState = 'running' | 'succeeded' | 'failed';
export interface PullRow {
  id: string;
  jobId: string;
  attempt: number;
  connector: string;
  stream: string;
  fromMs: number;
  toMs: number;
  state: PullState;
  pages: number;
  rows: number;
  inserted: number;
  revisions: number;
  /** Expected points of the window, null where the source has no cadence. */
  expected: number | null;
  warnings: string[];
  errorCode: string | null;
  errorMessage: string | null;
  /** Of the stream's kind and options when it was asked; null for pulls of an earlier release. */
  streamVersion: string | null;
  startedAtMs: number;
  finishedAtMs: number | null;
}
export interface PullPageRow {
  pullId: string;
  seq: number;
  sha256: string;
  bytes: number;
  requestMethod: string;
  requestUrl: string;
  objectKey: string;
  receivedAtMs: number;
}
export interface PullRepository {
  /**
   * Also closes the pulls of that stream whose process died before it could: earlier ones of the same job, and those of jobs that
   * have ended. They fail with `queue/interrupted`.
   */
  start(
    row: Pick<PullRow, 'id' | 'jobId' | 'attempt' | 'connector' | 'stream' | 'fromMs' | 'toMs'> &
      Partial<Pick<PullRow, 'streamVersion'>>,
  ): Promise<void>;
  addPage(page: PullPageRow): Promise<void>;
  /** Throws `queue/interrupted` when the pull was closed meanwhile: another attempt has taken over, and nothing may be stored. */
  succeed(
    id: string,
    facts: Pick<PullRow, 'pages' | 'rows' | 'inserted' | 'revisions' | 'expected' | 'warnings'>,
  ): Promise<void>;
  fail(id: string, facts: { errorCode: string; errorMessage: string; pages: number }): Promise<void>;
  get(id: string): Promise<PullRow | null>;
  latest(connector: string, stream: string): Promise<PullRow | null>;
  /** Version of the stream's definition that the newest pull asked with that succeeded; null: none, or not known. */
  streamVersion(connector: string, stream: string): Promise<string | null>;
  list(limit: number): Promise<PullRow[]>;
  pages(pullId: string): Promise<PullPageRow[]>;
}

export interface DirtyPeriod {
  projectId: string;
  metricId: string;
  /** First local date of the period. */
  period: LocalDate;
}
export interface DirtyRepository {
  mark(rows: readonly DirtyPeriod[], pullId: string): Promise<void>;
  /** Reads and removes what is dirty; inside the recompute's transaction. */
  take(projectId: string): Promise<DirtyPeriod[]>;
  list(): Promise<DirtyPeriod[]>;
}
