import { asRecord, type CatalogEntry, type ConnectorContext, eachPage, PermanentError } from '#kit';
import type { DynatraceOptions } from './options.ts';
import { apiPath, explain, nextPageKeyOf, nextPageRequest } from './request.ts';
import { unitOfMetric } from './unit-of-metric.ts';

const MOST_ENTRIES = 5000;
const AGGREGATIONS: ReadonlySet<unknown> = new Set(['avg', 'sum', 'min', 'max', 'count', 'value']);

/** Every metric that had data within a week, as a stream to start from: all its series in one. */
export async function discoverMetrics({
  http,
  options,
  signal,
}: ConnectorContext<DynatraceOptions>): Promise<CatalogEntry[]> {
  const entries: CatalogEntry[] = [];
  const query = { pageSize: 500, fields: 'displayName,unit,defaultAggregation', writtenSince: 'now-7d' };
  const pages = eachPage(
    http,
    { url: apiPath(options, 'metrics'), query, explain },
    ({ request, response }) => {
      const key = nextPageKeyOf(response.json());
      return key === null ? null : nextPageRequest(request, key);
    },
    { streamId: 'discover', signal },
  );
  for await (const { response } of pages) {
    const metrics = asRecord(response.json())?.['metrics'];
    if (!Array.isArray(metrics))
      throw new PermanentError('source/bad-shape', 'discover: the answer does not list metrics', {
        hint: 'Check that url leads to the environment, without /api at its end.',
      });
    for (const metric of metrics) {
      const entry = entryOf(asRecord(metric) ?? {});
      if (entry !== null) entries.push(entry);
    }
    if (entries.length >= MOST_ENTRIES) break;
  }
  return entries.slice(0, MOST_ENTRIES);
}

function entryOf({ metricId, displayName, unit, defaultAggregation }: Record<string, unknown>): CatalogEntry | null {
  if (typeof metricId !== 'string' || metricId === '') return null;
  const declared = unitOfMetric(unit);
  const type = asRecord(defaultAggregation)?.['type'];
  const aggregation = AGGREGATIONS.has(type) ? String(type) : 'auto';
  return {
    id: metricId,
    title: typeof displayName === 'string' ? displayName.slice(0, 300) : '',
    unit: declared,
    stream: { metricSelector: `${metricId}:splitBy():${aggregation}`, step: '1h', unit: declared ?? 'value' },
  };
}
