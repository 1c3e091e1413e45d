import type { FxRate, LocalDate, Project, ValueMetric } from '../types.ts';
import type { WarningCode } from './figures.ts';
import type { PreparedSeries } from './series.ts';

/** What evaluating one metric passes around. */
export interface MetricContext {
  project: Project;
  metric: ValueMetric;
  asOf: LocalDate;
  fxRates: readonly FxRate[];
  main: PreparedSeries;
  exposure: PreparedSeries | null;
  warn(code: WarningCode, message: string): void;
}
