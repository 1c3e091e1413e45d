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
  /** Of the connector when it was asked; null for pulls of an earlier release. */
  kind: string | null;
  /** Everything of the window before this instant is stored, whatever became of the pull; null: nothing is known to be. */
  completeToMs: number | null;
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
  /** When retention removed the body; null: it is kept. */
  removedAtMs: number | null;
}
/** A page with all that its parser needs besides the body. */
export interface ArchivedPageRow extends PullPageRow {
  /** Null, as `meta`: archived by an earlier release, which kept both in the pull's manifest. */
  contentType: string | null;
  meta: Record<string, unknown> | null;
}
/** As it is written: retention comes later. */
export type NewPage = Omit<ArchivedPageRow, 'removedAtMs'>;
/** What a pull has stored so far. */
export type PullProgress = Pick<PullRow, 'pages' | 'rows' | 'inserted' | 'revisions' | 'completeToMs'>;

export interface PullRepository {
  /**
   * Also closes the pulls of that stream whose process died before it could: earlier ones of the same job, and those of jobs that
   * have ended. They fail with `queue/interrupted`, and the projects that they had touched are recomputed.
   */
  start(
    row: Pick<PullRow, 'id' | 'jobId' | 'attempt' | 'connector' | 'stream' | 'fromMs' | 'toMs'> &
      Partial<Pick<PullRow, 'streamVersion' | 'kind'>> & { resumeKey?: string | null },
  ): Promise<void>;
  addPage(page: Omit<PullPageRow, 'removedAtMs'>): Promise<void>;
  /** Gives the object keys of those whose body retention removed once, or is about to: it may not be there. Nobody removes it until the transaction ends. */
  addPages(pages: readonly NewPage[]): Promise<string[]>;
  /**
   * Within the transaction that stores a part of its rows: notes how far it got, and which projects are to be recomputed when it
   * ends. Throws `queue/interrupted` as `succeed` does.
   */
  progress(id: string, facts: PullProgress, projects: readonly string[]): Promise<void>;
  /** What earlier attempts at that window have stored of it, if they asked with the same definition; null: nothing that counts. */
  progressOf(resumeKey: string, streamVersion: string): Promise<PullProgress | null>;
  /** Projects that are to be recomputed when it ends; they wait no more. For who enqueues the recomputes in that transaction. */
  takeTouched(id: string): Promise<string[]>;
  /** Throws `queue/interrupted` when the pull was closed meanwhile: another attempt has taken over, and nothing may be stored. */
  succeed(
    id: string,
    facts: Pick<PullRow, 'pages' | 'rows' | 'inserted' | 'revisions' | 'expected' | 'warnings'>,
  ): Promise<void>;
  /** Also asks for the recompute of each project that it had touched. What it had stored stays. */
  fail(
    id: string,
    facts: { errorCode: string; errorMessage: string; pages: number },
    /** Read, but not stored with rows: kept as evidence. */
    pages?: readonly NewPage[],
  ): Promise<void>;
  get(id: string): Promise<PullRow | null>;
  latest(connector: string, stream: string): Promise<PullRow | null>;
  /** Version of the stream's definition that the newest pull asked with that succeeded; null: none, or not known. */
  streamVersion(connector: string, stream: string): Promise<string | null>;
  list(limit: number): Promise<PullRow[]>;
  pages(pullId: string): Promise<PullPageRow[]>;
  /**
   * Newest first: ended pulls of the stream whose windows touch that one; `earlier`: also those that were asked before the
   * stream began to ask something else.
   */
  overlapping(
    connector: string,
    stream: string,
    window: { fromMs: number; toMs: number },
    page: { beforeId: string | null; limit: number; earlier?: boolean },
  ): Promise<PullRow[]>;
  /**
   * Those of that window which were asked before the stream began to ask something else, and when it did: their rows count no
   * more, and `overlapping` leaves them out unless told. Null: there are none.
   */
  ofEarlierDefinitions(
    connector: string,
    stream: string,
    window: { fromMs: number; toMs: number },
  ): Promise<{ pulls: number; sinceMs: number } | null>;
  /** Newest first, those before `beforeSeq` (null: from the last one). */
  archivedPages(pullId: string, page: { beforeSeq: number | null; limit: number }): Promise<ArchivedPageRow[]>;
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
