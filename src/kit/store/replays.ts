import type { IngestQuote } from './fx.ts';
import type { IngestCost, IngestRow } from './samples.ts';

/** Each with the pull whose page it is of. */
export type StagedSample = IngestRow & { pullId: string };
export interface StagedRow {
  kind: 'cost' | 'rate';
  /** The same as long as it is the same line or rate. */
  key: string;
  body: Omit<IngestCost, 'pageHash'> | Omit<IngestQuote, 'pageHash'>;
  pullId: string;
  pageHash: string;
}
export interface ReplayScope {
  replayId: string;
  connector: string;
  stream: string;
  fromMs: number | null;
  toMs: number | null;
  /** Only what that pull has the newest observation of; null: whatever pull. */
  pullId: string | null;
}
export interface ReplayChange {
  what: 'revision' | 'insert' | 'vanished';
  of: 'sample' | 'cost' | 'rate';
  /** Labels of the series, key of the cost line, currency pair. */
  name: string;
  unit: string;
  /** When the sample begins; midnight UTC of the posting date or of the rate's date. */
  atMs: number;
  /** As decimal text; null: there was or is none. */
  oldValue: string | null;
  newValue: string | null;
  pullId: string;
  pageHash: string;
}
export interface ReplayCounts {
  revisions: number;
  inserts: number;
  vanished: number;
  /** Provisional until now, final with the same value. */
  finalised: number;
  unchanged: number;
}
export interface VanishedSample {
  labels: Record<string, string>;
  unit: string;
  atMs: number;
  durationMs: number;
  pullId: string;
  pageHash: string;
}

/** Where a replay lays down what it parses, so that its memory does not grow with the pages. Nothing here counts as data. */
export interface ReplayRepository {
  /** Of two for the same, the one that was staged first stays: give the newest pages first. */
  stage(replayId: string, rows: { samples: readonly StagedSample[]; others: readonly StagedRow[] }): Promise<void>;
  /** A page that could be read: what rests on it and is not staged has vanished. */
  stagePage(replayId: string, page: { pullId: string; pageHash: string }): Promise<void>;
  /** Against what is stored now. What a later pull than the staged one gave stays as it is, also when its page could not be read. */
  counts(scope: ReplayScope): Promise<ReplayCounts>;
  changes(scope: ReplayScope, limit: number): Promise<ReplayChange[]>;
  /** The staged samples that would change something, in the order of a key; after `after` (null: from the first). */
  differing(
    scope: ReplayScope,
    page: { after: string | null; limit: number },
  ): Promise<{ samples: StagedSample[]; after: string | null }>;
  differingRows(
    scope: ReplayScope,
    page: { after: string | null; limit: number },
  ): Promise<{ rows: StagedRow[]; after: string | null }>;
  vanished(scope: ReplayScope, limit: number): Promise<VanishedSample[]>;
  clear(replayId: string): Promise<void>;
}
