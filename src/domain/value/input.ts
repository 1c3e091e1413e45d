import { addDays, addYears, earlier } from '../time/dates.ts';
import { periodAt } from '../time/periods.ts';
import { startOfDayMs } from '../time/zones.ts';
import type { CostLine, FxRate, LocalDate, Project, StoredSample, ValueMetric } from '../types.ts';

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
  /** For a ratio whose exposure is a series. */
  exposure: SampleSet | null;
}

/** All that a computation rests on. The time of computation is not part of it. */
export interface RoiInput {
  project: Project;
  /** Business date: costs posted up to and on it count. */
  asOf: LocalDate;
  /**
   * First local date that is not over: periods that end on or before it are. The day after `asOf`, so that a past date
   * takes in its own day as its costs do, but never past the day of the computation. Absent: `asOf`.
   */
  closedBefore?: LocalDate;
  metrics: readonly MetricSamples[];
  /** Lines of the project's cost sources, any date; the project's own manual lines are added by the engine. */
  costs: readonly CostLine[];
  /** Declared cost sources that were never pulled: what they would say is unknown, and unknown is not zero. */
  unreadCostSources?: readonly { connector: string; stream: string }[];
  fxRates: readonly FxRate[];
}

/** First date past the project's horizon: benefits and costs from then on do not count. */
export function horizonEnd(project: Project): LocalDate {
  return addYears(project.startsOn, project.horizonYears);
}

/** First date that a metric's periods are listed from. */
export function firstShownDate(project: Project, metric: ValueMetric): LocalDate {
  return earlier(project.startsOn, metric.startsOn);
}

/**
 * The samples that computing a metric as of a date needs: from its first period or its baseline's, whichever is
 * earlier, to the end of `asOf`. A week more at the start, for samples that began before.
 */
export function evidenceRange(
  project: Project,
  metric: ValueMetric,
  asOf: LocalDate,
): { fromMs: number; toMs: number } {
  const first = periodAt(firstShownDate(project, metric), metric.cadence).from;
  const start = metric.baseline?.kind === 'window' ? earlier(first, metric.baseline.from) : first;
  return {
    fromMs: startOfDayMs(addDays(start, -7), project.timeZone),
    toMs: startOfDayMs(addDays(asOf, 1), project.timeZone),
  };
}
