import { asRecord, type CatalogEntry, type ConnectorContext } from '#kit';
import { badShape } from './frames.ts';
import type { GrafanaOptions } from './options.ts';
import { request } from './query.ts';
import { unitOf } from './unit-of-field.ts';
import { filled, type Variables, variablesOf } from './variables.ts';

const DASHBOARDS_PER_PAGE = 1000;
const MOST_DASHBOARDS = 300;
const MOST_ENTRIES = 3000;
/** Data sources whose points tell about the step before them. */
const STAMPED_AT_END = /prometheus|mimir|thanos|victoriametrics|loki/;
/** Fields of a target that only say how it is drawn, or that the connector sets. */
const DRAWING: ReadonlySet<string> = new Set([
  ...['refId', 'datasource', 'hide', 'key', 'legendFormat', 'intervalFactor', 'interval', 'step', 'intervalMs'],
  ...['maxDataPoints', 'editorMode', 'exemplar', 'requestId'],
]);

/** Each query of each panel as a stream, with the dashboard's variables as they are chosen now. */
export async function discoverPanels(ctx: ConnectorContext<GrafanaOptions>): Promise<CatalogEntry[]> {
  const types = await dataSourceTypes(ctx);
  const entries: CatalogEntry[] = [];
  for (const uid of await dashboardUids(ctx)) {
    ctx.signal.throwIfAborted();
    const response = await request(ctx, { url: `api/dashboards/uid/${encodeURIComponent(uid)}` });
    const dashboard = asRecord(asRecord(response.json())?.['dashboard']);
    if (dashboard === null) throw badShape(`discover: the answer for the dashboard ${uid} has none`);
    const variables = variablesOf(dashboard);
    for (const panel of panelsOf(dashboard)) entries.push(...entriesOf({ uid, dashboard, panel, variables, types }));
    if (entries.length >= MOST_ENTRIES) break;
  }
  return entries.slice(0, MOST_ENTRIES);
}

/** Types of data sources by uid; nothing where the token may not list them. */
async function dataSourceTypes(ctx: ConnectorContext<GrafanaOptions>): Promise<Map<string, string>> {
  const response = await request(ctx, { url: 'api/datasources', acceptStatuses: [403] });
  const list = response.status === 403 ? [] : response.json();
  if (!Array.isArray(list)) throw badShape('discover: the answer does not list data sources');
  return new Map(
    list.map((item) => {
      const source = asRecord(item);
      if (source === null) throw badShape('discover: a data source is no object');
      return [String(source['uid']), String(source['type'])];
    }),
  );
}

async function dashboardUids(ctx: ConnectorContext<GrafanaOptions>): Promise<string[]> {
  const uids: string[] = [];
  for (let page = 1; uids.length < MOST_DASHBOARDS; page += 1) {
    const query = { type: 'dash-db', limit: DASHBOARDS_PER_PAGE, page };
    const found = (await request(ctx, { url: 'api/search', query })).json();
    if (!Array.isArray(found)) throw badShape('discover: the answer does not list dashboards');
    if (found.length === 0) break;
    for (const item of found) {
      const uid = asRecord(item)?.['uid'];
      if (typeof uid !== 'string') throw badShape('discover: a dashboard has no uid');
      uids.push(uid);
    }
  }
  return uids.slice(0, MOST_DASHBOARDS);
}

/** Panels at the top, in collapsed rows, and in the rows of older dashboards. */
function panelsOf(holder: Record<string, unknown>): Record<string, unknown>[] {
  return [holder['panels'], holder['rows']].flatMap((list) =>
    (Array.isArray(list) ? list : []).flatMap((item) => {
      const panel = asRecord(item);
      if (panel === null) return [];
      return Array.isArray(panel['targets']) ? [panel] : panelsOf(panel);
    }),
  );
}

interface Place {
  uid: string;
  dashboard: Record<string, unknown>;
  panel: Record<string, unknown>;
  variables: Variables;
  types: ReadonlyMap<string, string>;
}

function entriesOf({ uid, dashboard, panel, variables, types }: Place): CatalogEntry[] {
  const title = `${textOf(dashboard['title'])} / ${textOf(filled(panel['title'], variables))}`;
  const defaults = asRecord(asRecord(panel['fieldConfig'])?.['defaults']);
  const unit = unitOf(typeof defaults?.['unit'] === 'string' ? defaults['unit'] : null);
  const targets = Array.isArray(panel['targets']) ? panel['targets'] : [];
  return targets.flatMap((item): CatalogEntry[] => {
    const target = asRecord(item);
    if (target === null || target['hide'] === true) return [];
    const source = dataSourceOf(filled(target['datasource'] ?? panel['datasource'], variables), types);
    if (source === null) return [];
    // Windows of Flux are named by their end.
    const atEnd = STAMPED_AT_END.test(source.type) || /\baggregateWindow\s*\(/.test(JSON.stringify(target));
    const written = Object.entries(target).filter(([name]) => !DRAWING.has(name));
    const query = filled(Object.fromEntries(written), atEnd ? withSteps(variables) : variables);
    const isInterval =
      !atEnd || /\b(?:increase|rate|delta|\w+_over_time|aggregateWindow)\s*\(/.test(JSON.stringify(query));
    return [
      {
        id: `${uid}/${textOf(panel['id'])}/${textOf(target['refId'])}`,
        title,
        unit,
        stream: {
          dataSource: source.reference,
          query,
          step: '1h',
          ...(isInterval ? { sample: 'interval', stamp: atEnd ? 'end' : 'start' } : { sample: 'instant' }),
          unit: unit ?? 'value',
        },
      },
    ];
  });
}

/** A range that is as long as the step. */
function withSteps(variables: Variables): Variables {
  return new Map([...variables, ['__interval', ['1h']], ['__rate_interval', ['1h']]]);
}

/** Null for what is no data source of its own: mixed panels, other panels, expressions, Grafana's own test data. */
function dataSourceOf(
  written: unknown,
  types: ReadonlyMap<string, string>,
): { reference: Record<string, string>; type: string } | null {
  // Before Grafana 8.3 a panel named its data source by name.
  if (typeof written === 'string')
    return /^(?:-- |grafana$|__expr__$|$)/.test(written) ? null : { reference: { name: written }, type: '' };
  const uid = asRecord(written)?.['uid'];
  const type = asRecord(written)?.['type'];
  if (typeof uid !== 'string' || /^(?:-- |grafana$|__expr__$|-100$|$)/.test(uid)) return null;
  return { reference: { uid }, type: types.get(uid) ?? (typeof type === 'string' ? type : '') };
}

const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 200) : '';
