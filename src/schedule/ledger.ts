import {
  type CatchUpPolicy,
  type Clock,
  type FireOutcome,
  type Logger,
  type Metrics,
  OutturnError,
  PermanentError,
  type Repositories,
  type ScheduleConfig,
  type Store,
} from '#kit';
import type { Slot, SlotCalculator } from './slots.ts';

/** A slot that is taken up later than this is late, not merely fired. */
const LATE_AFTER_MS = 30_000;
/** A job of this kind is told its slot, which names the digest: one for each subscription and slot. */
const SLOT_KIND = 'send-digest';
/** A schedule of each minute and an outage of a week: more is skipped without a row of its own. */
const MAX_MISSED_SLOTS = 10_080;
const NEWEST_FIRES = 100;
/** In place of a slot: the row from which a new schedule counts what it missed. */
const FIRST_SEEN = 'first seen';

export interface LedgerDependencies {
  store: Store;
  clock: Clock;
  log: Logger;
  metrics: Metrics;
  instance: string;
}
export interface Ledger {
  /** Takes the slot for this instance and enqueues its job; false when another instance has it. */
  fire(schedule: ScheduleConfig, slot: Slot): Promise<boolean>;
  /** Settles the slots in (fromMs, toMs] that nobody has taken, by the schedule's policy. */
  settle(
    schedule: ScheduleConfig,
    calculator: SlotCalculator,
    range: { fromMs: number; toMs: number },
    mode: 'outage' | 'running',
  ): Promise<void>;
  /** Enqueues the schedule's job now, whatever its slots; the job's id. */
  fireNow(schedule: ScheduleConfig): Promise<string>;
  /** Notes once that the schedule is known from now on: what it misses later can be told from what was before it. */
  begin(schedule: ScheduleConfig): Promise<void>;
  /** The newest slot that is settled, null when the schedule has never been seen. */
  lastSlotMs(scheduleId: string): Promise<number | null>;
}

interface Verdict {
  slot: Slot;
  outcome: FireOutcome;
  reason: string | null;
}

/**
 * Which of the unclaimed slots run. Of several at one instant (hours skipped in spring) only the last does. After an outage
 * the policy decides; while a scheduler runs, a slot that its timer missed by little is run whatever the policy.
 */
export function judge(
  slots: readonly Slot[],
  policy: CatchUpPolicy,
  mode: 'outage' | 'running',
  nowMs: number,
): Verdict[] {
  const newest = slots.at(-1);
  return slots.map((slot, index) => {
    if (slots[index + 1]?.atMs === slot.atMs)
      return {
        slot,
        outcome: 'skipped',
        reason: 'its local time does not exist on that day; the next slot runs at that instant',
      };
    const gap = slot.isGap ? 'its local time does not exist on that day: run at the next instant that does' : null;
    if (nowMs - slot.atMs <= LATE_AFTER_MS) return { slot, outcome: 'fired', reason: gap };
    const missed = mode === 'outage' ? 'no scheduler ran at that time' : 'the scheduler was held up at that time';
    if (policy === 'all' || (policy === 'latest' && slot === newest))
      return {
        slot,
        outcome: mode === 'outage' ? 'caught-up' : 'late',
        reason: gap === null ? missed : `${missed}; ${gap}`,
      };
    const rule = policy === 'none' ? 'the schedule does not catch up' : 'only the latest missed slot is run';
    return { slot, outcome: 'skipped', reason: `${missed}; ${rule}` };
  });
}

/** The ledger of fires: claim, outbox row and their link in one transaction, so that each slot is settled exactly once. */
export function createLedger({ store, clock, log, metrics, instance }: LedgerDependencies): Ledger {
  async function record(tx: Repositories, schedule: ScheduleConfig, verdict: Verdict): Promise<boolean> {
    const { slot, outcome, reason } = verdict;
    const isMine = await tx.fires.claim({
      schedule: schedule.id,
      slot: slot.key,
      slotAtMs: slot.atMs,
      outcome,
      reason,
      instance,
    });
    if (!isMine) return false;
    if (outcome !== 'skipped') await enqueue(tx, schedule, slot);
    return true;
  }

  async function enqueue(tx: Repositories, schedule: ScheduleConfig, slot: Slot): Promise<string> {
    const { kind, args } = schedule.job;
    const slotArgs = kind === SLOT_KIND ? { slot: new Date(slot.atMs).toISOString() } : {};
    const row = await tx.outbox.enqueue({
      kind,
      args: { ...args, ...slotArgs },
      cause: `schedule ${schedule.id} ${slot.key}`,
    });
    await tx.fires.attachJob(schedule.id, slot.key, row.id);
    return row.id;
  }

  function report(schedule: ScheduleConfig, { slot, outcome, reason }: Verdict): void {
    metrics.fireRecorded({
      schedule: schedule.id,
      outcome,
      latenessMs: outcome === 'skipped' ? 0 : clock.nowMs() - slot.atMs,
    });
    const facts = { schedule: schedule.id, slot: slot.key, outcome, ...(reason === null ? {} : { reason }) };
    if (outcome === 'fired') log.debug(facts, 'schedule fired');
    else log.info(facts, 'schedule settled a slot');
  }

  /** A job that can never be enqueued (wrong arguments) leaves its slot skipped with the reason, not tried for ever. */
  async function recordOrSkip(schedule: ScheduleConfig, verdict: Verdict): Promise<boolean> {
    let settled = verdict;
    let isMine: boolean;
    try {
      isMine = await store.transaction((tx) => record(tx, schedule, verdict));
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      const reason = `${error.code}: ${error.message}`;
      log.error(
        { schedule: schedule.id, slot: verdict.slot.key, error },
        'the job of a schedule could not be enqueued',
      );
      settled = { slot: verdict.slot, outcome: 'skipped', reason };
      isMine = await store.transaction((tx) => record(tx, schedule, settled));
    }
    if (isMine) report(schedule, settled);
    return isMine;
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

    async settle(schedule, calculator, { fromMs, toMs }, mode) {
      const slots = calculator.between(fromMs, toMs, MAX_MISSED_SLOTS);
      // Oldest first, each in a transaction of its own: whoever goes on after a crash finds the rest.
      for (const verdict of judge(slots, schedule.catchUp, mode, clock.nowMs())) await recordOrSkip(schedule, verdict);
    },

    fireNow(schedule) {
      const nowMs = clock.nowMs();
      const slot: Slot = { key: `${new Date(nowMs).toISOString()}[manual]`, atMs: nowMs, isGap: false };
      return store.transaction(async (tx) => {
        const verdict: Verdict = { slot, outcome: 'manual', reason: 'asked for by a person' };
        const isMine = await tx.fires.claim({
          schedule: schedule.id,
          slot: slot.key,
          slotAtMs: slot.atMs,
          outcome: verdict.outcome,
          reason: verdict.reason,
          instance,
        });
        if (!isMine)
          throw new OutturnError('usage', `${schedule.id} was fired by hand in this very millisecond already.`);
        const id = await enqueue(tx, schedule, slot);
        report(schedule, verdict);
        return id;
      });
    },

    async begin(schedule) {
      await store.fires.claim({
        schedule: schedule.id,
        slot: FIRST_SEEN,
        slotAtMs: clock.nowMs(),
        outcome: 'skipped',
        reason: 'the schedule is new: nothing before is caught up',
        instance,
      });
    },

    async lastSlotMs(scheduleId) {
      const fires = await store.fires.list({ schedule: scheduleId, limit: NEWEST_FIRES });
      // A fire by hand says nothing about the slots before it.
      const settled = fires.filter((fire) => fire.outcome !== 'manual').map((fire) => fire.slotAtMs);
      return settled.length === 0 ? null : Math.max(...settled);
    },
  };
}
