import {
  type DeclaredIntervals,
  evidenceRange,
  frozenUntilMs,
  type LocalDate,
  type MetricSamples,
  type Project,
  type SampleSet,
  type SeriesSource,
  startOfDayMs,
  type ValueMetric,
} from '../domain/index.ts';
import type { Config } from './config.ts';
import type { Registry } from './ports.ts';
import type { DeclaredInterval, MeasurementRepository } from './store/index.ts';

export type SourceRole = keyof DeclaredIntervals;
export type MetricSources = Record<SourceRole, SeriesSource | null>;
const sourceRoles = ['source', 'denominator', 'exposure', 'control'] as const satisfies SourceRole[];

/** Every series that a metric is read from, by the part that it plays. */
export function sourcesOf({ source, denominator, exposure, counterfactual }: ValueMetric): MetricSources {
  return {
    source,
    denominator,
    exposure: exposure?.kind === 'series' ? exposure.source : null,
    control: counterfactual.kind === 'control' ? counterfactual.source : null,
  };
}

/**
 * Distance between two samples of each source: as it was written down with the project's definition, else as its connector
 * kind declares it now; null where neither does.
 */
export function declaredIntervals(
  { config, registry }: { config: Config; registry: Registry },
  metric: ValueMetric,
  recorded: readonly DeclaredInterval[] = [],
): DeclaredIntervals {
  const intervalOf = (source: SeriesSource | null): number | null => {
    if (recorded.length > 0)
      return (
        recorded.find(({ connector, stream }) => connector === source?.connector && stream === source.stream)
          ?.intervalMs || null
      );
    const connector = config.connectors.find(({ id }) => id === source?.connector);
    const stream = connector?.streams.find(({ id }) => id === source?.stream);
    const kind = connector && registry.connectorKind(connector.kind);
    return (stream && kind?.timing(stream.options).intervalMs) || null;
  };
  const { source, denominator, exposure, control } = sourcesOf(metric);
  return {
    source: intervalOf(source),
    denominator: intervalOf(denominator),
    exposure: intervalOf(exposure),
    control: intervalOf(control),
  };
}

type Read = (source: SeriesSource) => ReturnType<MeasurementRepository['read']>;

async function readSets(
  metric: ValueMetric,
  intervals: DeclaredIntervals,
  read: Read,
): Promise<Omit<MetricSamples, 'metricId' | 'frozen'>> {
  const sources = sourcesOf(metric);
  const setOf = async (role: SourceRole): Promise<SampleSet | null> => {
    const source = sources[role];
    return source && { samples: await read(source), intervalMs: intervals[role] };
  };
  return {
    source: (await setOf('source')) ?? { samples: [], intervalMs: null },
    denominator: await setOf('denominator'),
    exposure: await setOf('exposure'),
    control: await setOf('control'),
  };
}

interface Scope {
  project: Project;
  metric: ValueMetric;
  intervals: DeclaredIntervals;
  asOf: LocalDate;
  /** Only what was recorded by then; absent: all. */
  knownAtMs?: number | undefined;
}

/** All samples that a metric's readings as of a date rest on. */
export async function loadMetricSamples(
  measurements: Pick<MeasurementRepository, 'read'>,
  { project, metric, intervals, asOf, knownAtMs }: Scope,
): Promise<MetricSamples> {
  const range = evidenceRange(project, metric, asOf);
  const sets = await readSets(metric, intervals, (source) => measurements.read(source, { ...range, knownAtMs }));
  const frozen = await loadFrozenSamples(measurements, { project, metric, intervals, asOf, knownAtMs });
  return { metricId: metric.id, ...sets, frozen };
}

/** Those of a baseline's window as they were known when it was frozen; null: it is not frozen. */
export async function loadFrozenSamples(
  measurements: Pick<MeasurementRepository, 'read'>,
  { project, metric, intervals, asOf, knownAtMs }: Scope,
): Promise<MetricSamples['frozen']> {
  const untilMs = frozenUntilMs(project, metric);
  if (untilMs === null || metric.baseline?.kind !== 'window') return null;
  const { fromMs, toMs } = evidenceRange(project, metric, asOf);
  const range = {
    fromMs,
    toMs: Math.min(toMs, startOfDayMs(metric.baseline.to, project.timeZone)),
    // What was recorded at the next day's first instant was not known at this one's end.
    knownAtMs: Math.min(knownAtMs ?? Infinity, untilMs - 1),
  };
  const { source, denominator, control } = await readSets({ ...metric, exposure: null }, intervals, (one) =>
    measurements.read(one, range),
  );
  return { source, denominator, control };
}

/** Those near some windows of time: for reading single periods. */
export async function loadWindows(
  measurements: Pick<MeasurementRepository, 'readWindows'>,
  { project, metric, intervals, asOf }: Scope,
  windows: readonly { fromMs: number; toMs: number }[],
): Promise<MetricSamples> {
  const range = evidenceRange(project, metric, asOf);
  const sets = await readSets(metric, intervals, (source) => measurements.readWindows(source, windows, range));
  return { metricId: metric.id, ...sets, frozen: null };
}
