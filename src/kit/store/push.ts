/** A series of Prometheus as it was sent: all labels, and samples in any order. Null: a stale marker. */
export interface PushedSampleSeries {
  labels: Record<string, string>;
  samples: { atMs: number; value: number | null }[];
}
/** One series within one step, `(fromMs, toMs]`. */
export interface StepSeriesRow {
  labels: Record<string, string>;
  before: [atMs: number, value: number | null] | null;
  /** The newest one before the step that has a value. */
  beforeValue: [atMs: number, value: number] | null;
  samples: [atMs: number, value: number | null][];
}
export interface StepMark {
  endsAtMs: number;
  version: number;
  /** It has no new sample itself, only the step before it has. */
  follows: boolean;
}
export interface PushReceipt {
  sha256: string;
  answer: unknown;
}

/** What is kept of pushes besides measurements and costs. */
export interface PushRepository {
  receipt(connector: string, key: string, chunk: number): Promise<PushReceipt | null>;
  /** Also forgets those of the connector that are older than `forgetBeforeMs`. */
  keepReceipt(
    row: PushReceipt & { connector: string; key: string; chunk: number },
    options: { forgetBeforeMs: number },
  ): Promise<void>;
  /**
   * Stores samples; the same one again changes nothing. Series beyond `maxSeries` of the stream are left out: `leftOut` has their places in `series`.
   * `changedAtMs`: times of samples that are new or have another value.
   */
  addSamples(input: {
    connector: string;
    stream: string;
    maxSeries: number;
    series: readonly PushedSampleSeries[];
  }): Promise<{ changedAtMs: number[]; leftOut: number[] }>;
  /** Notes that these steps are to be measured (again). Gives those that were not marked before: nobody is to measure them yet. */
  markSteps(
    connector: string,
    stream: string,
    endsAtMs: readonly number[],
    options?: { follows?: boolean },
  ): Promise<number[]>;
  /** Marked steps that ended by then, oldest first. */
  dueSteps(connector: string, stream: string, endedByMs: number, limit: number): Promise<StepMark[]>;
  /** Takes the mark away unless samples have come since it was read. */
  clearStep(connector: string, stream: string, mark: StepMark): Promise<void>;
  /** Series with a sample in the step, or less than `staleAfterMs` before it. */
  readStep(
    connector: string,
    stream: string,
    step: { fromMs: number; toMs: number; staleAfterMs: number },
  ): Promise<StepSeriesRow[]>;
  /** Of each series with a sample in the step, the time of its first one after it; each time once. */
  nextTimes(connector: string, stream: string, step: { fromMs: number; toMs: number }): Promise<number[]>;
  /** Removes samples before that time, but the last of each series that goes on; series that ended before it wholly. */
  prune(connector: string, stream: string, beforeMs: number): Promise<void>;
  /** When its newest sample came. */
  lastReceivedAtMs(connector: string, stream: string): Promise<number | null>;
}
