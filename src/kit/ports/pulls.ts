import type { CostLine, FxQuote, Measurement } from '../../domain/types.ts';
import type { JobFence } from '../store/index.ts';

export interface PullRequest {
  connector: string;
  stream: string;
  /** Null: from the watermark less the lookback (or the stream's `since`) to now. */
  fromMs: number | null;
  toMs: number | null;
  jobId: string;
  attempt: number;
  /** The run on whose behalf it stores. */
  fence: JobFence;
  /**
   * The chunk of a backfill: read as given, behind the live pulls of the same account. It leaves the watermark alone, and its
   * recomputes wait for the backfill's end. Absent: a live pull.
   */
  backfill?: { id: string; seq: number } | undefined;
}
/** What a pull would read. */
export interface PullPreview {
  fromMs: number;
  toMs: number;
  /** Null: the stream was never read. */
  watermarkMs: number | null;
  /** Null: the pull leaves the watermark where it is. */
  advanceToMs: number | null;
}
export interface PullSummary {
  pullId: string;
  connector: string;
  stream: string;
  fromMs: number;
  toMs: number;
  pages: number;
  rows: number;
  inserted: number;
  revisions: number;
  warnings: string[];
  /** Projects whose figures this pull may have changed: a recompute was enqueued for each. */
  projects: string[];
}

/** One stream's pull from end to end: pages → archive → parse → one transaction with watermark, dirty periods and outbox. */
export interface PullRunner {
  run(
    request: PullRequest,
    context: { signal: AbortSignal; progress(done: number, total: number): void },
  ): Promise<PullSummary>;
  /** The same requests and parsing; nothing is written. */
  dryRun(
    request: Omit<PullRequest, 'jobId' | 'attempt' | 'fence'>,
    context: { signal: AbortSignal },
  ): Promise<DryRunResult>;
  /** What it would read; asks nobody and writes nothing. */
  preview(request: Pick<PullRequest, 'connector' | 'stream' | 'fromMs' | 'toMs'>): Promise<PullPreview>;
}
export interface DryRunResult {
  fromMs: number;
  toMs: number;
  /** One for each page that would be archived. */
  requests: { method: string; url: string; bytes: number }[];
  /**
   * Every HTTP answer on the way to the pages, in order; none for kinds that speak no HTTP. Addresses and bodies are redacted; `body`
   * is what was sent, as text or JSON, cut at 2,000 characters. `bytes` came back.
   */
  exchanges: { method: string; url: string; body?: string; status: number; bytes: number; durationMs: number }[];
  /** Points of the window; null where the source has no cadence. */
  completeness: { received: number; expected: number } | null;
  /** Where the watermark is, and where it would be after this; null: nowhere yet, and not moved. */
  watermark: { nowMs: number | null; thenMs: number | null };
  /** Of all rows. */
  counts: { measurements: number; costs: number; quotes: number };
  /** As costs and quotes: the first 1,000 and the last 1,000 where there are more. */
  measurements: Measurement[];
  costs: CostLine[];
  quotes?: Omit<FxQuote, 'source'>[];
  warnings: string[];
}
