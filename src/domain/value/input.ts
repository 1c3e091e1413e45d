import type { MetricReadings } from '../readings/outcome.ts';
import type { CostLine, FxQuote, FxRate, LocalDate, Project } from '../types.ts';

/** All that a computation rests on. The time of computation is not part of it. */
export interface RoiInput {
  project: Project;
  /** Business date: costs posted up to and on it count. */
  asOf: LocalDate;
  /**
   * First local date that is not over: periods that end on or before it are. The day after `asOf`, so that a past date
   * takes in its own day as its costs do, but never past the day of the computation.
   */
  closedBefore: LocalDate;
  metrics: readonly MetricReadings[];
  /** Lines of the project's cost sources, any date; the project's own manual lines are added by the engine. */
  costs: readonly CostLine[];
  /** Declared cost sources that were never pulled: what they would say is unknown, and unknown is not zero. */
  unreadCostSources: readonly { connector: string; stream: string }[];
  fxRates: readonly FxRate[];
  fxQuotes: readonly FxQuote[];
}
