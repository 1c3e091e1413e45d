import { formatDurationMs, OutturnError, type PullWindow } from '#kit';

/** More chunks than this are a slip of the keyboard, and would make a list that nobody reads. */
export const MOST_CHUNKS = 10_000;

export interface SplitInput {
  fromMs: number;
  toMs: number;
  chunkMs: number;
  /** Distance between two samples; 0 where there is none. */
  intervalMs: number;
  /** False: the source gives all it has whatever is asked, so that one chunk is enough. */
  isWindowed: boolean;
  nowMs: number;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();

/**
 * Half-open windows that touch and together are the one asked for, widened to whole intervals (counted from 1970 UTC, as the
 * sources count them) and cut off at now: so each sample lies in exactly one of them. Throws `usage`.
 */
export function splitWindow(input: SplitInput): PullWindow[] {
  const { intervalMs, nowMs } = input;
  const unitMs = Math.max(intervalMs, 1);
  const floor = (ms: number): number => Math.floor(ms / unitMs) * unitMs;
  if (input.fromMs >= input.toMs)
    throw new OutturnError('usage', `The window from ${iso(input.fromMs)} to ${iso(input.toMs)} is empty.`, {
      hint: 'Its end is excluded: give the day after the last one.',
    });
  if (input.fromMs >= nowMs)
    throw new OutturnError('usage', `The window begins at ${iso(input.fromMs)}, which is to come.`, {
      hint: 'A backfill reads what has happened.',
    });
  const fromMs = floor(input.fromMs);
  const toMs = Math.min(floor(input.toMs + unitMs - 1), floor(nowMs));
  if (fromMs >= toMs)
    throw new OutturnError('usage', 'No interval of this stream has ended in that window.', {
      hint: `Its samples lie ${formatDurationMs(intervalMs)} apart: widen the window, or wait.`,
    });
  if (!input.isWindowed) return [{ fromMs, toMs }];
  const chunkMs = floor(input.chunkMs);
  if (chunkMs < unitMs)
    throw new OutturnError(
      'usage',
      `A chunk of ${formatDurationMs(input.chunkMs)} is shorter than the distance of two samples, ${formatDurationMs(intervalMs)}.`,
      { hint: 'Give longer chunks.' },
    );
  const count = Math.ceil((toMs - fromMs) / chunkMs);
  if (count > MOST_CHUNKS)
    throw new OutturnError('usage', `That would be ${count} chunks; a backfill has ${MOST_CHUNKS} at most.`, {
      hint: `Give longer chunks: ${formatDurationMs(Math.ceil((toMs - fromMs) / MOST_CHUNKS / 86_400_000) * 86_400_000)} or more.`,
    });
  return Array.from({ length: count }, (_, n) => ({
    fromMs: fromMs + n * chunkMs,
    toMs: Math.min(fromMs + (n + 1) * chunkMs, toMs),
  }));
}
