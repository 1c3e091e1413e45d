import {
  baselinePeriods,
  countNotCombinable,
  type DeclaredIntervals,
  evidenceRange,
  INTERVAL_SAMPLES,
  isFrozenStale,
  type KeptReadings,
  type LocalDate,
  type MetricFacts,
  type MetricReadings,
  type PeriodReading,
  type Project,
  periodAt,
  readFrozenBaseline,
  readingsKey,
  readPeriods,
  readWholly,
  runsOf,
  type SeriesFacts,
  type StoredSample,
  seriesFacts,
  shownPeriods,
  stalePeriods,
  startOfDayMs,
  type ValueMetric,
} from '../domain/index.ts';
import { loadFrozenSamples, loadMetricSamples, loadWindows, type SourceRole, sourcesOf } from './metric-samples.ts';
import type { MeasurementRepository, ReadingRepository } from './store/index.ts';

export interface RefreshedReadings {
  readings: MetricReadings;
  /** Periods read out of their samples, and how many there are. */
  reread: number;
  total: number;
}
interface Scope {
  project: Project;
  metric: ValueMetric;
  intervals: DeclaredIntervals;
  asOf: LocalDate;
}

/**
 * A metric's readings as of today: those kept by the last recompute, with the periods read again that the `dirty` marks and
 * the days gone by since touch. `full` reads all of them. Gives what `readMetric` gives of all samples, byte for byte, and
 * keeps it; inside the transaction that took the marks.
 */
export async function refreshReadings(
  repositories: { measurements: MeasurementRepository; readings: ReadingRepository },
  scope: Scope,
  { dirty, full }: { dirty: readonly LocalDate[]; full: boolean },
): Promise<RefreshedReadings> {
  const { project, metric, intervals, asOf } = scope;
  const key = readingsKey(project, metric, intervals);
  const kept = full ? null : await repositories.readings.get(project.id, metric.id);
  const update = kept?.key === key ? await readStale(repositories.measurements, scope, kept, dirty) : null;
  const { next, changed } = update ?? { next: await readAll(repositories.measurements, scope, key), changed: null };
  await repositories.readings.put(project.id, metric.id, next, changed);
  const total = next.periods.length + next.frozen.length;
  return {
    readings: toReadings(project, metric, next, asOf),
    reread: changed === null ? total : changed.periods.size + (changed.frozen ? next.frozen.length : 0),
    total,
  };
}

async function readAll(measurements: MeasurementRepository, scope: Scope, key: string): Promise<KeptReadings> {
  const { project, metric, asOf } = scope;
  const samples = await loadMetricSamples(measurements, scope);
  const { readings, facts } = readWholly(project, metric, samples, asOf);
  const isFrozen = samples.frozen !== null;
  const byDate = new Map([...(isFrozen ? [] : readings.baseline), ...readings.periods].map((one) => [one.from, one]));
  const { newestSampleAtMs, overlapping } = readings;
  const periods = [...byDate.values()].sort(byFrom);
  return { key, asOf, facts, newestSampleAtMs, overlapping, periods, frozen: isFrozen ? readings.baseline : [] };
}

/** Null: all must be read. */
async function readStale(
  measurements: MeasurementRepository,
  scope: Scope,
  kept: KeptReadings,
  dirty: readonly LocalDate[],
): Promise<{ next: KeptReadings; changed: { periods: Set<string>; frozen: boolean } } | null> {
  const { project, metric, asOf } = scope;
  // Which of two that overlap counts depends on those before: one period alone cannot tell.
  if (kept.overlapping > 0) return null;
  const facts = await currentFacts(measurements, scope, kept, dirty);
  const stale = stalePeriods(project, metric, kept, facts, dirty, asOf);
  if (stale === null) return null;
  const samples = await loadWindows(measurements, scope, runsOf(stale, project.timeZone));
  const read = readPeriods(project, metric, samples, facts, stale, asOf);
  const isNewestGone = (read.newestSampleAtMs ?? Number.NEGATIVE_INFINITY) < (kept.newestSampleAtMs ?? 0);
  if (read.overlapping > 0 || isNewestGone) return null;
  const byDate = new Map([...kept.periods, ...read.periods].map((one) => [one.from, one]));
  const frozen = isFrozenStale(project, metric, kept, dirty, asOf) ? await readFrozen(measurements, scope) : null;
  return {
    next: {
      key: kept.key,
      asOf,
      facts,
      newestSampleAtMs: read.newestSampleAtMs,
      overlapping: 0,
      periods: [...byDate.values()].sort(byFrom),
      frozen: frozen ?? kept.frozen,
    },
    changed: { periods: new Set(stale.map(({ from }) => from)), frozen: frozen !== null },
  };
}

async function readFrozen(measurements: MeasurementRepository, scope: Scope): Promise<PeriodReading[]> {
  const samples = await loadFrozenSamples(measurements, scope);
  return samples === null ? [] : readFrozenBaseline(scope.project, scope.metric, samples, scope.asOf);
}

/** The kept facts, and those found anew of each series whose beginning may have changed since or was never seen. */
async function currentFacts(
  measurements: MeasurementRepository,
  scope: Scope,
  kept: KeptReadings,
  dirty: readonly LocalDate[],
): Promise<MetricFacts> {
  const { project, metric, intervals, asOf } = scope;
  const range = evidenceRange(project, metric, asOf);
  const changedFromMs = Math.min(
    ...dirty.map((date) => startOfDayMs(periodAt(date, metric.cadence).from, project.timeZone)),
  );
  const sources = sourcesOf(metric);
  const factsOf = async (role: SourceRole): Promise<SeriesFacts[]> => {
    const source = sources[role];
    if (source === null) return [];
    const known = new Map(kept.facts[role].map((fact) => [fact.key, fact]));
    const series = await measurements.series(source);
    const unsettled = series.filter(({ key }) => {
      const settledMs = known.get(key)?.settledMs ?? null;
      return settledMs === null || settledMs >= changedFromMs;
    });
    const heads = new Map<string, StoredSample[]>(unsettled.map(({ key }) => [key, []]));
    if (unsettled.length > 0)
      for (const sample of await measurements.readHeads(unsettled, range, INTERVAL_SAMPLES))
        heads.get(sample.seriesKey)?.push(sample);
    return series
      .flatMap(({ key }) => {
        const head = heads.get(key);
        return (head === undefined ? known.get(key) : seriesFacts(key, head, intervals[role])) ?? [];
      })
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  };
  return {
    source: await factsOf('source'),
    denominator: metric.kind === 'ratio' ? await factsOf('denominator') : [],
    exposure: await factsOf('exposure'),
    control: await factsOf('control'),
    joinedFirstMs: kept.facts.joinedFirstMs,
  };
}

function toReadings(project: Project, metric: ValueMetric, kept: KeptReadings, asOf: LocalDate): MetricReadings {
  const byDate = new Map(kept.periods.map((one) => [one.from, one]));
  const pick = ({ from }: { from: LocalDate }): PeriodReading[] => {
    const reading = byDate.get(from);
    return reading === undefined ? [] : [reading];
  };
  const periods = shownPeriods(project, metric, asOf).flatMap(pick);
  return {
    metricId: metric.id,
    periods,
    baseline: metric.baseline?.frozenOn == null ? baselinePeriods(metric).flatMap(pick) : kept.frozen,
    newestSampleAtMs: kept.newestSampleAtMs,
    notCombinable: countNotCombinable(periods),
    overlapping: kept.overlapping,
  };
}

const byFrom = (a: PeriodReading, b: PeriodReading): number => (a.from < b.from ? -1 : 1);
