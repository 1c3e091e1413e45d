import { formatDurationMs } from '#kit';

/** In words, to the minute from two minutes on, else to the second. */
export function coarseDuration(ms: number): string {
  const unitMs = ms >= 120_000 ? 60_000 : 1_000;
  return formatDurationMs(Math.max(1_000, Math.round(ms / unitMs) * unitMs));
}
