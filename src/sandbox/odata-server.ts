import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorised, type LoopbackServer, listenOnLoopback, send } from './http.ts';
import {
  type Cell,
  compareCells,
  type EntityType,
  ODataError,
  parseFilter,
  propertyType,
  type Row,
} from './odata-filter.ts';

export interface EntitySet {
  type: EntityType;
  rows: readonly Row[];
}

/** The service stands below this path, as CAP puts it. */
export const servicePath = '/odata/v4/project-costs';
const serviceName = 'ProjectCostsService';
const root = `${servicePath}/`;

/**
 * A read-only OData V4 service: service document, $metadata, $filter, $select, $orderby, $top, $skip, $count, and pages of the
 * server's own size with a relative `@odata.nextLink` whose $skiptoken nobody should look into. Shapes as SAP CAP's.
 */
export async function startODataServer(options: {
  entitySets: Readonly<Record<string, EntitySet>>;
  authorization: string;
  /** The most rows in a page; `Prefer: odata.maxpagesize` may ask for fewer. */
  pageSize: number;
}): Promise<LoopbackServer> {
  return listenOnLoopback((request, response, url) => {
    if (!authorised(request, options.authorization))
      return send(response, 401, 'text/plain; charset=utf-8', 'Unauthorized', {
        'www-authenticate': 'Basic realm="Users"',
      });
    try {
      answer(request, response, url, options);
    } catch (error) {
      if (!(error instanceof ODataError)) throw error;
      const code = String(error.status);
      json(response, error.status, { error: { message: error.message, code, '@Common.numericSeverity': 4 } });
    }
  });
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { entitySets, pageSize }: { entitySets: Readonly<Record<string, EntitySet>>; pageSize: number },
): void {
  if (url.pathname !== servicePath && !url.pathname.startsWith(root)) throw new ODataError('Not Found', 404);
  if (request.method !== 'GET') throw new ODataError('Method Not Allowed', 405);
  const [resource = '', rest] = decodeURIComponent(url.pathname.slice(root.length)).split('/');
  if (resource === '') {
    const value = Object.keys(entitySets).map((name) => ({ name, url: name }));
    return json(response, 200, { '@odata.context': '$metadata', value });
  }
  if (resource === '$metadata')
    return send(response, 200, 'application/xml; charset=utf-8', metadata(entitySets), { 'odata-version': '4.0' });
  const set = Object.hasOwn(entitySets, resource) ? entitySets[resource] : undefined;
  if (set === undefined) throw new ODataError(`Invalid resource path "${serviceName}.${resource}"`, 404);

  const query = systemQuery(url);
  const filter = query['$filter'];
  const kept = filter === undefined ? [...set.rows] : set.rows.filter(parseFilter(filter, set.type, serviceName));
  if (rest === '$count')
    return send(response, 200, 'text/plain; charset=utf-8', String(kept.length), { 'odata-version': '4.0' });
  if (rest !== undefined) throw new ODataError(`Invalid resource path "${serviceName}.${resource}/${rest}"`, 404);
  const page = pageOf(sorted(kept, set.type, query['$orderby']), query, askedPageSize(request, pageSize));
  const columns = selected(set.type, query['$select']);
  json(response, 200, {
    '@odata.context': `$metadata#${resource}`,
    ...(query['$count'] === 'true' ? { '@odata.count': kept.length } : {}),
    ...(page.skiptoken === null ? {} : { '@odata.nextLink': nextLink(resource, query, page.skiptoken) }),
    value: page.rows.map((row) =>
      Object.fromEntries(columns.map((name) => [name, wire(row[name] ?? null, set.type, name)])),
    ),
  });
}

const known = ['$filter', '$select', '$orderby', '$top', '$skip', '$count', '$skiptoken', '$format'];

function systemQuery(url: URL): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('$') && !known.includes(name))
      throw new ODataError(`Query option "${name}" is not supported`, 501);
    query[name] = value;
  }
  return query;
}

function askedPageSize(request: IncomingMessage, most: number): number {
  const asked = /odata\.maxpagesize\s*=\s*(\d+)/i.exec(String(request.headers['prefer'] ?? ''))?.[1];
  const size = asked === undefined ? most : Number(asked);
  return Math.max(1, Math.min(size, most));
}

/** Rows in the order asked for, and by key among equals: pages must not depend on chance. */
function sorted(rows: Row[], type: EntityType, orderby: string | undefined): Row[] {
  const terms = (orderby ?? '')
    .split(',')
    .map((term) => term.trim())
    .filter((term) => term !== '')
    .map((term) => {
      const [name = '', direction = 'asc'] = term.split(/\s+/);
      return { name, type: propertyType(name, type, serviceName), sign: direction === 'desc' ? -1 : 1 };
    });
  for (const name of type.keys) terms.push({ name, type: propertyType(name, type, serviceName), sign: 1 });
  return rows.sort((one, other) => {
    for (const term of terms) {
      const order = compareCells(one[term.name] ?? null, other[term.name] ?? null, term.type);
      if (order !== 0) return order * term.sign;
    }
    return 0;
  });
}

function pageOf(
  rows: readonly Row[],
  query: Readonly<Record<string, string>>,
  pageSize: number,
): { rows: readonly Row[]; skiptoken: string | null } {
  const from = whole(query, '$skip') ?? 0;
  const top = whole(query, '$top');
  const until = Math.min(rows.length, top === null ? rows.length : from + top);
  const start = query['$skiptoken'] === undefined ? from : readToken(query['$skiptoken']);
  const end = Math.min(until, start + pageSize);
  return {
    rows: rows.slice(start, end),
    skiptoken: end < until ? Buffer.from(JSON.stringify({ r: end })).toString('base64') : null,
  };
}

function whole(query: Readonly<Record<string, string>>, name: string): number | null {
  const text = query[name];
  if (text === undefined) return null;
  if (!/^\d+$/.test(text)) throw new ODataError(`Parsing URL failed: expected a whole number for ${name}.`);
  return Number(text);
}

function readToken(token: string): number {
  try {
    const read: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    const rows = typeof read === 'object' && read !== null ? Reflect.get(read, 'r') : undefined;
    if (Number.isInteger(rows) && rows >= 0) return rows;
  } catch {
    // Falls through: what is no JSON is no token of ours either.
  }
  throw new ODataError('Invalid $skiptoken');
}

function nextLink(resource: string, query: Readonly<Record<string, string>>, skiptoken: string): string {
  return `${resource}?${new URLSearchParams({ ...query, $skiptoken: skiptoken })}`;
}

function selected(type: EntityType, select: string | undefined): string[] {
  if (select === undefined || select.trim() === '*') return Object.keys(type.properties);
  const asked = select.split(',').map((name) => name.trim());
  for (const name of asked) propertyType(name, type, serviceName);
  // Keys come along whether asked for or not.
  return [...new Set([...type.keys, ...asked])];
}

/** V4 JSON: Decimal and Int are numbers. */
function wire(cell: Cell, type: EntityType, name: string): Cell {
  const edm = type.properties[name];
  return cell !== null && (edm === 'Edm.Decimal' || edm === 'Edm.Int32') ? Number(cell) : cell;
}

function metadata(entitySets: Readonly<Record<string, EntitySet>>): string {
  const sets = Object.entries(entitySets);
  const types = sets.map(([, { type }]) => {
    const keys = type.keys.map((key) => `<PropertyRef Name="${key}"/>`).join('');
    const properties = Object.entries(type.properties).map(([name, edm]) => {
      const facets =
        edm === 'Edm.Decimal' ? ' Scale="2" Precision="15"' : edm === 'Edm.DateTimeOffset' ? ' Precision="7"' : '';
      const nullable = type.keys.includes(name) ? ' Nullable="false"' : '';
      return `        <Property Name="${name}" Type="${edm}"${facets}${nullable}/>`;
    });
    return `      <EntityType Name="${type.name}">\n        <Key>${keys}</Key>\n${properties.join('\n')}\n      </EntityType>`;
  });
  const containers = sets.map(
    ([name, { type }]) => `        <EntitySet Name="${name}" EntityType="${serviceName}.${type.name}"/>`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="${serviceName}" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityContainer Name="EntityContainer">
${containers.join('\n')}
      </EntityContainer>
${types.join('\n')}
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>`;
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  send(response, status, 'application/json; charset=utf-8', JSON.stringify(body), { 'odata-version': '4.0' });
