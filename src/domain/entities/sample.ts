export type SampleStatus = 'provisional' | 'final' | 'estimated' | 'missing';

/** What makes a series the same series: a change of any part begins another one. */
export interface SeriesIdentity {
  connector: string;
  stream: string;
  labels: Record<string, string>;
  unit: string;
}

/** One sample as a connector parsed it. */
export interface Measurement {
  labels: Record<string, string>;
  unit: string;
  /** The start of the interval that the sample covers, or the instant that it was taken at. */
  atMs: number;
  /** Length of the covered interval; 0 for an instantaneous sample. */
  durationMs: number;
  /** Null only with status `missing`. For a ratio sample numerator/denominator carry the truth and value their quotient. */
  value: number | null;
  numerator?: number | undefined;
  denominator?: number | undefined;
  status: SampleStatus;
}

/** A stored sample with the reference to where it came from. */
export interface StoredSample {
  seriesId: string;
  /** The same for equal labels and unit in every database, where `seriesId` is not. */
  seriesKey: string;
  atMs: number;
  durationMs: number;
  value: number | null;
  numerator: number | null;
  denominator: number | null;
  status: SampleStatus;
  /** 1 for the first value seen at that time, +1 for each correction. */
  revision: number;
  pullId: string;
  pageHash: string;
  observedAtMs: number;
  recordedAtMs: number;
}
