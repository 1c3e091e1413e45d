import {
  type Clock,
  type Logger,
  type Metrics,
  type NewFire,
  OutturnError,
  PermanentError,
  type Repositories,
  type ScheduleConfig,
  type Store,
} from '#kit';
import { slotDelayMs } from './delay.ts';
import { judge, LATE_AFTER_MS, pauseReason, type Standstill, type Verdict } from './judge.ts';
import { pauseAt } from './pauses.ts';
import type { Slot, SlotCalculator } from './slots.ts';

/** A job of this kind is told its slot, which names the digest: one for each subscription and slot. */
const SLOT_KIND = 'send-digest';
/** A schedule of each minute and an outage of a week: more is skipped without a row of its own. */
export const MAX_MISSED_SLOTS = 10_080;
/** Rows of skipped slots that are written at once. */
const BATCH = 500;
/** More slots than these are told of by their number alone. */
const TOLD_ONE_BY_ONE = 10;

export interface LedgerDependencies {
  store: Store;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  instance: string;
}
export interface Ledger {
  /** Takes the slot for this instance and enqueues its job; false when another instance has it, or it is paused. */
  fire(schedule: ScheduleConfig, slot: Slot): Promise<boolean>;
  /** Settles the slots in (fromMs, toMs] that nobody has taken, by the schedule's policy. */
  settle(
    schedule: ScheduleConfig,
    calculator: SlotCalculator,
    range: { fromMs: number; toMs: number },
    standstill: Standstill,
  ): Promise<void>;
}

/**
 * Whoever enqueues the job of a slot, and whoever pauses the schedule, takes this: a fire comes before a pause or not at
 * all. Taken after the slot is claimed; who holds it must not claim slots, or two would wait for each other.
 */
export const scheduleLock = (id: string): string => `schedule ${id}`;

class Paused extends Error {}

/** The ledger of fires: claim, outbox row and their link in one transaction, so that each slot is settled exactly once. */
export function createLedger({ store, clock, log, metrics, instance }: LedgerDependencies): Ledger {
  const rowOf = (schedule: ScheduleConfig, { slot, outcome, reason }: Verdict): NewFire => ({
    schedule: schedule.id,
    slot: slot.key,
    slotAtMs: slot.atMs,
    outcome,
    reason,
    instance,
    // What is late is not put off further.
    delayMs: outcome === 'fired' ? slotDelayMs(schedule.id, slot.key, schedule.maxRandomDelayMs) : 0,
  });

  /** False when another instance has the slot. Throws Paused, and nothing is written, when it may not run. */
  async function record(tx: Repositories, schedule: ScheduleConfig, verdict: Verdict): Promise<boolean> {
    const { slot, outcome } = verdict;
    const row = rowOf(schedule, verdict);
    // Before the lock: of a whole fleet that rings at once, all but one know with one statement that they have lost.
    if (!(await tx.fires.claim(row))) return false;
    if (outcome === 'skipped') return true;
    await tx.lock(scheduleLock(schedule.id));
    const pauses = await tx.schedules.pauses({ schedule: schedule.id, sinceMs: slot.atMs });
    const pause = pauseAt(pauses, slot.atMs) ?? pauseAt(pauses, clock.nowMs());
    if (pause !== null) throw new Paused(pauseReason(pause, slot));
    await enqueueSlot(tx, schedule, slot, row.delayMs ?? 0);
    return true;
  }

  function report(schedule: ScheduleConfig, { slot, outcome, reason }: Verdict, isTold = true): void {
    metrics.fireRecorded({
      schedule: schedule.id,
      outcome,
      latenessMs: outcome === 'skipped' ? 0 : clock.nowMs() - slot.atMs,
    });
    const facts = { schedule: schedule.id, slot: slot.key, outcome, ...(reason === null ? {} : { reason }) };
    if (outcome === 'fired' || !isTold) log.debug(facts, 'schedule fired');
    else log.info(facts, 'schedule settled a slot');
  }

  /**
   * True when this instance has the slot and its job is enqueued. Where it must not be (a pause), or never can be (wrong
   * arguments), the slot is skipped with the reason, not tried for ever.
   */
  async function recordOrSkip(schedule: ScheduleConfig, verdict: Verdict): Promise<boolean> {
    let reason: string;
    try {
      const isMine = await store.transaction((tx) => record(tx, schedule, verdict));
      if (isMine) report(schedule, verdict);
      return isMine;
    } catch (error) {
      if (error instanceof Paused) reason = error.message;
      else if (error instanceof PermanentError) {
        reason = `${error.code}: ${error.message}`;
        const facts = { schedule: schedule.id, slot: verdict.slot.key, error };
        log.error(facts, 'the job of a schedule could not be enqueued');
      } else throw error;
    }
    await skipAll(schedule, [{ slot: verdict.slot, outcome: 'skipped', reason }]);
    return false;
  }

  async function skipAll(schedule: ScheduleConfig, verdicts: readonly Verdict[]): Promise<void> {
    for (let at = 0; at < verdicts.length; at += BATCH) {
      const batch = verdicts.slice(at, at + BATCH);
      const mine = new Set(await store.fires.claimAll(batch.map((verdict) => rowOf(schedule, verdict))));
      const isTold = mine.size <= TOLD_ONE_BY_ONE;
      for (const verdict of batch) if (mine.has(verdict.slot.key)) report(schedule, verdict, isTold);
      if (!isTold) log.info({ schedule: schedule.id, slots: mine.size }, 'schedule skipped missed slots');
    }
  }

  return {
    fire(schedule, slot) {
      const lateMs = clock.nowMs() - slot.atMs;
      return recordOrSkip(
        schedule,
        lateMs > LATE_AFTER_MS
          ? { slot, outcome: 'late', reason: `taken up ${Math.round(lateMs / 1000)} s after its time` }
          : { slot, outcome: 'fired', reason: null },
      );
    },

    async settle(schedule, calculator, { fromMs, toMs }, standstill) {
      const slots = calculator.between(fromMs, toMs, MAX_MISSED_SLOTS + 1);
      if (slots.length === 0) return;
      if (slots.length > MAX_MISSED_SLOTS) {
        slots.shift();
        log.warn(
          { schedule: schedule.id, slots: MAX_MISSED_SLOTS, oldest: slots[0]?.key },
          'more slots were missed than are recorded one by one; older ones are skipped',
        );
      }
      const taken = new Set(await store.fires.slotsBetween(schedule.id, fromMs, toMs));
      if (slots.every((slot) => taken.has(slot.key))) return;
      const pauses = await store.schedules.pauses({ schedule: schedule.id, sinceMs: fromMs });
      const circumstances = { policy: schedule.catchUp, standstill, pauses, nowMs: clock.nowMs() };
      // Oldest first, so that whoever goes on after a crash finds the rest.
      let skipped: Verdict[] = [];
      for (const verdict of judge(slots, circumstances)) {
        if (taken.has(verdict.slot.key)) continue;
        if (verdict.outcome === 'skipped') skipped.push(verdict);
        else {
          await skipAll(schedule, skipped);
          skipped = [];
          await recordOrSkip(schedule, verdict);
        }
      }
      await skipAll(schedule, skipped);
    },
  };
}

/** The outbox row of a claimed slot, linked with it; the job's id. */
export async function enqueueSlot(
  tx: Repositories,
  schedule: ScheduleConfig,
  slot: Slot,
  delayMs: number,
): Promise<string> {
  const { kind, args } = schedule.job;
  const slotArgs = kind === SLOT_KIND ? { slot: new Date(slot.atMs).toISOString() } : {};
  const row = await tx.outbox.enqueue({
    kind,
    args: { ...args, ...slotArgs },
    cause: `schedule ${schedule.id} ${slot.key}`,
    ...(delayMs > 0 ? { notBeforeMs: slot.atMs + delayMs } : {}),
  });
  await tx.fires.attachJob(schedule.id, slot.key, row.id);
  return row.id;
}

/** Enqueues the schedule's job now, whatever its slots and pauses; the job's id. */
export function fireByHand(
  { store, clock, instance }: Pick<LedgerDependencies, 'store' | 'clock' | 'instance'>,
  schedule: ScheduleConfig,
  by: string,
): Promise<string> {
  const nowMs = clock.nowMs();
  const slot: Slot = { key: `${new Date(nowMs).toISOString()}[manual]`, atMs: nowMs, isGap: false };
  return store.transaction(async (tx) => {
    const isMine = await tx.fires.claim({
      schedule: schedule.id,
      slot: slot.key,
      slotAtMs: slot.atMs,
      outcome: 'manual',
      reason: `asked for by ${by}`,
      instance,
    });
    if (!isMine) throw new OutturnError('usage', `${schedule.id} was fired by hand in this very millisecond already.`);
    return await enqueueSlot(tx, schedule, slot, 0);
  });
}
