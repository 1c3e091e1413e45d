import type { PullWindow } from './connector.ts';

/**
 * A window in half-open pieces of at most `pieceMs`, in order; they touch and share no instant. With `alignMs` every inner
 * border is a whole multiple of it since 1970-01-01 UTC.
 */
export function* splitWindow(window: PullWindow, pieceMs: number, alignMs = 1): Generator<PullWindow> {
  for (let fromMs = window.fromMs; fromMs < window.toMs; ) {
    const aligned = Math.floor((fromMs + pieceMs) / alignMs) * alignMs;
    const toMs = Math.min(aligned > fromMs ? aligned : fromMs + pieceMs, window.toMs);
    yield { fromMs, toMs };
    fromMs = toMs;
  }
}

/**
 * The whole steps that end within a window. Of two windows that touch exactly one has each step, and one under way is in
 * none; on whole multiples of the step, or reruns would cut the first and the last one.
 */
export function wholeSteps({ fromMs, toMs }: PullWindow, stepMs: number): PullWindow {
  return { fromMs: floorTo(fromMs, stepMs), toMs: floorTo(toMs, stepMs) };
}

/** How many pieces of `pieceMs` a window takes. */
export function countPieces({ fromMs, toMs }: PullWindow, pieceMs: number): number {
  return Math.max(0, Math.ceil((toMs - fromMs) / pieceMs));
}

/** The last whole multiple of `stepMs` since 1970-01-01 UTC that is not after the instant. */
export function floorTo(atMs: number, stepMs: number): number {
  return Math.floor(atMs / stepMs) * stepMs;
}

/** Points at fixed steps; both belong to it. `lastMs` before `firstMs`: there is none. */
export interface PointRange {
  firstMs: number;
  lastMs: number;
}

/** A range in parts of at most `points` points, in order, that share none. */
export function* splitPoints({ firstMs, lastMs }: PointRange, stepMs: number, points: number): Generator<PointRange> {
  for (let startMs = firstMs; startMs <= lastMs; startMs += points * stepMs)
    yield { firstMs: startMs, lastMs: Math.min(startMs + (points - 1) * stepMs, lastMs) };
}

/** How many parts `splitPoints` gives, without walking through them. */
export function countPointParts({ firstMs, lastMs }: PointRange, stepMs: number, points: number): number {
  return lastMs < firstMs ? 0 : Math.floor((lastMs - firstMs) / (points * stepMs)) + 1;
}
