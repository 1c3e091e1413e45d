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
  firedAtMs: number;
}
export interface FireRepository {
  /** True for the one caller that inserted the slot. */
  claim(row: Omit<FireRow, 'firedAtMs' | 'jobId'>): Promise<boolean>;
  attachJob(schedule: string, slot: string, jobId: string): Promise<void>;
  list(filter: { schedule?: string | undefined; limit: number }): Promise<FireRow[]>;
}
