import type { StoredSample } from '../types.ts';
import { canonicalHash } from '../value/canonical.ts';

/**
 * SHA-256 over what samples say, in whatever order they were read and whichever database they lie in; empty for none.
 * Each comes with the part that it plays: one series may be a metric's source and another one's control.
 */
export function evidenceHash(samples: readonly { role: string; sample: StoredSample }[]): string {
  if (samples.length === 0) return '';
  return canonicalHash(
    [...samples]
      .sort(
        ({ role: a, sample: one }, { role: b, sample: other }) =>
          compare(a, b) || compare(one.seriesKey, other.seriesKey) || one.atMs - other.atMs,
      )
      .map(({ role, sample: { seriesKey, atMs, durationMs, value, numerator, denominator, status, revision } }) => [
        role,
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

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
