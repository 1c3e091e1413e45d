import type { StoredSample } from '../types.ts';

/** Newest revisions of the samples that match one source. */
export interface SampleSet {
  samples: readonly StoredSample[];
  /** Distance between two samples as the stream declares it; 0 or null: unknown, then read off the samples. */
  intervalMs: number | null;
}

export interface MetricSamples {
  metricId: string;
  source: SampleSet;
  /** For a ratio with a denominator of its own. */
  denominator: SampleSet | null;
  /** For a ratio or percentile whose exposure is a series. */
  exposure: SampleSet | null;
  /** For a counterfactual that is a series. */
  control: SampleSet | null;
  /** Source and denominator as they were known when the baseline was frozen; null: as they are known now. */
  frozen: { source: SampleSet; denominator: SampleSet | null; control: SampleSet | null } | null;
}
