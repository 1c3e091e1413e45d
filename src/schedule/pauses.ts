import type { SchedulePauseRow } from '#kit';

/** When a pause ended or will end; infinite while nobody has resumed the schedule. */
export function pauseEndMs({ untilMs, resumedAtMs }: SchedulePauseRow): number {
  return Math.min(untilMs ?? Number.POSITIVE_INFINITY, resumedAtMs ?? Number.POSITIVE_INFINITY);
}

/** The pause that holds at an instant: from its first millisecond on, and no more at its end. */
export function pauseAt(pauses: readonly SchedulePauseRow[], atMs: number): SchedulePauseRow | null {
  return pauses.find((pause) => pause.sinceMs <= atMs && atMs < pauseEndMs(pause)) ?? null;
}

/** `paused by ops on 2026-11-23T08:00Z: the source is being moved`. */
export function describePause({ pausedBy, sinceMs, reason }: SchedulePauseRow): string {
  return `paused by ${pausedBy} on ${minute(sinceMs)}${reason === null ? '' : `: ${reason}`}`;
}

/** An instant to the minute, `2026-11-23T08:00Z`. */
export const minute = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16)}Z`;
