import type { Measurement } from '#domain';
import {
  asRecord,
  LeftOut,
  type ParsedPage,
  PermanentError,
  type PushedSeries,
  type PushOptions,
  unitConversion,
} from '#kit';

/** Prometheus' own rule: a value counts for five minutes. */
const STALE_AFTER_MS = 300_000;

/** Time in ms and value; null is a stale marker. */
type Sample = readonly [atMs: number, value: number | null];
interface StepSeries {
  labels: Record<string, string>;
  /** The newest sample before the step, be it a marker. */
  before: Sample | null;
  /** The newest one with a value. */
  beforeValue: Sample | null;
  /** Those of the step, in order. */
  samples: Sample[];
}

/**
 * The samples of one step as measurements. A step is (from, to]: what a scrape at its very end counted had happened in it.
 * Throws `source/bad-shape` for a page that is no such step.
 */
export function parseStep(
  body: string,
  meta: Readonly<Record<string, unknown>>,
  stream: PushedSeries,
  { replicaLabels }: Pick<PushOptions, 'replicaLabels'>,
): ParsedPage {
  const { fromMs, toMs } = meta;
  if (typeof fromMs !== 'number' || typeof toMs !== 'number' || !(fromMs < toMs))
    throw new PermanentError('source/bad-shape', 'the page does not say which step it is of');
  const convert = unitConversion(stream.sourceUnit ?? stream.unit, stream.unit);
  if (convert === null)
    throw new PermanentError('source/unit-mismatch', `${stream.sourceUnit} cannot be converted to ${stream.unit}`);
  const leftOut = new LeftOut({ one: 'series', many: 'series' });
  const warnings: string[] = [];
  const groups = new Map<string, { labels: Record<string, string>; values: number[] }>();
  for (const series of oneReplica(readSeries(body), replicaLabels)) {
    const value = valueOf(series, stream.as, { fromMs, toMs }, leftOut, warnings);
    if (value === null) continue;
    const kept = stream.labels.flatMap((name): [string, string][] => {
      const label = series.labels[name];
      return label === undefined || label === '' ? [] : [[name, label]];
    });
    const key = JSON.stringify(kept);
    const group = groups.get(key) ?? { labels: Object.fromEntries(kept), values: [] };
    group.values.push(value);
    groups.set(key, group);
  }
  const isLevel = stream.as === 'level';
  const measurements = [...groups.values()].flatMap(({ labels, values }): Measurement[] => {
    const value = convert(combine(values, stream.combine));
    if (!Number.isFinite(value)) {
      leftOut.add('together they are larger than any number', JSON.stringify(labels));
      return [];
    }
    return [
      {
        labels,
        unit: stream.unit,
        atMs: isLevel ? toMs : fromMs,
        durationMs: isLevel ? 0 : toMs - fromMs,
        value,
        status: 'final',
      },
    ];
  });
  return { measurements, costs: [], warnings: [...warnings, ...leftOut.warnings()] };
}

function readSeries(body: string): StepSeries[] {
  return body.split('\n').flatMap((line, index): StepSeries[] => {
    if (line === '') return [];
    const bad = (): PermanentError =>
      new PermanentError('source/bad-shape', `line ${index + 1} is no series with samples`, {
        hint: 'The archived page of a step was changed or is not whole.',
      });
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw bad();
    }
    const record = asRecord(value);
    const labels = asRecord(record?.['labels']);
    const samples = record?.['samples'];
    const [before, beforeValue] = [record?.['before'] ?? null, record?.['beforeValue'] ?? null];
    if (labels === null || !Object.values(labels).every((label) => typeof label === 'string')) throw bad();
    if (!Array.isArray(samples) || !samples.every(isSample)) throw bad();
    if (!(before === null || isSample(before)) || !(beforeValue === null || isSample(beforeValue))) throw bad();
    return [{ labels: labels as Record<string, string>, before, beforeValue, samples }];
  });
}

const isSample = (value: unknown): value is Sample =>
  Array.isArray(value) &&
  value.length === 2 &&
  Number.isSafeInteger(value[0]) &&
  (value[1] === null || (typeof value[1] === 'number' && Number.isFinite(value[1])));

/**
 * Replicas watch the same thing with clocks and moments of their own: their samples must not be mixed, or each difference of
 * their clocks would look like a restart of a counter. The one that saw most of the step counts.
 */
function oneReplica(all: readonly StepSeries[], replicaLabels: readonly string[]): StepSeries[] {
  const chosen = new Map<string, { series: StepSeries; replica: string }>();
  for (const series of all) {
    const entries = Object.entries(series.labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const isReplica = ([name]: readonly [string, string]): boolean => replicaLabels.includes(name);
    const key = JSON.stringify(entries.filter((entry) => !isReplica(entry)));
    const replica = JSON.stringify(entries.filter(isReplica));
    const other = chosen.get(key);
    const more = series.samples.length - (other?.series.samples.length ?? -1);
    if (other === undefined || more > 0 || (more === 0 && replica < other.replica))
      chosen.set(key, { series, replica });
  }
  return [...chosen.values()].map(({ series }) => series);
}

function valueOf(
  series: StepSeries,
  as: PushedSeries['as'],
  step: { fromMs: number; toMs: number },
  leftOut: LeftOut,
  warnings: string[],
): number | null {
  if (as === 'increase') return increaseOf(series, step, leftOut, warnings);
  if (as === 'level') {
    const [atMs, value] = series.samples.at(-1) ?? series.before ?? [0, null];
    return value === null || step.toMs - atMs > STALE_AFTER_MS ? null : value;
  }
  const values = series.samples.flatMap(([, value]) => (value === null ? [] : [value]));
  return values.length === 0 ? null : combine(values, as);
}

/**
 * What the counter grew by, sample to sample; where it fell it had begun again at zero. Nothing is extrapolated, so the steps
 * together are exactly what the counter counted while it was watched.
 */
function increaseOf(
  { labels, beforeValue, samples }: StepSeries,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  leftOut: LeftOut,
  warnings: string[],
): number | null {
  const name = JSON.stringify(labels);
  const counted = samples.flatMap(([atMs, value]) => (value === null ? [] : [{ atMs, value }]));
  if (counted.length === 0) return null;
  if (counted.some(({ value }) => value < 0)) return leftOut.add('a counter is never negative', name);
  let last = beforeValue?.[1] ?? null;
  if (last === null && counted.length === 1)
    return leftOut.add('it is the first sample of a counter, there is nothing to count from', name);
  if (beforeValue !== null && beforeValue[0] < fromMs - (toMs - fromMs))
    warnings.push(
      `${name} was silent from ${new Date(beforeValue[0]).toISOString()} on: what it counted meanwhile stands in this step`,
    );
  let increase = 0;
  for (const { value } of counted) {
    if (last !== null) increase += value >= last ? value - last : value;
    last = value;
  }
  return increase;
}

function combine(values: readonly number[], how: 'sum' | 'average' | 'maximum' | 'minimum'): number {
  switch (how) {
    case 'sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'average':
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    case 'maximum':
      return values.reduce((most, value) => Math.max(most, value));
    case 'minimum':
      return values.reduce((least, value) => Math.min(least, value));
  }
}
