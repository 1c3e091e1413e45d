import type { DecimalString, LocalDate } from '../types.ts';

/** What a second series comes to in a period. */
export interface SideReading {
  /** Null: nothing to go by. */
  actual: DecimalString | null;
  complete: boolean;
  /** Part of the period that its samples cover, 0 to 1. */
  share: DecimalString;
  provisional: boolean;
}

/** What the samples of one period come to, before any money: JSON only, figures with every digit of the arithmetic. */
export interface PeriodReading {
  from: LocalDate;
  to: LocalDate;
  /** Flow: Σ; stock: time-weighted mean, series added up; ratio: Σnumerator/Σdenominator; percentile: the one figure of the period. Null: nothing to go by. */
  actual: DecimalString | null;
  /** Stock: the level at the period's end. */
  last: DecimalString | null;
  /** Ratio: Σdenominator. */
  denominator: DecimalString | null;
  received: number;
  /** Null where neither the stream nor its samples tell their cadence. */
  expected: number | null;
  complete: boolean;
  /** Part of the period that the samples cover, 0 to 1. */
  share: DecimalString;
  provisional: boolean;
  /** Highest revision of a sample; 0 without one. */
  revision: number;
  /** False: a percentile's samples are not one figure of just this period, and cannot be made into one; `actual` is null. */
  combinable: boolean;
  /** The exposure's series, where the metric has one. */
  exposure: SideReading | null;
  /** The control's series, where the counterfactual is one. */
  control: SideReading | null;
  /** SHA-256 over the samples that it rests on, wherever and whenever they were fetched; empty without any. */
  evidenceHash: string;
}

/** A metric's samples period by period: all that valuing it needs to know of them. */
export interface MetricReadings {
  metricId: string;
  /** From the first shown period to the one that holds `asOf`, ascending, without gaps. */
  periods: PeriodReading[];
  /** Whole periods of the baseline's window, as known when it was frozen. */
  baseline: PeriodReading[];
  /** Until when the newest sample vouches (the end of the interval that it covers). */
  newestSampleAtMs: number | null;
  /** Shown periods of a percentile whose samples cannot be made into one figure. */
  notCombinable: number;
  /** Samples left out because another one of the same series covers their time. */
  overlapping: number;
}
