import { asRecord, type CatalogEntry, type ConnectorContext, PermanentError } from '#kit';
import type { AGGREGATES, GraphiteOptions } from './options.ts';

const MOST_ENTRIES = 5000;
const MOST_REQUESTS = 500;

/** Every metric, by its index; where a server has none, by walking down the tree. */
export async function discoverMetrics(ctx: ConnectorContext<GraphiteOptions>): Promise<CatalogEntry[]> {
  const answer = await ctx.http.request({ url: 'metrics/index.json', acceptStatuses: [400, 404, 405, 501] });
  const paths = answer.status === 200 ? answer.json() : await walked(ctx);
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) throw badShape();
  return [...paths].sort().slice(0, MOST_ENTRIES).map(entryOf);
}

async function walked({ http, signal }: ConnectorContext<GraphiteOptions>): Promise<string[]> {
  const leaves: string[] = [];
  const queries = ['*'];
  for (let asked = 0; asked < MOST_REQUESTS && leaves.length < MOST_ENTRIES; asked += 1) {
    const query = queries.shift();
    if (query === undefined) break;
    signal.throwIfAborted();
    const found = (await http.request({ url: 'metrics/find', query: { query, format: 'treejson' } })).json();
    if (!Array.isArray(found)) throw badShape();
    for (const item of found) {
      const node = asRecord(item);
      if (typeof node?.['id'] !== 'string') throw badShape();
      if (node['leaf'] === 1 || node['leaf'] === true) leaves.push(node['id']);
      else queries.push(`${node['id']}.*`);
    }
  }
  return leaves;
}

function entryOf(path: string): CatalogEntry {
  return {
    id: path,
    title: path,
    unit: null,
    stream: { target: path, aggregate: aggregateOf(path), step: '1h', sample: 'interval', unit: 'value', labels: [] },
  };
}

/** What the usual endings mean (StatsD and Graphite's own storage-aggregation.conf). */
function aggregateOf(path: string): (typeof AGGREGATES)[number] {
  const ending = /[._]?([a-z]+)(?:_\d+)?$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  if (/^(?:count|counts|sum|total|hits|requests|errors|failures)$/.test(ending)) return 'sum';
  if (/^(?:upper|max)$/.test(ending)) return 'max';
  if (/^(?:lower|min)$/.test(ending)) return 'min';
  return 'avg';
}

function badShape(): PermanentError {
  return new PermanentError('source/bad-shape', 'discover: the answer does not list metrics', {
    hint: 'Check that url leads to Graphite, without /render or /metrics at its end.',
  });
}
