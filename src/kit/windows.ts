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
