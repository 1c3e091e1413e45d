import { wallDayAt } from '../domain/time/index.ts';
import type { FetchPurpose } from './ports.ts';
import type { BudgetAnswer, BudgetLimits, BudgetWait, SourceSignal } from './store/budgets.ts';

/** A request counts for so long after the source had it. */
export const BUDGET_WINDOW_MS = 60_000;
/** Who waits asks again at least so often: it shows that it lives. */
export const LONGEST_ASK_MS = 5_000;
/** Who has not asked for so long after it should have is gone. */
export const QUEUE_MARGIN_MS = 5_000;
/** Whoever waits longer goes before those who came later; before that the quick ones may pass, so that no slot lies idle. */
const PATIENCE_MS = 2_000;
const LONGEST_PAUSE_MS = 24 * 3_600_000;
/** A backfill leaves this part of each limit to the others. */
const LIVE_SHARE = 0.2;
/** A limit that the source named counts until it names another, or is silent about it for so long. */
const SOURCE_LIMIT_MS = 3_600_000;
/** A lowered rate comes back by a tenth of the former one each minute. */
const EASED_STEPS = 10;
const EASED_STEP_MS = 60_000;

/** What is remembered of an account beside its leases. Instants are those of the ledger's own clock. */
export interface AccountMemory {
  /** `YYYY-MM-DD` of the day that `dayUsed` is about; null: nothing was asked yet. */
  day: string | null;
  dayUsed: number;
  blockedUntilMs: number | null;
  blockedReason: string | null;
  sourcePerMinute: number | null;
  sourceSeenAtMs: number | null;
  /** The rate to which the last refusal lowered it, and from which. */
  easedTo: number | null;
  easedFrom: number | null;
  easedAtMs: number | null;
}

export const freshMemory: AccountMemory = {
  day: null,
  dayUsed: 0,
  blockedUntilMs: null,
  blockedReason: null,
  sourcePerMinute: null,
  sourceSeenAtMs: null,
  easedTo: null,
  easedFrom: null,
  easedAtMs: null,
};

/** An account at one instant, as one who claims sees it. */
export interface AccountView extends AccountMemory {
  nowMs: number;
  inUse: number;
  usedLastMinute: number;
  /** Live requests that wait in other processes. */
  liveElsewhere: number;
  /** Other processes' queues of the same purpose by how long their first has waited. */
  queuesElsewhere: readonly { waitedMs: number }[];
}

export type Verdict =
  | { granted: true; day: string }
  /** `over`: how many requests must leave the window before the next may begin. */
  | { granted: false; reason: BudgetWait; over: number; endsInMs: number | null };

/** Whether one more request may begin now. */
export function judgeClaim(
  view: AccountView,
  { limits, purpose, waitedMs }: { limits: BudgetLimits; purpose: FetchPurpose; waitedMs: number },
): Verdict {
  const { nowMs } = view;
  const refuse = (reason: BudgetWait, over = 0, endsAtMs: number | null = null): Verdict => ({
    granted: false,
    reason,
    over,
    endsInMs: endsAtMs === null ? null : endsAtMs - nowMs,
  });
  if (view.blockedUntilMs !== null && view.blockedUntilMs > nowMs) return refuse('blocked', 0, view.blockedUntilMs);
  const today = wallDayAt(nowMs, limits.resetsAt, limits.timeZone);
  const usedToday = view.day === today.day ? view.dayUsed : 0;
  if (limits.requestsPerDay !== null && usedToday >= shareOf(limits.requestsPerDay, purpose))
    return refuse('day', 0, today.endsAtMs);
  if (purpose === 'backfill' && view.liveElsewhere > 0) return refuse('yields');
  const perMinute = allowedPerMinute(view, limits);
  const rateLeft = perMinute === null ? Number.POSITIVE_INFINITY : shareOf(perMinute, purpose) - view.usedLastMinute;
  if (rateLeft < 1) return refuse('rate', 1 - rateLeft);
  // The last slot is kept for live requests, where there is more than one.
  const slots = purpose === 'backfill' ? Math.max(1, limits.concurrency - 1) : limits.concurrency;
  const slotsLeft = slots - view.inUse;
  if (slotsLeft < 1) return refuse('concurrency');
  const ahead = view.queuesElsewhere.filter((queue) => queue.waitedMs > PATIENCE_MS && queue.waitedMs > waitedMs);
  if (ahead.length >= Math.min(slotsLeft, rateLeft)) return refuse('turn');
  return { granted: true, day: today.day };
}

/** What a purpose may use of a limit: a backfill leaves a fifth of it, but can always go on by one. */
function shareOf(limit: number, purpose: FetchPurpose): number {
  return purpose === 'live' ? limit : Math.max(1, limit - Math.ceil(limit * LIVE_SHARE));
}

/** The lowest of what is configured, what the source names and what caution allows; null: no limit. */
export function allowedPerMinute(view: AccountMemory & { nowMs: number }, limits: BudgetLimits): number | null {
  const known = [limits.requestsPerMinute, sourceLimit(view), easing(view)?.perMinute ?? null].filter(
    (limit) => limit !== null,
  );
  return known.length === 0 ? null : Math.min(...known);
}

/** What the source names as its limit, as long as that counts. */
export function sourceLimit({
  nowMs,
  sourcePerMinute,
  sourceSeenAtMs,
}: AccountMemory & { nowMs: number }): number | null {
  return sourceSeenAtMs !== null && nowMs - sourceSeenAtMs < SOURCE_LIMIT_MS ? sourcePerMinute : null;
}

/** The lowered rate after a refusal and when it ends; null when it has come back. */
export function easing(view: AccountMemory & { nowMs: number }): { perMinute: number; endsAtMs: number } | null {
  const { nowMs, easedTo, easedFrom, easedAtMs } = view;
  if (easedTo === null || easedFrom === null || easedAtMs === null) return null;
  const step = Math.ceil(easedFrom / EASED_STEPS);
  const steps = Math.max(0, Math.floor((nowMs - easedAtMs) / EASED_STEP_MS));
  const perMinute = easedTo + step * steps;
  if (perMinute >= easedFrom) return null;
  return { perMinute, endsAtMs: easedAtMs + Math.ceil((easedFrom - easedTo) / step) * EASED_STEP_MS };
}

/**
 * What is remembered after the source said something; null when nothing changes. A pause counts as long as the source
 * says, a day at most. A refusal that names no time halves the rate, once for all the requests that were under way.
 */
export function hearSignal(
  view: AccountMemory & { nowMs: number; usedLastMinute: number },
  signal: SourceSignal,
  { limits, grantedAtMs }: { limits: BudgetLimits; grantedAtMs: number },
): AccountMemory | null {
  const { nowMs, usedLastMinute } = view;
  const after = memoryOf(view);
  let changed = false;
  if (signal.perMinute !== null) {
    after.sourcePerMinute = Math.max(1, Math.floor(signal.perMinute));
    after.sourceSeenAtMs = nowMs;
    changed = true;
  }
  if (signal.pauseMs !== null && signal.pauseMs > 0) {
    const untilMs = nowMs + Math.min(signal.pauseMs, LONGEST_PAUSE_MS);
    if (untilMs > (view.blockedUntilMs ?? 0)) {
      after.blockedUntilMs = untilMs;
      after.blockedReason = signal.pauseReason;
      changed = true;
    }
  } else if (signal.refused && (view.easedAtMs === null || grantedAtMs > view.easedAtMs)) {
    // What was really asked is what was too much, not what might have been asked.
    const asked = Math.max(1, Math.min(allowedPerMinute(view, limits) ?? usedLastMinute, usedLastMinute));
    const from = easing(view) === null ? asked : (view.easedFrom ?? asked);
    after.easedTo = Math.max(1, Math.floor(asked / 2));
    after.easedFrom = Math.max(from, after.easedTo + 1);
    after.easedAtMs = nowMs;
    changed = true;
  }
  return changed ? after : null;
}

function memoryOf({ day, dayUsed, blockedUntilMs, blockedReason, ...view }: AccountMemory): AccountMemory {
  const { sourcePerMinute, sourceSeenAtMs, easedTo, easedFrom, easedAtMs } = view;
  const source = { sourcePerMinute, sourceSeenAtMs };
  return { day, dayUsed, blockedUntilMs, blockedReason, ...source, easedTo, easedFrom, easedAtMs };
}

/** A refusal with the time after which to ask again. `freesInMs`: when the window has room, where that is what it waits for. */
export function waitAnswer(
  verdict: Extract<Verdict, { granted: false }>,
  { waitedMs, freesInMs, detail }: { waitedMs: number; freesInMs: number | null; detail: string | null },
): Extract<BudgetAnswer, { granted: false }> {
  const { reason, endsInMs } = verdict;
  // Nobody knows when a slot is free: short at first, then less often.
  const untilKnownMs = endsInMs ?? freesInMs ?? Math.min(250, waitedMs / 4);
  const askAgainMs = Math.round(Math.min(LONGEST_ASK_MS, Math.max(25, untilKnownMs)));
  return { granted: false, reason, askAgainMs, endsInMs, detail: reason === 'blocked' ? detail : null };
}
