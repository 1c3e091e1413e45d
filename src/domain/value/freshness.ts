import type { MetricReadings } from '../readings/outcome.ts';
import { daysBetween } from '../time/dates.ts';
import type { ValueMetric } from '../types.ts';

const DAY_MS = 86_400_000;
/** So late a sample may come before its metric is called stale, where nothing else is declared. */
export const FRESHNESS_GRACE_MS = 2 * DAY_MS;

/**
 * How old the newest sample may be: what is declared, else two days after the next one was due. A source that is read each
 * hour is missed after two days, one that closes its month once a month only two days after the next close.
 */
export function freshnessLimitMs({ freshnessLimitMs: declared }: ValueMetric, { periods }: MetricReadings): number {
  if (declared !== null) return declared;
  const newest = periods.findLast(({ received, expected }) => received > 0 && expected !== null && expected > 0);
  if (newest === undefined) return FRESHNESS_GRACE_MS;
  const intervalMs = (daysBetween(newest.from, newest.to) * DAY_MS) / (newest.expected ?? 1);
  return FRESHNESS_GRACE_MS + Math.round(intervalMs);
}
