import type { CatchUpPolicy, FireOutcome, SchedulePauseRow } from '#kit';
import { describePause, pauseAt } from './pauses.ts';
import type { Slot } from './slots.ts';

/** A slot that is taken up later than this is late, not merely fired. */
export const LATE_AFTER_MS = 30_000;

export interface Verdict {
  slot: Slot;
  outcome: FireOutcome;
  reason: string | null;
}

/** Why nobody rang: it stands in the ledger. `outcome` is that of a slot which is run all the same. */
export interface Standstill {
  outcome: 'caught-up' | 'late';
  because: string;
}
export const standstills = {
  outage: { outcome: 'caught-up', because: 'no scheduler ran at that time' },
  heldUp: { outcome: 'late', because: 'the scheduler was held up at that time' },
  database: { outcome: 'late', because: 'the scheduler could not reach the database at that time' },
} as const satisfies Record<string, Standstill>;

export interface Circumstances {
  policy: CatchUpPolicy;
  standstill: Standstill;
  pauses: readonly SchedulePauseRow[];
  nowMs: number;
}

/**
 * What becomes of slots that no timer rang for. Of several at one instant (hours skipped in spring) only the last runs; what
 * fell into a pause does not; a slot of just now runs whatever the policy; of older ones the policy decides. `slots` are
 * all of a stretch of time, settled ones as well: a missed slot is not the latest when a later one has run.
 */
export function judge(slots: readonly Slot[], circumstances: Circumstances): Verdict[] {
  const { policy, standstill, pauses, nowMs } = circumstances;
  const pauseNow = pauseAt(pauses, nowMs);
  const pauseOf = (slot: Slot): SchedulePauseRow | null => pauseAt(pauses, slot.atMs) ?? pauseNow;
  const newest = slots.findLast((slot) => pauseOf(slot) === null);
  return slots.map((slot, index): Verdict => {
    const skipped = (reason: string): Verdict => ({ slot, outcome: 'skipped', reason });
    const pause = pauseOf(slot);
    if (pause !== null) return skipped(pauseReason(pause, slot));
    if (slots[index + 1]?.atMs === slot.atMs)
      return skipped('its local time does not exist on that day; the next slot runs at that instant');
    const gap = slot.isGap ? 'its local time does not exist on that day: run at the next instant that does' : null;
    if (nowMs - slot.atMs <= LATE_AFTER_MS) return { slot, outcome: 'fired', reason: gap };
    const { outcome, because } = standstill;
    if (policy === 'all' || (policy === 'latest' && slot === newest))
      return { slot, outcome, reason: gap === null ? because : `${because}; ${gap}` };
    return skipped(
      `${because}; ${policy === 'none' ? 'the schedule does not catch up' : 'only the latest missed slot is run'}`,
    );
  });
}

/** The pause began after the slot where it was missed first, by an outage: then too nothing is enqueued. */
export const pauseReason = (pause: SchedulePauseRow, slot: Slot): string =>
  pause.sinceMs <= slot.atMs ? describePause(pause) : `missed before, and ${describePause(pause)}`;
