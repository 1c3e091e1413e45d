import { asRecord, type Finding, isConvertibleUnit, type StreamContext, sourceUnitHint, unitsDisagree } from '#kit';
import type { PrometheusOptions, PrometheusStream } from './options.ts';
import { unitOfMetric } from './unit-of-metric.ts';

/** Functions and aggregations whose result has the unit of what goes in. */
const KEEPS_UNIT: ReadonlySet<string> = new Set([
  ...['sum', 'avg', 'min', 'max', 'increase', 'delta', 'idelta', 'abs', 'sort', 'sort_desc'],
  ...['sum_over_time', 'avg_over_time', 'min_over_time', 'max_over_time', 'last_over_time', 'first_over_time'],
]);
const WORDS: ReadonlySet<string> = new Set(['by', 'without', 'offset']);

/** The one metric that a query reads, where its value keeps the metric's unit; null where that cannot be told. */
export function metricOf(query: string): string | null {
  const bare = query
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, '""')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without)\s*\([^)]*\)/g, ' ')
    .replace(/\boffset\s+-?\w+/g, ' ');
  if (/[-+*/%^<>=!@,]|\b(?:and|or|unless|bool|on|ignoring)\b/.test(bare)) return null;
  const metrics = new Set<string>();
  for (const [, name, call] of bare.matchAll(/([A-Za-z_:][\w:]*)\s*(\()?/g)) {
    if (name === undefined || WORDS.has(name)) continue;
    if (call === undefined) metrics.add(name);
    else if (!KEEPS_UNIT.has(name)) return null;
  }
  const [metric] = metrics;
  return metrics.size === 1 ? (metric ?? null) : null;
}

/** Whether the unit that the stream says its query has is the one that the metric has. */
export async function checkUnit(ctx: StreamContext<PrometheusOptions, PrometheusStream>): Promise<Finding[]> {
  const { stream, streamId } = ctx;
  const written = stream.sourceUnit ?? stream.unit;
  const metric = metricOf(stream.query);
  if (metric === null || !isConvertibleUnit(written)) return [];
  const declared = await declaredUnit(ctx, metric);
  const unit = unitOfMetric(metric, declared);
  if (unit === null || !unitsDisagree(unit, written)) return [];
  return [
    {
      // A name is a convention; what the source declares is a fact.
      level: declared === '' ? 'warning' : 'error',
      aspect: 'unit',
      stream: streamId,
      message: `${metric} is in ${unit} by ${declared === '' ? 'its name' : 'its metadata'}, the stream takes its values for ${written}.`,
      hint: sourceUnitHint(unit, stream.unit),
    },
  ];
}

/** Empty: nobody declared one, or the server keeps no metadata (remote-written series, some compatibles). */
async function declaredUnit(
  { http }: StreamContext<PrometheusOptions, PrometheusStream>,
  metric: string,
): Promise<string> {
  const family = metric.replace(/_(?:bucket|sum|count|total)$/, '');
  for (const name of new Set([metric, family])) {
    const response = await http.request({
      url: 'api/v1/metadata',
      query: { metric: name },
      acceptStatuses: [400, 403, 404, 405, 422, 500, 501, 503],
    });
    if (response.status !== 200) return '';
    const entries = asRecord(asRecord(response.json())?.['data'])?.[name];
    const unit = asRecord(Array.isArray(entries) ? entries[0] : null)?.['unit'];
    if (typeof unit === 'string' && unit !== '') return unit;
  }
  return '';
}
