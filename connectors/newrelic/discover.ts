import { asRecord, type CatalogEntry, type ConnectorContext, PermanentError } from '#kit';
import { containerOf, runNrql } from './nerdgraph.ts';
import type { NewRelicOptions } from './options.ts';
import { unitOfMetric } from './unit-of-metric.ts';

const MOST_ENTRIES = 5000;

/** Event types and metrics of the last day, each as a stream to start from. */
export async function discoverData(ctx: ConnectorContext<NewRelicOptions>): Promise<CatalogEntry[]> {
  const events = (await rows(ctx, 'SHOW EVENT TYPES SINCE 1 day ago'))
    .map((row) => row['eventType'])
    .filter((name): name is string => typeof name === 'string' && name !== 'Metric')
    .sort();
  const [names] = await rows(ctx, 'SELECT uniques(metricName, 10000) AS names FROM Metric SINCE 1 day ago');
  const units = await metricUnits(ctx);
  const listed = names?.['names'];
  const metrics = (Array.isArray(listed) ? listed : [])
    .filter((name): name is string => typeof name === 'string')
    .sort();
  return [
    ...events.map((name): CatalogEntry => {
      const nrql = `SELECT count(*) FROM ${quoted(name)}`;
      return { id: name, title: 'Events', unit: null, stream: { nrql, step: '1h', unit: 'events' } };
    }),
    ...metrics.map((name): CatalogEntry => {
      const unit = units.get(name) ?? null;
      const nrql = `SELECT average(${quoted(name)}) FROM Metric`;
      return { id: name, title: 'Metric', unit, stream: { nrql, step: '1h', unit: unit ?? 'value' } };
    }),
  ].slice(0, MOST_ENTRIES);
}

async function metricUnits(ctx: ConnectorContext<NewRelicOptions>): Promise<Map<string, string>> {
  const nrql =
    'SELECT latest(unit) AS unit FROM Metric WHERE unit IS NOT NULL FACET metricName SINCE 1 day ago LIMIT MAX';
  const units = new Map<string, string>();
  for (const { facet, unit } of await rows(ctx, nrql))
    if (typeof facet === 'string' && typeof unit === 'string' && unit !== '') units.set(facet, unitOfMetric(unit));
  return units;
}

async function rows(ctx: ConnectorContext<NewRelicOptions>, nrql: string): Promise<Record<string, unknown>[]> {
  const { response } = await runNrql(ctx, 'discover', nrql);
  const results = containerOf(response.json())?.['results'];
  if (!Array.isArray(results))
    throw new PermanentError('source/bad-shape', 'discover: the answer has no results', {
      hint: 'Check that url leads to the API of New Relic, without /graphql at its end.',
    });
  return results.map((row: unknown) => asRecord(row) ?? {});
}

/** Names beyond letters, digits and `_` stand in backticks. */
const quoted = (name: string): string => (/^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``);
