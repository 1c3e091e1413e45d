import type { FxBook } from '../money/fx-book.ts';
import type { MetricReadings } from '../readings/outcome.ts';
import type { LocalDate, Project, ValueMetric } from '../types.ts';
import type { WarningCode } from './figures.ts';

/** What evaluating one metric passes around. */
export interface MetricContext {
  project: Project;
  metric: ValueMetric;
  /** Periods that end on or before it are over. */
  closedBefore: LocalDate;
  fx: FxBook;
  readings: MetricReadings;
  warn(code: WarningCode, message: string): void;
}
