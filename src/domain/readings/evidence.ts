import type { StoredSample } from '../types.ts';
import { canonicalHash } from '../value/canonical.ts';

/** SHA-256 over what samples say, in whatever order they were read; empty for none. */
export function evidenceHash(samples: readonly StoredSample[]): string {
  if (samples.length === 0) return '';
  return canonicalHash(
    [...samples]
      .sort((a, b) => (a.seriesKey === b.seriesKey ? a.atMs - b.atMs : a.seriesKey < b.seriesKey ? -1 : 1))
      .map(({ seriesKey, atMs, durationMs, value, numerator, denominator, status, revision }) => [
        seriesKey,
        atMs,
        durationMs,
        value,
        numerator,
        denominator,
        status,
        revision,
      ]),
  );
}
