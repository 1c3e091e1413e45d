import type { CommonQueryMethods } from 'slonik';
import { z } from 'zod';
import { wallDayAt } from '#domain';
import { allowedPerMinute, type BudgetLimits, type BudgetStatus, easing, sourceLimit } from '#kit';
import { sql } from './context.ts';

const statusSchema = z.object({
  id: z.string(),
  nowMs: z.number(),
  day: z.string().nullable(),
  dayUsed: z.number(),
  blockedUntilMs: z.number().nullable(),
  blockedReason: z.string().nullable(),
  sourcePerMinute: z.number().nullable(),
  sourceSeenAtMs: z.number().nullable(),
  easedTo: z.number().nullable(),
  easedFrom: z.number().nullable(),
  easedAtMs: z.number().nullable(),
  inUse: z.number(),
  usedLastMinute: z.number(),
  waitingLive: z.number(),
  waitingBackfill: z.number(),
  waitingSinceMs: z.number().nullable(),
});

/** How these accounts stand, in their order; also those that nobody has asked for anything yet. */
export async function readBudgetStatus(
  connection: CommonQueryMethods,
  limits: readonly BudgetLimits[],
): Promise<BudgetStatus[]> {
  const ids = limits.map(({ account }) => account);
  const rows = await connection.any(sql.type(statusSchema)`
    WITH t AS MATERIALIZED (SELECT clock_timestamp() AS now)
    SELECT wanted.id, now AS "nowMs", a.day::text AS day, coalesce(a.day_used, 0) AS "dayUsed",
      a.blocked_until AS "blockedUntilMs", a.blocked_reason AS "blockedReason",
      a.source_per_minute AS "sourcePerMinute", a.source_seen_at AS "sourceSeenAtMs",
      a.eased_to AS "easedTo", a.eased_from AS "easedFrom", a.eased_at AS "easedAtMs",
      leases.in_use AS "inUse", leases.used AS "usedLastMinute",
      queues.live AS "waitingLive", queues.backfill AS "waitingBackfill", queues.since AS "waitingSinceMs"
    FROM t CROSS JOIN unnest(${sql.array(ids, 'text')}) AS wanted (id)
    LEFT JOIN budget_account a ON a.id = wanted.id
    CROSS JOIN LATERAL (
      SELECT count(*) FILTER (WHERE l.ended_at IS NULL AND l.expires_at > now) AS in_use, count(*) AS used
      FROM budget_lease l WHERE l.account = wanted.id AND l.counts_until > now
    ) leases
    CROSS JOIN LATERAL (
      SELECT coalesce(sum(q.live), 0) AS live, coalesce(sum(q.backfill), 0) AS backfill, min(q.since) AS since
      FROM budget_queue q WHERE q.account = wanted.id AND q.expires_at > now
    ) queues`);
  return limits.flatMap((each) => {
    const row = rows.find(({ id }) => id === each.account);
    if (row === undefined) return [];
    const today = wallDayAt(row.nowMs, each.resetsAt, each.timeZone);
    const isBlocked = row.blockedUntilMs !== null && row.blockedUntilMs > row.nowMs;
    return {
      account: each.account,
      inUse: row.inUse,
      usedLastMinute: row.usedLastMinute,
      usedToday: row.day === today.day ? row.dayUsed : 0,
      dayEndsAtMs: today.endsAtMs,
      allowedPerMinute: allowedPerMinute(row, each),
      sourcePerMinute: sourceLimit(row),
      easedUntilMs: easing(row)?.endsAtMs ?? null,
      blockedUntilMs: isBlocked ? row.blockedUntilMs : null,
      blockedReason: isBlocked ? row.blockedReason : null,
      waitingLive: row.waitingLive,
      waitingBackfill: row.waitingBackfill,
      waitingSinceMs: row.waitingSinceMs,
    };
  });
}
