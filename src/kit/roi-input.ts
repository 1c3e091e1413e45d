import {
  addDays,
  type CostLine,
  earlier,
  type LocalDate,
  type MetricReadings,
  type Project,
  type RoiInput,
  readMetric,
} from '../domain/index.ts';
import type { Config } from './config.ts';
import { loadFx } from './load-fx.ts';
import { declaredIntervals, loadMetricSamples } from './metric-samples.ts';
import type { Registry } from './ports.ts';
import { refreshReadings } from './refresh-readings.ts';
import type { DeclaredInterval, DirtyPeriod, Repositories } from './store/index.ts';

interface InputPorts {
  config: Config;
  registry: Registry;
}
/** A project as it is or was in force, with the intervals that its streams declared then; absent: as they declare now. */
export interface DefinedProject {
  project: Project;
  intervals?: readonly DeclaredInterval[] | undefined;
}

/**
 * Reads all that a project's figures as of a date rest on, as recorded by `knownAtMs` (absent: now). `today` is the
 * project's local date then. Within a transaction of one instant: what a pull writes meanwhile is the next recompute's matter.
 */
export async function loadRoiInput(
  ports: InputPorts,
  repositories: Pick<Repositories, 'measurements' | 'costs' | 'watermarks' | 'fx'>,
  { project, intervals }: DefinedProject,
  { asOf, today, knownAtMs }: { asOf: LocalDate; today: LocalDate; knownAtMs?: number | undefined },
): Promise<RoiInput> {
  const metrics: MetricReadings[] = [];
  for (const metric of project.metrics) {
    const scope = { project, metric, intervals: declaredIntervals(ports, metric, intervals), asOf, knownAtMs };
    metrics.push(readMetric(project, metric, await loadMetricSamples(repositories.measurements, scope), asOf));
  }
  return { ...(await loadRest(repositories, project, { asOf, today, knownAtMs })), metrics };
}

export interface CurrentInput {
  input: RoiInput;
  /** Periods read out of their samples; the others were kept by the last recompute. */
  reread: number;
  /** All periods of all metrics. */
  periods: number;
}

/**
 * The same as of today and as known now, from the readings that the last recompute kept: only the `dirty` periods and what
 * time has changed are read again; `full` reads all. Within the transaction that took the marks, one of one instant.
 */
export async function loadCurrentInput(
  ports: InputPorts,
  repositories: Pick<Repositories, 'measurements' | 'costs' | 'watermarks' | 'fx' | 'readings'>,
  { project, intervals }: DefinedProject,
  { today, dirty, full }: { today: LocalDate; dirty: readonly DirtyPeriod[]; full: boolean },
): Promise<CurrentInput> {
  const metrics: MetricReadings[] = [];
  let reread = 0;
  let periods = 0;
  for (const metric of project.metrics) {
    const marks = dirty.filter(({ metricId }) => metricId === metric.id).map(({ period }) => period);
    const scope = { project, metric, intervals: declaredIntervals(ports, metric, intervals), asOf: today };
    const refreshed = await refreshReadings(repositories, scope, { dirty: marks, full });
    metrics.push(refreshed.readings);
    reread += refreshed.reread;
    periods += refreshed.total;
  }
  await repositories.readings.dropOthers(
    project.id,
    project.metrics.map(({ id }) => id),
  );
  const rest = await loadRest(repositories, project, { asOf: today, today });
  return { input: { ...rest, metrics }, reread, periods };
}

async function loadRest(
  repositories: Pick<Repositories, 'costs' | 'watermarks' | 'fx'>,
  project: Project,
  { asOf, today, knownAtMs }: { asOf: LocalDate; today: LocalDate; knownAtMs?: number | undefined },
): Promise<Omit<RoiInput, 'metrics'>> {
  const costs: CostLine[] = [];
  const unreadCostSources: { connector: string; stream: string }[] = [];
  for (const source of project.costSources) {
    costs.push(...(await repositories.costs.read({ ...source, knownAtMs })));
    const { connector, stream } = source;
    const watermark = await repositories.watermarks.get(connector, stream);
    if (watermark === null || watermark.firstReadAtMs > (knownAtMs ?? Number.POSITIVE_INFINITY))
      unreadCostSources.push({ connector, stream });
  }
  const { fxRates, fxQuotes } = await loadFx(repositories, project, [...project.manualCosts, ...costs], {
    asOf,
    knownAtMs,
  });
  // A past date takes in its own day, as its costs do; the day of the computation itself is never over.
  const closedBefore = earlier(addDays(asOf, 1), today);
  return { project, asOf, closedBefore, costs, unreadCostSources, fxRates, fxQuotes };
}
