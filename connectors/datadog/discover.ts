import { asRecord, type CatalogEntry, type ConnectorContext, eachPage, type HttpRequest, PermanentError } from '#kit';
import type { DatadogOptions } from './options.ts';
import { explain } from './request.ts';
import { unitOfName } from './unit-of-series.ts';

const MOST_ENTRIES = 5000;
/** Each costs a request; of the others only the name is known. */
const MOST_DESCRIBED = 200;
const PAGE_SIZE = 1000;

/** Every metric that the organisation has, as a stream to start from; type and unit of the first ones. */
export async function discoverMetrics(ctx: ConnectorContext<DatadogOptions>): Promise<CatalogEntry[]> {
  const names = (await metricNames(ctx)).sort().slice(0, MOST_ENTRIES);
  const entries: CatalogEntry[] = [];
  for (const [index, name] of names.entries())
    entries.push(entryOf(name, index < MOST_DESCRIBED ? await metadataOf(ctx, name) : {}));
  return entries;
}

async function metricNames({ http, signal }: ConnectorContext<DatadogOptions>): Promise<string[]> {
  const names = new Set<string>();
  const first: HttpRequest = { url: 'api/v2/metrics', query: { 'page[size]': PAGE_SIZE }, explain };
  let cursor: string | null = null;
  const pages = eachPage(
    http,
    first,
    () => (cursor === null ? null : { ...first, query: { 'page[size]': PAGE_SIZE, 'page[cursor]': cursor } }),
    { streamId: 'discover', signal },
  );
  for await (const { response } of pages) {
    const answer = asRecord(response.json());
    const data = answer?.['data'];
    if (!Array.isArray(data))
      throw new PermanentError('source/bad-shape', 'discover: the answer does not list the metrics', {
        hint: 'Check that url leads to the API of Datadog.',
      });
    for (const item of data) {
      const { id, type } = { ...asRecord(item) };
      // Tag configurations come among the metrics, under the metric's name.
      if (typeof id === 'string' && (type === 'metrics' || type === 'manage_tags')) names.add(id);
    }
    const next = asRecord(asRecord(answer?.['meta'])?.['pagination'])?.['next_cursor'];
    // The last page may carry a cursor that leads to an empty one.
    cursor = typeof next === 'string' && next !== '' && data.length > 0 ? next : null;
    if (names.size >= MOST_ENTRIES) break;
  }
  return [...names];
}

async function metadataOf({ http }: ConnectorContext<DatadogOptions>, name: string): Promise<Record<string, unknown>> {
  const response = await http.request({
    url: `api/v1/metrics/${encodeURIComponent(name)}`,
    // What was seen once may have no metadata, or be out of reach for this key.
    acceptStatuses: [400, 403, 404],
    explain,
  });
  return response.status === 200 ? (asRecord(response.json()) ?? {}) : {};
}

function entryOf(name: string, metadata: Record<string, unknown>): CatalogEntry {
  const text = (key: string): string => (typeof metadata[key] === 'string' ? metadata[key] : '');
  const type = text('type');
  const counts = type === 'count' || type === 'rate';
  const below = text('per_unit');
  const above = text('unit') === '' ? null : unitOfName(text('unit'));
  const unit = above === null || below === '' || counts ? above : `${above}/${unitOfName(below)}`;
  const title = [text('short_name') || text('description'), type === '' ? '' : `(${type})`].filter(
    (each) => each !== '',
  );
  return {
    id: name,
    title: title.join(' ').slice(0, 300),
    unit,
    stream: {
      query: counts ? `sum:${name}{*}.as_count()` : `avg:${name}{*}`,
      rollup: counts ? 'sum' : 'avg',
      step: '1h',
      unit: unit ?? (counts ? 'events' : 'value'),
    },
  };
}
