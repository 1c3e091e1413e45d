import { expectedPoints, type PullPlan } from './plan.ts';
import type { PulledRows } from './rows.ts';
import type { Target } from './target.ts';

/** Points of the window by the stream's cadence, for each series that came; null where it has none. */
export function expectedOf(target: Target, planned: PullPlan, rows: PulledRows): number | null {
  const each = expectedPoints(planned.window, target.kind.timing(target.stream.options).intervalMs);
  return each === null ? null : each * Math.max(rows.seriesCount, 1);
}

/** Zero, no data and incomplete data are told apart; only the last two are worth a warning. */
export function judgeCompleteness(rows: PulledRows, expectedCount: number | null): void {
  if (rows.size === 0 && rows.warnings().length === 0)
    rows.warn('the source answered, but with no sample, cost line or exchange rate for this window');
  else if (expectedCount !== null && rows.sampleCount < expectedCount)
    rows.warn(`${rows.sampleCount} of ${expectedCount} expected points came; the others count as missing, not as zero`);
}
