import type { CatchUpPolicy } from './config.ts';
import type { FireOutcome, FireRecord, SchedulePauseRow } from './store/index.ts';

export const fireOutcomes: readonly FireOutcome[] = ['fired', 'late', 'skipped', 'caught-up', 'manual'];

/** One schedule as people see it. */
export interface ScheduleView {
  id: string;
  cron: string;
  /** The cron expression in words, where it is a usual one. */
  inWords: string | null;
  timeZone: string;
  catchUp: CatchUpPolicy;
  maxRandomDelayMs: number;
  /** What it enqueues. */
  job: { kind: string; args: Record<string, unknown> };
  /** With the wall clock of the schedule's zone, `2026-11-30T08:00+01:00`. */
  next: { atMs: number; local: string }[];
  lastFire: FireRecord | null;
  paused: SchedulePauseRow | null;
  /** Slots that should have been settled by now and are not, oldest first; at most the newest hundred. */
  overdue: { slot: string; atMs: number }[];
}

export type SlotAnswer =
  /** It has a line in the ledger. */
  | 'recorded'
  | 'to-come'
  /** Its time has come, and a scheduler is about to settle it. */
  | 'due'
  /** Due long ago, and no scheduler has settled it. */
  | 'overdue'
  | 'paused'
  | 'not-a-slot'
  | 'before-it-was-known'
  | 'not-configured'
  /** More were missed than get a line each. */
  | 'too-many-missed';
/** Why a slot ran, or did not. */
export interface SlotExplanation {
  schedule: string;
  slot: string;
  atMs: number;
  answer: SlotAnswer;
  /** Whole sentences. */
  why: string[];
  fire: FireRecord | null;
  /** What can be done about it, null when nothing need be. */
  hint: string | null;
}

/** Schedules for people: what the commands and the HTTP interface show and do. */
export interface ScheduleAdmin {
  list(): Promise<ScheduleView[]>;
  /** The ledger, newest first. `slot` is the beginning of a slot, such as a date. */
  fires(filter: {
    schedule?: string | undefined;
    slot?: string | undefined;
    outcome?: FireOutcome | undefined;
    limit: number;
  }): Promise<FireRecord[]>;
  /** `when`: a slot of the ledger, a local time in the schedule's zone or an ISO instant. Throws `usage` for another text. */
  explain(id: string, when: string): Promise<SlotExplanation>;
  /** Enqueues the job now, also of a paused schedule; the job's id. */
  run(id: string, by: string): Promise<string>;
  /** From now on nothing is enqueued. Throws `usage` when it is paused already or `untilMs` has passed. */
  pause(
    id: string,
    pause: { by: string; reason: string | null; untilMs: number | null },
  ): Promise<{ pause: SchedulePauseRow; nextAtMs: number | null }>;
  /** False: it was not paused. What fell into the pause is not caught up. */
  resume(id: string, by: string): Promise<boolean>;
  /** When a scheduler was last at work; null: never. */
  lastScheduler(): Promise<{ instance: string; seenAtMs: number; isRunning: boolean } | null>;
}
