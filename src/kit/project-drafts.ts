import type { Project, SeriesSource, ValueMetric } from '../domain/types.ts';
import type { Config } from './config.ts';
import type { Registry } from './ports.ts';
import type { DeclaredInterval, ProjectDraft } from './store/index.ts';

/** Every series that a metric is computed from. */
function sourcesOf(metric: ValueMetric): SeriesSource[] {
  const { source, denominator, exposure, counterfactual } = metric;
  return [
    source,
    ...(denominator === null ? [] : [denominator]),
    ...(exposure?.kind === 'series' ? [exposure.source] : []),
    ...(counterfactual.kind === 'control' ? [counterfactual.source] : []),
  ];
}

/** Distance between two samples of each stream that the project reads, as its connector declares it now; by stream. */
export function declaredIntervals(
  { config, registry }: { config: Pick<Config, 'connectors'>; registry: Registry },
  project: Project,
): DeclaredInterval[] {
  const found = new Map<string, DeclaredInterval>();
  for (const { connector, stream } of project.metrics.flatMap(sourcesOf)) {
    const configured = config.connectors.find(({ id }) => id === connector);
    const options = configured?.streams.find(({ id }) => id === stream);
    const kind = configured && registry.connectorKind(configured.kind);
    const intervalMs = options && kind?.timing(options.options).intervalMs;
    if (intervalMs) found.set(`${connector} ${stream}`, { connector, stream, intervalMs });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, interval]) => interval);
}

/** The projects of the configuration as the store takes them. */
export function configuredProjects(parts: { config: Config; registry: Registry }): ProjectDraft[] {
  return parts.config.projects.map((project) => ({
    project,
    writtenPlans: parts.config.writtenPlans?.[project.id],
    intervals: declaredIntervals(parts, project),
  }));
}
