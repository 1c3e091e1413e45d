import type { CatalogEntry, ConnectorContext } from '#kit';
import { connectionOf, ownQuery } from './connection.ts';
import type { SqlOptions } from './options.ts';

interface Column {
  name: string;
  /** As SQL wants it, in quotes where it must be. */
  quoted: string;
  type: string;
  isKey: boolean;
}
export interface Relation {
  schema: string;
  name: string;
  /** `schema.name` as SQL wants it. */
  quoted: string;
  columns: Column[];
}

/** Tables, views and the like that the role may read, column by column. */
const COLUMNS = `SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, NULL),
  coalesce(a.attnum = ANY (k.conkey), false)::text, quote_ident(a.attname),
  quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum`;

const DATES = new Set(['date', 'timestamp with time zone', 'timestamp without time zone']);
const NUMBERS = new Set(['numeric', 'integer', 'bigint', 'smallint', 'real', 'double precision']);
const TEXTS = /^(text|character|"char"|uuid|name|citext)/;

/** Readable relations that have both a date and a number, each as a stream with its own column names. */
export async function discoverRelations(ctx: ConnectorContext<SqlOptions>): Promise<CatalogEntry[]> {
  const relations = new Map<string, Relation>();
  for await (const { rows } of ctx.sql.query(connectionOf(ctx.options), ownQuery(COLUMNS), ctx.signal))
    for (const [schema, relation, column, type, isKey, quotedColumn, quoted] of rows) {
      const found = relations.get(`${schema}.${relation}`) ?? {
        schema: schema ?? '',
        name: relation ?? '',
        quoted: quoted ?? '',
        columns: [],
      };
      found.columns.push({ name: column ?? '', quoted: quotedColumn ?? '', type: type ?? '', isKey: isKey === 'true' });
      relations.set(`${schema}.${relation}`, found);
    }
  return [...relations.values()].flatMap((relation) => {
    const stream = exampleStream(relation);
    if (stream === null) return [];
    const columns = relation.columns.map(({ name, type }) => `${name} ${type}`).join(', ');
    return [{ id: idOf(relation), title: `${relation.schema}.${relation.name}: ${columns}`, unit: null, stream }];
  });
}

/** The column whose name says most clearly what it is; the patterns come best first. */
function pick(columns: readonly Column[], ...patterns: RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = columns.find(({ name }) => pattern.test(name));
    if (found !== undefined) return found.name;
  }
  return undefined;
}

/** A stream to begin with: names and types are real, what they mean is a guess for a person to check. */
export function exampleStream({ quoted: relation, columns }: Relation): Record<string, unknown> | null {
  const dates = columns.filter(({ type }) => DATES.has(type));
  const numbers = columns.filter(
    ({ type, isKey, name: column }) => NUMBERS.has(type) && !isKey && !/_?id$/i.test(column),
  );
  const texts = columns.filter(({ type }) => TEXTS.test(type));
  const at = pick(dates, /posting|booked|budat/i, /date|day|datum/i, /_at$|time/i, /./);
  const value = pick(numbers, /amount|hours|quantity|value|count/i, /./);
  if (at === undefined || value === undefined) return null;
  const isDate = dates.find((column) => column.name === at)?.type === 'date';
  const keys = columns.filter(({ isKey }) => isKey).map((column) => column.name);
  const currency = pick(texts, /currency|waers|curr/i);
  const reference = pick(texts, /wbs|project|order/i, /cost.?cent/i);
  const isCosts =
    currency !== undefined && reference !== undefined && /amount|value|cost/i.test(value) && keys.length > 0;
  const labels = texts
    .filter((column) => !/text|description|comment|note/i.test(column.name))
    .map((column) => column.name)
    .slice(0, 3);
  const selected = [...new Set(isCosts ? [...keys, at, reference, value, currency] : [at, value, ...labels])];
  const sql = (name: string): string => columns.find((column) => column.name === name)?.quoted ?? name;
  const window = isDate
    ? `${sql(at)} >= :from::date AND ${sql(at)} <= :to::date`
    : `${sql(at)} >= :from AND ${sql(at)} < :to`;
  const query = `SELECT ${selected.map(sql).join(', ')}\nFROM ${relation}\nWHERE ${window}\nORDER BY ${sql(at)}`;
  if (isCosts)
    return {
      query,
      cursor: at,
      costs: { sourceKey: keys, projectRef: reference, kind: 'actual', amount: value, currency, postingDate: at },
    };
  return {
    query,
    cursor: at,
    measurements: {
      at,
      covers: isDate ? '1d' : '0s',
      value,
      unit: /hours/i.test(value) ? 'h' : 'units',
      labels,
      timeZone: 'UTC',
    },
  };
}

const idOf = ({ schema, name }: Relation): string =>
  (schema === 'public' ? name : `${schema}-${name}`)
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 63)
    .replace(/-+$/, '') || 'relation';
