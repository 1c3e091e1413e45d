import type { PullWindow } from '../connector.ts';
import type { JobFence } from './job-runs.ts';
import type { JobState } from './outbox.ts';

export type BackfillState = 'running' | 'done' | 'failed' | 'cancelled';
/** `queued`: its job waits or runs. */
export type BackfillChunkState = 'waiting' | 'queued' | 'done' | 'failed' | 'cancelled';

export interface BackfillChunkRow {
  backfillId: string;
  /** From 1, oldest window first. */
  seq: number;
  fromMs: number;
  toMs: number;
  state: BackfillChunkState;
  jobId: string | null;
  pullId: string | null;
  pages: number;
  rows: number;
  inserted: number;
  revisions: number;
  /** How many; the pull keeps them. */
  warnings: number;
  errorCode: string | null;
  errorMessage: string | null;
  startedAtMs: number | null;
  finishedAtMs: number | null;
}

/** One window of the past, read in chunks one after another. */
export interface BackfillRow {
  id: string;
  connector: string;
  stream: string;
  fromMs: number;
  toMs: number;
  chunkMs: number;
  state: BackfillState;
  cause: string;
  createdAtMs: number;
  endedAtMs: number | null;
  chunks: { total: number; done: number };
  /** Sums over the chunks that are done. */
  pages: number;
  rows: number;
  inserted: number;
  revisions: number;
  warnings: number;
  /** Sum of the running times of the chunks that are done. */
  workedMs: number;
  /** The chunk that is queued, or at which it stopped; null when it is done. */
  current: {
    seq: number;
    fromMs: number;
    toMs: number;
    jobId: string;
    jobState: JobState;
    attempts: number;
    startedAtMs: number | null;
    /** Of its last attempt. */
    errorCode: string | null;
    errorMessage: string | null;
  } | null;
}

export interface BackfillChunkStart {
  chunk: BackfillChunkRow;
  connector: string;
  stream: string;
  chunks: { total: number; done: number };
}

/** What is stored of a window already. */
export interface WindowCoverage {
  /** Samples, revisions not counted. */
  samples: number;
  /** Cost lines by their posting date, revisions not counted. */
  costs: number;
  /** Pulls that succeeded cover all of it. */
  isPulled: boolean;
}

/**
 * A chunk's end and the next one's job are one transaction; a backfill ends in the transaction that ends the job of its
 * chunk, however that ends (failed for good, quarantined, cancelled), and goes on when that job is replayed.
 */
export interface BackfillRepository {
  /** Writes the windows, which must touch, as chunks and enqueues the first one's job. */
  create(input: {
    connector: string;
    stream: string;
    chunkMs: number;
    windows: readonly PullWindow[];
    cause: string;
  }): Promise<BackfillRow>;
  /**
   * Begins the chunk for that job. Null: it is done, or the backfill has ended, or another job was asked for meanwhile;
   * nothing is to be read.
   */
  begin(id: string, seq: number, jobId: string): Promise<BackfillChunkStart | null>;
  /**
   * In a transaction that stores a part of a chunk's rows, as its last step: holds the fence and keeps the projects for the
   * recomputes at the backfill's end. Throws RetryableError `queue/interrupted` when the run was given up.
   */
  touch(fence: JobFence, id: string, projects: readonly string[]): Promise<void>;
  /**
   * In the transaction that stores the chunk's rows, as its last step: holds the fence, books the chunk, keeps the projects
   * for the recomputes at the end, and enqueues the next chunk or ends the backfill. Throws RetryableError
   * `queue/interrupted` when the chunk is not that run's any more.
   */
  finishChunk(
    fence: JobFence,
    facts: Pick<BackfillChunkRow, 'pages' | 'rows' | 'inserted' | 'revisions' | 'warnings'> & {
      id: string;
      seq: number;
      pullId: string;
      projects: readonly string[];
    },
  ): Promise<void>;
  /** Stops it at once, a running chunk included. False: it had ended, or never was. */
  cancel(id: string): Promise<boolean>;
  /** From the first chunk that is not done; one that failed by a replay of its job. False: it runs, is done, or never was. */
  resume(id: string, cause: string): Promise<boolean>;
  get(id: string): Promise<BackfillRow | null>;
  /** By the beginning of the id, newest first; at most `limit`. */
  find(idPrefix: string, limit: number): Promise<BackfillRow[]>;
  /** Newest first. */
  list(filter: {
    state?: BackfillState | undefined;
    connector?: string | undefined;
    stream?: string | undefined;
    limit: number;
  }): Promise<BackfillRow[]>;
  /** In order of their windows. */
  chunks(id: string): Promise<BackfillChunkRow[]>;
  /** Running ones of the stream that overlap the window. */
  overlapping(connector: string, stream: string, window: PullWindow): Promise<BackfillRow[]>;
  /** Of each window, in their order. */
  coverage(connector: string, stream: string, windows: readonly PullWindow[]): Promise<WindowCoverage[]>;
}
