import { OutturnError, PermanentError, type PullWindow, type StreamConfig } from '#kit';

/** A pull without a watermark whose `since` lies so near that the window would be empty still asks for this much. */
const SHORTEST_WINDOW_MS = 60_000;

export interface PlanInput {
  stream: Pick<StreamConfig, 'id' | 'sinceMs' | 'lookbackMs' | 'finalAfterMs'>;
  /** Distance between two samples, 0 where there is none. */
  intervalMs: number;
  watermarkMs: number | null;
  /** What a person asked for; null: what is due. */
  fromMs: number | null;
  toMs: number | null;
  nowMs: number;
}
export interface PullPlan {
  window: PullWindow;
  /** Where the watermark may stand after success; null: this pull must not move it. */
  advanceToMs: number | null;
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

/** Where the live pulls of a stream begin. */
export const sinceOf = ({ sinceMs }: Pick<StreamConfig, 'sinceMs'>, nowMs: number): number =>
  sinceMs.kind === 'ago' ? nowMs - sinceMs.durationMs : sinceMs.atMs;

/**
 * The window of one pull. Due: from the watermark less the lookback (at least so far back that provisional samples are
 * seen once more as final ones), or from `since`, to now. Given by hand: as given, at most to now; it moves the
 * watermark only when it leaves no gap behind, never backwards.
 * Throws PermanentError `usage` when a window given by hand is empty, `config/invalid-value` when `since` is to come.
 */
export function planPull(input: PlanInput): PullPlan {
  const { stream, intervalMs, watermarkMs, nowMs } = input;
  const sinceMs = sinceOf(stream, nowMs);
  const toMs = Math.min(input.toMs ?? nowMs, nowMs);
  const byHand = input.fromMs !== null || input.toMs !== null;

  if (!byHand) {
    if (watermarkMs === null && sinceMs > nowMs)
      throw new PermanentError(
        'config/invalid-value',
        `stream ${stream.id}: since is ${iso(sinceMs)}, which is to come`,
        {
          hint: 'Write a date in the past, or a duration before now such as 180d.',
        },
      );
    // A clock that went back leaves the watermark in the future: read again rather than nothing.
    const reachedMs = watermarkMs === null ? null : Math.min(watermarkMs, toMs);
    const againMs = Math.max(stream.lookbackMs, stream.finalAfterMs + intervalMs);
    // A date before which nothing is wanted holds for the lookback of a pull that was broken off soon after it, too.
    const earliestMs =
      stream.sinceMs.kind === 'instant' ? Math.min(sinceMs, reachedMs ?? sinceMs) : Number.NEGATIVE_INFINITY;
    const fromMs = reachedMs === null ? sinceMs : Math.max(reachedMs - againMs, earliestMs);
    const shortestMs = Math.max(intervalMs, SHORTEST_WINDOW_MS);
    return { window: { fromMs: Math.min(fromMs, toMs - shortestMs), toMs }, advanceToMs: toMs };
  }

  const fromMs = input.fromMs ?? Math.min(sinceMs, watermarkMs ?? sinceMs);
  if (fromMs >= toMs)
    throw new PermanentError('usage', `the window from ${iso(fromMs)} to ${iso(toMs)} is empty`, {
      hint: input.toMs !== null && input.toMs > nowMs ? 'A window ends now at the latest.' : 'from must be before to.',
    });
  const joins = fromMs <= (watermarkMs ?? sinceMs);
  const moves = watermarkMs === null || toMs > watermarkMs;
  return { window: { fromMs, toMs }, advanceToMs: joins && moves ? toMs : null };
}

/** A chunk is read exactly as it was planned, whatever the time is now, and never moves the watermark. */
export function planBackfillChunk({ fromMs, toMs }: { fromMs: number | null; toMs: number | null }): PullPlan {
  if (fromMs === null || toMs === null) throw new OutturnError('internal', 'a chunk of a backfill has both its ends');
  return { window: { fromMs, toMs }, advanceToMs: null };
}

/** Points that a complete window has for one series; null where the source has no cadence. */
export function expectedPoints(window: PullWindow, intervalMs: number): number | null {
  if (intervalMs <= 0) return null;
  return Math.max(0, Math.floor((window.toMs - window.fromMs) / intervalMs));
}
