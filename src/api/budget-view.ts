import type { BudgetAccount, BudgetStatus } from '#kit';

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** One account's budget, as JSON. */
export function budgetView({ limits, connectors }: BudgetAccount, status: BudgetStatus) {
  return {
    account: limits.account,
    connectors,
    limits: {
      concurrency: limits.concurrency,
      requestsPerMinute: limits.requestsPerMinute,
      requestsPerDay: limits.requestsPerDay,
      resetsAt: limits.resetsAt,
      timeZone: limits.timeZone,
    },
    inUse: status.inUse,
    lastMinute: {
      used: status.usedLastMinute,
      allowed: status.allowedPerMinute,
      allowedBySource: status.sourcePerMinute,
      easedUntil: iso(status.easedUntilMs),
    },
    today: { used: status.usedToday, allowed: limits.requestsPerDay, endsAt: iso(status.dayEndsAtMs) },
    blocked:
      status.blockedUntilMs === null ? null : { until: iso(status.blockedUntilMs), reason: status.blockedReason },
    waiting: { live: status.waitingLive, backfill: status.waitingBackfill, since: iso(status.waitingSinceMs) },
  };
}
export type BudgetView = ReturnType<typeof budgetView>;
