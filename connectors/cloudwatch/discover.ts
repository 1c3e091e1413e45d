import { asRecord, type CatalogEntry, type ConnectorContext, PermanentError, shownValue } from '#kit';
import { callCloudwatch, nextTokenOf } from './api.ts';
import type { CloudwatchOptions } from './options.ts';

const MOST_ENTRIES = 5_000;
/** A page has 500 metrics; an account may have millions. */
const MOST_PAGES = 40;

/** Metrics that had a point within three hours, each with its own dimensions: ListMetrics gives no others so exactly. */
export async function discoverMetrics(ctx: ConnectorContext<CloudwatchOptions>): Promise<CatalogEntry[]> {
  const entries = new Map<string, CatalogEntry>();
  const tokens = new Set<string>();
  let token: string | null = null;
  for (let page = 1; page <= MOST_PAGES && entries.size < MOST_ENTRIES; page++) {
    ctx.signal.throwIfAborted();
    const body = { RecentlyActive: 'PT3H', ...(token === null ? {} : { NextToken: token }) };
    const { content } = await callCloudwatch(ctx.http, 'ListMetrics', body, 'discover');
    const metrics = content['Metrics'];
    if (!Array.isArray(metrics))
      throw new PermanentError('source/bad-shape', 'discover: the answer does not list metrics', {
        hint: 'Check url, or leave it out to ask the address of the region.',
      });
    for (const item of metrics) {
      const entry = entryOf(item);
      if (!entries.has(entry.id)) entries.set(entry.id, entry);
    }
    token = nextTokenOf(content, 'discover');
    if (token === null || tokens.has(token)) break;
    tokens.add(token);
  }
  return [...entries.values()].slice(0, MOST_ENTRIES).sort((a, b) => (a.id < b.id ? -1 : 1));
}

function entryOf(item: unknown): CatalogEntry {
  const metric = asRecord(item);
  const { Namespace: namespace, MetricName: name, Dimensions: listed = [] } = metric ?? {};
  if (typeof namespace !== 'string' || typeof name !== 'string' || !Array.isArray(listed))
    throw new PermanentError('source/bad-shape', `discover: ListMetrics gives ${shownValue(item)}, which is no metric`);
  const dimensions = new Map<string, string>();
  for (const each of listed) {
    const { Name: key, Value: value } = asRecord(each) ?? {};
    if (typeof key === 'string' && typeof value === 'string') dimensions.set(key, value);
  }
  const shown = [...dimensions].map(([key, value]) => `${key}=${value}`).join(', ');
  const unit = unitOf(name);
  return {
    id: `${namespace} ${name}${shown === '' ? '' : ` {${shown}}`}`,
    title: shown === '' ? `${namespace}: ${name}` : `${namespace}: ${name} of ${shown}`,
    unit,
    stream: {
      metric: {
        namespace,
        name,
        ...(dimensions.size === 0 ? {} : { dimensions: Object.fromEntries(dimensions) }),
        stat: isCount(name) ? 'Sum' : 'Average',
      },
      period: '1h',
      unit: unit ?? 'units',
    },
  };
}

/** ListMetrics has no units; these names are AWS's own, `check` compares with what CloudWatch has. */
function unitOf(name: string): string | null {
  if (/Utilization$|Percent(?:age)?$/.test(name)) return '%';
  return /Bytes$/.test(name) ? 'bytes' : null;
}

const isCount = (name: string): boolean =>
  /Count$|^(?:Errors|Invocations|Throttles|Requests|NumberOf\w+)$|^\d?\w*(?:4XX|5XX)\w*$/i.test(name);
