import { asRecord, type CatalogEntry, type ConnectorContext, PermanentError } from '#kit';
import { readFluxTables } from './flux-csv.ts';
import { type InfluxdbOptions, languageOf } from './options.ts';
import { askFlux, askTable } from './query.ts';

const MOST_ENTRIES = 5000;
const MOST_BUCKETS = 50;

/** Every field that holds numbers, as an hourly mean to start from. */
export async function discoverFields(ctx: ConnectorContext<InfluxdbOptions>): Promise<CatalogEntry[]> {
  const language = languageOf(ctx.options);
  const entries =
    language === 'flux' ? await fluxFields(ctx) : language === 'sql' ? await sqlFields(ctx) : await influxqlFields(ctx);
  return entries.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MOST_ENTRIES);
}

const common = { step: '1h', sample: 'interval', unit: 'value' };
const entry = (id: string, title: string, query: string): CatalogEntry => ({
  id,
  title,
  unit: null,
  stream: { query, ...common },
});

async function table(ctx: ConnectorContext<InfluxdbOptions>, q: string): Promise<unknown> {
  const response = await askTable(ctx.http, ctx.options, { q, params: {} }, 'discover');
  return response.json();
}

/** `SHOW FIELD KEYS`: a series for each measurement, its fields with their types; version 3 gives rows. */
async function influxqlFields(ctx: ConnectorContext<InfluxdbOptions>): Promise<CatalogEntry[]> {
  const answer = await table(ctx, 'SHOW FIELD KEYS');
  const fields: { measurement: string; field: string; type: string }[] = [];
  if (Array.isArray(answer))
    for (const item of answer) {
      const row = asRecord(item);
      if (row === null) throw badShape();
      fields.push({
        measurement: textOf(row?.['iox::measurement']),
        field: textOf(row?.['fieldKey']),
        type: textOf(row?.['fieldType']),
      });
    }
  else {
    const results = asRecord(answer)?.['results'];
    const [result] = Array.isArray(results) ? results.map(asRecord) : [null];
    if (result == null) throw badShape();
    for (const item of Array.isArray(result['series']) ? result['series'] : []) {
      const series = asRecord(item);
      for (const row of Array.isArray(series?.['values']) ? series['values'] : []) {
        if (!Array.isArray(row)) throw badShape();
        fields.push({ measurement: textOf(series?.['name']), field: textOf(row[0]), type: textOf(row[1]) });
      }
    }
  }
  return fields
    .filter(({ type }) => /^(?:float|integer|unsigned)$/.test(type))
    .map(({ measurement, field, type }) =>
      entry(
        `${measurement}.${field}`,
        `${field} of ${measurement} (${type})`,
        `SELECT mean(${quoted(field)}) FROM ${quoted(measurement)} WHERE time >= $from AND time < $to GROUP BY time(1h)`,
      ),
    );
}

async function sqlFields(ctx: ConnectorContext<InfluxdbOptions>): Promise<CatalogEntry[]> {
  const rows = await table(
    ctx,
    "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'iox'",
  );
  if (!Array.isArray(rows)) throw badShape();
  return rows.flatMap((item) => {
    const row = asRecord(item);
    if (row === null) throw badShape();
    const [name, column, type] = [textOf(row['table_name']), textOf(row['column_name']), textOf(row['data_type'])];
    if (!/^(?:Float|U?Int)\d+$/.test(type)) return [];
    const time = "date_bin(INTERVAL '1 hour', time)";
    return [
      entry(
        `${name}.${column}`,
        `${column} of ${name} (${type})`,
        `SELECT ${time} AS time, avg(${sqlQuoted(column)}) AS value FROM ${sqlQuoted(name)} WHERE time >= $from AND time < $to GROUP BY 1`,
      ),
    ];
  });
}

/** The buckets of the organisation, then the fields that were written to each in the last 30 days. */
async function fluxFields(ctx: ConnectorContext<InfluxdbOptions>): Promise<CatalogEntry[]> {
  const listed = await askFlux(ctx.http, ctx.options, 'buckets() |> keep(columns: ["name"])', 'discover');
  const buckets = columnOf(listed.body, 'name').filter((name) => !name.startsWith('_'));
  const entries: CatalogEntry[] = [];
  for (const bucket of buckets.slice(0, MOST_BUCKETS)) {
    const from = `from(bucket: ${JSON.stringify(bucket)})`;
    const response = await askFlux(
      ctx.http,
      ctx.options,
      `${from} |> range(start: -30d) |> group(columns: ["_measurement", "_field"]) |> first() |> keep(columns: ["_measurement", "_field", "_value"])`,
      'discover',
    );
    for (const { columns, types, rows } of readFluxTables(response.body, 'discover')) {
      const type = types[columns.indexOf('_value')] ?? '';
      if (!/^(?:double|long|unsignedLong)$/.test(type)) continue;
      for (const row of rows) {
        const [measurement = '', field = ''] = [row[columns.indexOf('_measurement')], row[columns.indexOf('_field')]];
        entries.push(
          entry(
            `${bucket}.${measurement}.${field}`,
            `${field} of ${measurement} in ${bucket} (${type})`,
            [
              from,
              'range(start: v.timeRangeStart, stop: v.timeRangeStop)',
              `filter(fn: (r) => r._measurement == ${JSON.stringify(measurement)} and r._field == ${JSON.stringify(field)})`,
              'group()',
              'aggregateWindow(every: v.windowPeriod, fn: mean)',
            ].join(' |> '),
          ),
        );
      }
    }
  }
  return entries;
}

function columnOf(body: string, column: string): string[] {
  return readFluxTables(body, 'discover').flatMap(({ columns, rows }) => {
    const at = columns.indexOf(column);
    return at < 0 ? [] : rows.map((row) => row[at] ?? '');
  });
}

/** A name in double quotes is one in InfluxQL and in SQL; quotes inside it are written otherwise. */
const quoted = (name: string): string => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const sqlQuoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function badShape(): PermanentError {
  return new PermanentError('source/bad-shape', 'discover: the answer does not list fields', {
    hint: 'Check that url leads to InfluxDB and that version is the right one.',
  });
}
