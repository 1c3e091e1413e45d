import { createHash } from 'node:crypto';

/**
 * By how much the job of a slot is put off: in [0, maxMs), spread evenly over slots and schedules. The same on every
 * instance and after every restart, for it is drawn from the names alone.
 */
export function slotDelayMs(schedule: string, slotKey: string, maxMs: number): number {
  if (!(maxMs > 0)) return 0;
  const digest = createHash('sha256').update(`${schedule}\n${slotKey}`).digest();
  return Math.floor((digest.readUIntBE(0, 6) / 2 ** 48) * maxMs);
}
