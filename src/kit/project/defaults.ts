import { later } from '../../domain/index.ts';
import type { LocalDate } from '../../domain/types.ts';
import type { MetricInput } from './metric-schema.ts';

/** Names of hand-written cost lines that have none of their own. */
export const lineId = (id: string | undefined, index: number): string => id ?? `line-${index + 1}`;

/** First day that counts as benefit, where none is written. */
export const metricStart = (metric: MetricInput, projectStart: LocalDate): LocalDate =>
  metric.startsOn ?? later(metric.baseline?.to ?? projectStart, projectStart);
