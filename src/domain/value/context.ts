import type { FxRate, LocalDate, Project, ValueMetric } from '../types.ts';
import type { WarningCode } from './figures.ts';
import type { PreparedSeries } from './series.ts';

/** What evaluating one metric passes around. */
export interface MetricContext {
  project: Project;
  metric: ValueMetric;
  /** Periods that end on or before it are over. */
  closedBefore: LocalDate;
  fxRates: readonly FxRate[];
  main: PreparedSeries;
  exposure: PreparedSeries | null;
  warn(code: WarningCode, message: string): void;
}
