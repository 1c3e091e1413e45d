import type { MetricReadings, MetricSamples, SampleSet } from '../domain/index.ts';
import {
  addDays,
  type CostLine,
  evidenceRange,
  type LocalDate,
  type Project,
  type RoiInput,
  readMetric,
  type SeriesSource,
} from '../domain/index.ts';
import type { Config } from './config.ts';
import type { Registry } from './ports.ts';
import type { Repositories } from './store/index.ts';

/** Distance between two samples of a source as its connector kind declares it; null where it does not. */
function declaredIntervalMs(config: Config, registry: Registry, source: SeriesSource): number | null {
  const connector = config.connectors.find(({ id }) => id === source.connector);
  const stream = connector?.streams.find(({ id }) => id === source.stream);
  const kind = connector && registry.connectorKind(connector.kind);
  return (stream && kind?.timing(stream.options).intervalMs) || null;
}

/**
 * Reads all that a project's figures as of a date rest on. Inside the recompute's transaction, which sees one instant:
 * what a pull writes meanwhile is the next recompute's matter.
 */
export async function loadRoiInput(
  ports: { config: Config; registry: Registry },
  repositories: Pick<Repositories, 'measurements' | 'costs' | 'watermarks'>,
  project: Project,
  { asOf, today, knownAtMs }: { asOf: LocalDate; today: LocalDate; knownAtMs?: number | undefined },
): Promise<RoiInput> {
  const metrics: MetricReadings[] = [];
  for (const metric of project.metrics) {
    const range = evidenceRange(project, metric, asOf);
    const read = async (source: SeriesSource | null): Promise<SampleSet | null> =>
      source && {
        samples: await repositories.measurements.read(source, { ...range, knownAtMs }),
        intervalMs: declaredIntervalMs(ports.config, ports.registry, source),
      };
    const samples: MetricSamples = {
      metricId: metric.id,
      source: (await read(metric.source)) ?? { samples: [], intervalMs: null },
      denominator: await read(metric.denominator),
      exposure: await read(metric.exposure?.kind === 'series' ? metric.exposure.source : null),
      control: await read(metric.counterfactual.kind === 'control' ? metric.counterfactual.source : null),
      frozen: null,
    };
    metrics.push(readMetric(project, metric, samples, asOf));
  }
  const costs: CostLine[] = [];
  const unreadCostSources: { connector: string; stream: string }[] = [];
  for (const source of project.costSources) {
    costs.push(...(await repositories.costs.read({ ...source, knownAtMs })));
    const { connector, stream } = source;
    if ((await repositories.watermarks.get(connector, stream)) === null) unreadCostSources.push({ connector, stream });
  }
  const closedBefore = asOf < today ? addDays(asOf, 1) : asOf;
  return {
    project,
    asOf,
    closedBefore,
    metrics,
    costs,
    unreadCostSources,
    fxRates: ports.config.fxRates,
    fxQuotes: [],
  };
}
