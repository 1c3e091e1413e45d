import type { JobState } from './outbox.ts';

export type FireOutcome = 'fired' | 'late' | 'skipped' | 'caught-up' | 'manual';
export interface FireRow {
  schedule: string;
  /** Local wall-clock slot with the zone, `2026-10-25T01:30[Europe/Berlin]`: a repeated hour is one slot. */
  slot: string;
  slotAtMs: number;
  outcome: FireOutcome;
  reason: string | null;
  instance: string;
  jobId: string | null;
  /** By how much its job was put off (`maxRandomDelay`). */
  delayMs: number;
  firedAtMs: number;
}
/** A line of the ledger, with what became of its job by now. */
export interface FireRecord extends FireRow {
  jobState: JobState | null;
}
export type NewFire = Omit<FireRow, 'firedAtMs' | 'jobId' | 'delayMs'> & { delayMs?: number | undefined };

export interface FireRepository {
  /** True for the one caller that inserted the slot. */
  claim(row: NewFire): Promise<boolean>;
  /** Those of the rows, all without a job, that nobody had: their slots. */
  claimAll(rows: readonly NewFire[]): Promise<string[]>;
  attachJob(schedule: string, slot: string, jobId: string): Promise<void>;
  /** By the slot's instant, newest first. `slot` is the beginning of one. */
  list(filter: {
    schedule?: string | undefined;
    slot?: string | undefined;
    outcome?: FireOutcome | undefined;
    limit: number;
  }): Promise<FireRecord[]>;
  /** The newest instant of a slot that is settled; a fire by hand says nothing about the slots before it. */
  newestSlotMs(schedule: string): Promise<number | null>;
  /** The slots in (fromMs, toMs] that have a row. */
  slotsBetween(schedule: string, fromMs: number, toMs: number): Promise<string[]>;
}
