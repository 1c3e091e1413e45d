import {
  addDays,
  localDateAt,
  type Measurement,
  type Project,
  periodsTouching,
  type SeriesSource,
  startOfDayMs,
  type ValueMetric,
} from '#domain';
import { type ChangedSample, type DirtyPeriod, PermanentError, sourcesOf } from '#kit';

interface StreamName {
  connector: string;
  stream: string;
}

function reads(source: SeriesSource, { connector, stream }: StreamName, labels: Readonly<Record<string, string>>) {
  if (source.connector !== connector || source.stream !== stream) return false;
  return Object.entries(source.labels).every(([name, value]) => labels[name] === value);
}

/** Whether a metric of any project is made of samples of the stream. */
export function isRead(projects: readonly Project[], { connector, stream }: StreamName): boolean {
  return projects.some(({ metrics }) =>
    metrics.some((metric) =>
      Object.values(sourcesOf(metric)).some((source) => source?.connector === connector && source.stream === stream),
    ),
  );
}

/** Projects that count costs of these references of the stream. */
export function projectsOfCosts(
  projects: readonly Project[],
  { connector, stream }: StreamName,
  projectRefs: Iterable<string>,
): string[] {
  const changed = new Set(projectRefs);
  return projects
    .filter((project) =>
      project.costSources.some(
        (source) => source.connector === connector && source.stream === stream && changed.has(source.projectRef),
      ),
    )
    .map((project) => project.id);
}

/**
 * The local periods of each metric whose figures the changed samples touch. A sample counts from its time to the end of
 * what it covers, or covered before it was corrected.
 */
export function dirtyPeriods(
  projects: readonly Project[],
  name: StreamName,
  changed: readonly ChangedSample[],
): DirtyPeriod[] {
  const dirty = new Map<string, DirtyPeriod>();
  for (const project of projects)
    for (const metric of project.metrics) {
      const sources = Object.values(sourcesOf(metric)).filter((source) => source !== null);
      // Samples come in order and share their periods: the calendar is asked once for each period, not for each sample.
      let known = { fromMs: 0, toMs: 0 };
      for (const sample of changed) {
        if (!sources.some((source) => reads(source, name, sample.labels))) continue;
        const lastMs = sample.atMs + Math.max(sample.durationMs - 1, 0);
        if (sample.atMs >= known.fromMs && lastMs < known.toMs) continue;
        const { timeZone } = project;
        const end = addDays(localDateAt(lastMs, timeZone), 1);
        const periods = periodsTouching(localDateAt(sample.atMs, timeZone), end, metric.cadence);
        for (const { from: period } of periods) {
          const row = { projectId: project.id, metricId: metric.id, period };
          dirty.set(`${row.projectId} ${row.metricId} ${row.period}`, row);
        }
        const [first, last] = [periods[0], periods.at(-1)];
        if (first !== undefined && last !== undefined)
          known = { fromMs: startOfDayMs(first.from, timeZone), toMs: startOfDayMs(last.to, timeZone) };
      }
    }
  return [...dirty.values()];
}

/**
 * A metric that is valued in hours must not be fed with minutes. Ratios are exempt: their parts have units of their own.
 * Throws PermanentError `source/unit-mismatch` naming metric, project and both units.
 */
export function requireSameUnits(
  projects: readonly Project[],
  name: StreamName,
  samples: readonly Pick<Measurement, 'labels' | 'unit'>[],
): void {
  const units = new Map<string, Pick<Measurement, 'labels' | 'unit'>[]>();
  for (const sample of samples) {
    const list = units.get(sample.unit);
    if (list === undefined) units.set(sample.unit, [sample]);
    else list.push(sample);
  }
  for (const project of projects)
    for (const metric of project.metrics) {
      if (metric.kind === 'ratio') continue;
      for (const [unit, list] of units) {
        if (unit === metric.unit || !list.some((sample) => reads(metric.source, name, sample.labels))) continue;
        throw new PermanentError(
          'source/unit-mismatch',
          `stream ${name.connector}/${name.stream} gives ${unit}, but metric ${metric.id} of project ${project.id} is declared in ${metric.unit}`,
          { hint: `Write the same unit in both, or convert it in the stream. Nothing was stored.` },
        );
      }
    }
}
