import type {
  CostLine,
  LocalDate,
  Measurement,
  SeriesIdentity,
  SeriesSource,
  StoredCostLine,
  StoredSample,
} from '../../domain/types.ts';

/** A sample with the page it came from, ready to be stored. */
export interface IngestRow extends Measurement {
  pageHash: string;
}
export interface IngestCost extends CostLine {
  pageHash: string | null;
}

export interface SeriesRow extends SeriesIdentity {
  id: string;
  /** Of unit and labels: the same in every database. */
  key: string;
}

/** A sample that this ingest stored, corrected or found to be final. */
export interface ChangedSample {
  seriesId: string;
  labels: Record<string, string>;
  atMs: number;
  /** What it covers; of a corrected one the longer of then and now. */
  durationMs: number;
  revision: number;
}
export interface IngestResult {
  inserted: number;
  revisions: number;
  /** Provisional before, now known to be final with the same value; no revision, but what rests on them may close. */
  finalised: number;
  unchanged: number;
  /** Those of `revisions` that correct what the same pull had stored before: its source gave a sample twice. */
  repeated: number;
  /** What is new, corrected or finalised. */
  changed: ChangedSample[];
}

export interface MeasurementRepository {
  /**
   * Stores samples of one stream: a new (series, time) is revision 1, another value than the newest revision is one more
   * revision, the same value is nothing. Status alone going provisional → final keeps the revision (above 1 always means
   * corrected) and is counted in `finalised`; a sample that is read as known before that is provisional still.
   */
  ingest(input: {
    connector: string;
    stream: string;
    pullId: string;
    /** When the source was asked: of two pulls that overlap, the later one counts, whichever is stored last. */
    observedAtMs: number;
    rows: readonly IngestRow[];
    /** Ends it between two statements, by throwing its reason. */
    signal?: AbortSignal | undefined;
    /** False: nobody asks what changed, and `changed` stays empty. Absent: true. */
    wantsChanged?: boolean | undefined;
  }): Promise<IngestResult>;
  /** Newest revision of each sample in [fromMs, toMs), or the newest recorded by `knownAtMs`; ordered by series, time. */
  read(
    source: SeriesSource,
    range: { fromMs: number; toMs: number; knownAtMs?: number | undefined },
  ): Promise<StoredSample[]>;
  /** The newest revisions of the samples that begin in one of the windows and, of each series, of the last evidence before each. */
  readWindows(
    source: SeriesSource,
    windows: readonly { fromMs: number; toMs: number }[],
    range: { fromMs: number; toMs: number },
  ): Promise<StoredSample[]>;
  /** Of each series given, by id: its first `limit` samples within the range and its first one that is evidence. */
  readHeads(
    series: readonly SeriesRow[],
    range: { fromMs: number; toMs: number },
    limit: number,
  ): Promise<StoredSample[]>;
  series(source: SeriesSource): Promise<SeriesRow[]>;
}

export interface CostRepository {
  ingest(input: {
    connector: string;
    stream: string;
    pullId: string;
    /** When the source was asked: of two pulls that overlap, the later one counts, whichever is stored last. */
    observedAtMs: number;
    rows: readonly IngestCost[];
  }): Promise<{ inserted: number; revisions: number; unchanged: number; projectRefs: string[] }>;
  /** Notes lines that came, of documents that the pull brings whole. */
  noteCame(pullId: string, sourceKeys: readonly string[]): Promise<void>;
  /**
   * Each line that counts, whose key begins with one of the prefixes and that was not noted for the pull, gets a revision of amount 0
   * whose text says since when. What a later pull gave stays. `first`: the key of one of them. The notes are gone afterwards.
   */
  withdraw(input: {
    connector: string;
    stream: string;
    pullId: string;
    observedAtMs: number;
    prefixes: readonly string[];
  }): Promise<{ revisions: number; projectRefs: string[]; first: string | null }>;
  /** Newest revision of each line, posted in [from, to). */
  read(input: {
    connector: string;
    stream: string;
    projectRef: string;
    from?: LocalDate | undefined;
    to?: LocalDate | undefined;
    knownAtMs?: number | undefined;
  }): Promise<StoredCostLine[]>;
}
