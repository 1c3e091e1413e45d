import { asRecord, type CatalogEntry, type ConnectorContext, PermanentError } from '#kit';
import type { PrometheusOptions } from './options.ts';
import { refuseError } from './query-range.ts';
import { unitOfMetric } from './unit-of-metric.ts';

const MOST_ENTRIES = 5000;

interface Metric {
  type: string;
  help: string;
  unit: string;
}

/** Every metric name that the server has, with type and help where a scrape told them, as a stream to start from. */
export async function discoverMetrics(ctx: ConnectorContext<PrometheusOptions>): Promise<CatalogEntry[]> {
  const metadata = asRecord(await data(ctx, 'api/v1/metadata')) ?? {};
  // VictoriaMetrics and Mimir may keep no metadata: what counts are the names.
  const metrics = new Map<string, Metric>();
  for (const [name, entries] of Object.entries(metadata)) {
    const first = asRecord(Array.isArray(entries) ? entries[0] : null);
    const field = (key: string): string => (typeof first?.[key] === 'string' ? first[key] : '');
    metrics.set(name, { type: field('type'), help: field('help'), unit: field('unit') });
  }
  // Imported history and remote-written series have names but no metadata.
  const names = await data(ctx, 'api/v1/label/__name__/values');
  if (!Array.isArray(names))
    throw new PermanentError('source/bad-shape', 'discover: the answer does not list the names of metrics', {
      hint: 'Check that url leads to Prometheus, without /api/v1 or /graph at its end.',
    });
  const families = new Set(metrics.keys());
  for (const name of names)
    if (
      typeof name === 'string' &&
      !families.has(name) &&
      !families.has(name.replace(/_(bucket|sum|count|total)$/, ''))
    )
      metrics.set(name, { type: name.endsWith('_total') ? 'counter' : '', help: '', unit: '' });
  return [...metrics]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MOST_ENTRIES)
    .map(([name, metric]) => entryOf(name, metric));
}

async function data(ctx: ConnectorContext<PrometheusOptions>, url: string): Promise<unknown> {
  const response = await ctx.http.request({ url, acceptStatuses: [400, 422] });
  refuseError(response, 'discover');
  return asRecord(response.json())?.['data'];
}

function entryOf(name: string, metric: Metric): CatalogEntry {
  const title = [metric.help, metric.type === '' ? '' : `(${metric.type})`].filter((part) => part !== '').join(' ');
  const unit = unitOfMetric(name, metric.unit);
  const common = { step: '1h' };
  switch (metric.type) {
    case 'counter': {
      const counted = unit ?? 'events';
      return {
        id: name,
        title,
        unit,
        stream: { query: `sum(increase(${range(name)}))`, ...common, sample: 'interval', unit: counted },
      };
    }
    case 'histogram':
    case 'summary':
      return {
        id: name,
        title,
        unit,
        stream: {
          query: `sum(increase(${range(`${name}_sum`)})) / sum(increase(${range(`${name}_count`)}))`,
          ...common,
          sample: 'interval',
          unit: unit ?? 'value',
        },
      };
    default:
      return {
        id: name,
        title,
        unit,
        stream: { query: `avg(avg_over_time(${range(name)}))`, ...common, sample: 'interval', unit: unit ?? 'value' },
      };
  }
}

/** Names beyond the classic alphabet (Prometheus 3) must stand in quotes inside the braces. */
function range(name: string): string {
  return /^[A-Za-z_:][\w:]*$/.test(name) ? `${name}[1h]` : `{${JSON.stringify(name)}}[1h]`;
}
