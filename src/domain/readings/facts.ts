import type { StoredSample } from '../types.ts';

/**
 * So many samples at a series' beginning tell its usual interval. Not all of them: what a source does later must not give
 * another meaning to what it said long ago, and a period can be read again without reading everything.
 */
export const INTERVAL_SAMPLES = 200;

/** What reading a period must know of a series besides the samples near that period. */
export interface SeriesFacts {
  key: string;
  /** Usual length of a spell; null where the samples do not tell. */
  intervalMs: number | null;
  /** When its first sample that is evidence begins. */
  firstMs: number;
  /** A change of a sample past it leaves all this as it is; null: any change may matter, there are too few samples yet. */
  settledMs: number | null;
}

/** What a metric's series come to, whatever period is read. */
export interface MetricFacts {
  source: SeriesFacts[];
  denominator: SeriesFacts[];
  exposure: SeriesFacts[];
  control: SeriesFacts[];
  /** Ratio with a denominator of its own: the first time at which both sides have a sample. */
  joinedFirstMs: number | null;
}

/** Neither an estimate nor one that is known to be missing. */
export const isEvidence = (sample: StoredSample): boolean =>
  (sample.value !== null || sample.numerator !== null) &&
  (sample.status === 'final' || sample.status === 'provisional');

/**
 * Facts of a series from its samples in order, or from as many at its beginning as `INTERVAL_SAMPLES` and the first that
 * is evidence. Null: it has no evidence. The usual interval is the declared one, else the commonest covered length, else
 * the commonest distance; the shorter of equals.
 */
export function seriesFacts(
  key: string,
  samples: readonly StoredSample[],
  declaredMs: number | null,
): SeriesFacts | null {
  const first = samples.find(isEvidence);
  if (first === undefined) return null;
  const head = samples.slice(0, INTERVAL_SAMPLES);
  const last = head.length === INTERVAL_SAMPLES ? head.at(-1) : undefined;
  return {
    key,
    intervalMs: declaredMs ?? usualInterval(head),
    firstMs: first.atMs,
    settledMs: last === undefined ? null : Math.max(last.atMs, first.atMs),
  };
}

function usualInterval(samples: readonly StoredSample[]): number | null {
  const lengths = samples.map(({ durationMs }) => durationMs).filter((length) => length > 0);
  const distances = samples.slice(1).map(({ atMs }, index) => atMs - (samples[index]?.atMs ?? 0));
  return commonest(lengths) ?? commonest(distances.filter((distance) => distance > 0));
}

function commonest(values: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ordered = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  return ordered[0]?.[0] ?? null;
}
