import { asRecord, badShapeWith, type ParseContext, PermanentError, pageJson, shownValue } from '#kit';
import { fluxError, readFluxTables } from './flux-csv.ts';
import { type InfluxdbOptions, type InfluxdbStream, languageOf } from './options.ts';

export const badShape = badShapeWith('Check that url leads to InfluxDB and that version is the right one.');

/** `series`: InfluxQL of versions 1 and 2. `rows`: JSON of version 3. `flux`: annotated CSV. */
export type PageForm = 'series' | 'rows' | 'flux';

/** One value of an answer, whatever its form. */
interface Point {
  /** Of the series. */
  tags: Record<string, string>;
  /** What tells it from every other series of the answer, beyond the tags that become labels. */
  series: string;
  /** Null: no time. */
  time: unknown;
  value: unknown;
  /** For messages. */
  name: string;
}

type Reader = (body: string, ctx: ParseContext<InfluxdbOptions, InfluxdbStream>, place: string) => Iterable<Point>;
export const readers: Readonly<Record<PageForm, Reader>> = { series: seriesPoints, rows: rowPoints, flux: fluxPoints };

/** `{"results": [{"series": [{name, tags, columns, values}]}]}` of version 1. */
function* seriesPoints(body: string, { stream }: Parameters<Reader>[1], place: string): Generator<Point> {
  const results = asRecord(pageJson(body, place, badShape))?.['results'];
  if (!Array.isArray(results) || results.length !== 1)
    throw badShape(
      `${place}: the answer does not have one result`,
      'The query must be one statement; check that url leads to InfluxDB.',
    );
  const result = asRecord(results[0]);
  if (result === null) throw badShape(`${place}: the result is ${shownValue(results[0])}, not an object`);
  if (result['error'] !== undefined) throw badShape(`${place}: the result is an error: ${shownValue(result['error'])}`);
  const list = result['series'] ?? [];
  if (!Array.isArray(list)) throw badShape(`${place}: series is ${shownValue(list)}, not a list`);
  for (const [index, item] of list.entries()) {
    const series = asRecord(item);
    const columns = series?.['columns'];
    const values = series?.['values'] ?? [];
    if (!isTexts(columns) || !Array.isArray(values))
      throw badShape(`${place}: series ${index + 1} has no columns and values`);
    const tags = textsOf(series?.['tags'] ?? {}, `${place}: tags of series ${index + 1}`);
    const name = seriesName(typeof series?.['name'] === 'string' ? series['name'] : '', tags);
    const whole = JSON.stringify([textOf(series?.['name']), tags]);
    const timeAt = columns.indexOf('time');
    if (timeAt < 0) throw badShape(`${place}: ${name} has no column time, but ${columns.join(', ').slice(0, 200)}`);
    const labelled = columns.flatMap((column, at) =>
      at !== timeAt && stream.labels?.includes(column) === true ? [[column, at] as const] : [],
    );
    const valueAt = valueColumn(
      columns.filter((column) => column !== 'time' && !labelled.some(([label]) => label === column)),
      columns,
      stream,
      `${place}: ${name}`,
    );
    for (const row of values) {
      if (!Array.isArray(row)) throw badShape(`${place}: a row of ${name} is ${shownValue(row)}, not a list`);
      if (row.length !== columns.length)
        throw badShape(
          `${place}: a row of ${name} has ${row.length} values, where there are ${columns.length} columns`,
        );
      yield {
        tags: labelled.length === 0 ? tags : withColumns(tags, row, labelled, `${place}: ${name}`),
        series: whole,
        time: row[timeAt],
        value: row[valueAt],
        name,
      };
    }
  }
}

function valueColumn(
  candidates: readonly string[],
  columns: readonly string[],
  stream: InfluxdbStream,
  place: string,
): number {
  const [only] = candidates;
  const column = stream.value ?? (candidates.length === 1 ? only : undefined);
  const at = column === undefined ? -1 : columns.indexOf(column);
  if (at >= 0) return at;
  throw badShape(
    column === undefined
      ? `${place} has several columns: ${candidates.join(', ').slice(0, 200)}`
      : `${place} has no column ${column}, but ${columns.join(', ').slice(0, 200)}`,
    'Name the column of the number in value, those of labels in labels, or select one field.',
  );
}

function withColumns(
  tags: Record<string, string>,
  row: readonly unknown[],
  labelled: readonly (readonly [string, number])[],
  place: string,
): Record<string, string> {
  const added = labelled.flatMap(([label, at]): [string, string][] => {
    const cell = row[at];
    if (cell === null || cell === undefined) return [];
    if (typeof cell === 'object') throw badShape(`${place}: ${label} is ${shownValue(cell)}, not a text`);
    return [[label, String(cell)]];
  });
  return Object.fromEntries([...Object.entries(tags), ...added]);
}

/** Names of what version 3 adds to the rows of InfluxQL. */
const ROW_FRAME: ReadonlySet<string> = new Set(['time', 'iox::measurement']);

/** A list of objects, one a row, of version 3. A null is a field that is not there. */
function* rowPoints(body: string, { stream, options }: Parameters<Reader>[1], place: string): Generator<Point> {
  const rows = pageJson(body, place, badShape);
  if (!Array.isArray(rows)) throw badShape(`${place}: the answer is not a list of rows`);
  const value = stream.value ?? (languageOf(options) === 'sql' ? 'value' : null);
  for (const [index, item] of rows.entries()) {
    const row = asRecord(item);
    if (row === null) throw badShape(`${place}: row ${index + 1} is ${shownValue(item)}, not an object`);
    const others = Object.keys(row).filter((column) => !ROW_FRAME.has(column));
    const named = value ?? onlyNumber(row, others, stream, `${place}: row ${index + 1}`);
    const tags = others.flatMap((column): [string, string][] => {
      const cell = row[column];
      if (column === named || (typeof cell !== 'string' && stream.labels?.includes(column) !== true)) return [];
      if (cell === null || typeof cell === 'object') return [];
      return [[column, String(cell)]];
    });
    if (row['time'] === undefined)
      throw badShape(`${place}: row ${index + 1} has no time, but ${others.join(', ').slice(0, 200)}`);
    const labels = Object.fromEntries(tags);
    yield {
      tags: labels,
      series: JSON.stringify([textOf(row['iox::measurement']), labels]),
      time: row['time'],
      value: named === null ? null : row[named],
      name: seriesName(`row ${index + 1}`, labels),
    };
  }
}

/** Null where the number of this row is missing. */
function onlyNumber(
  row: Record<string, unknown>,
  columns: readonly string[],
  stream: InfluxdbStream,
  place: string,
): string | null {
  const numbers = columns.filter(
    (column) => typeof row[column] === 'number' && stream.labels?.includes(column) !== true,
  );
  if (numbers.length > 1)
    throw badShape(
      `${place} has several numbers: ${numbers.join(', ').slice(0, 200)}`,
      'Name the column of the number in value.',
    );
  return numbers[0] ?? null;
}

/** What the columns of Flux mean besides tags. */
const FLUX_FRAME: ReadonlySet<string> = new Set([
  'result',
  'table',
  '_start',
  '_stop',
  '_time',
  '_measurement',
  '_field',
]);

function* fluxPoints(body: string, { stream }: Parameters<Reader>[1], place: string): Generator<Point> {
  const failed = fluxError(body);
  if (failed !== null) throw badShape(`${place}: the answer ends in an error: ${failed}`);
  const column = stream.value ?? '_value';
  for (const { columns, types, isGroup, rows } of readFluxTables(body, place)) {
    const valueAt = columns.indexOf(column);
    const timeAt = columns.indexOf('_time');
    const tableAt = columns.indexOf('table');
    if (valueAt < 0 || timeAt < 0)
      throw badShape(
        `${place}: a table has no column ${timeAt < 0 ? '_time' : column}, but ${columns.join(', ').slice(0, 200)}`,
        'Name the column of the number in value; aggregates over the whole range have no _time, aggregateWindow has.',
      );
    if (!/^(?:double|long|unsignedLong|duration)$/.test(types[valueAt] ?? ''))
      throw new PermanentError(
        'source/bad-number',
        `${place}: ${column} is of type ${(types[valueAt] ?? 'none').slice(0, 40)}, not a number`,
        {
          hint: 'Filter for a field with numbers.',
        },
      );
    const labelled = columns.flatMap((name, at) => {
      const isLabel =
        stream.labels === undefined ? isGroup[at] === true && !FLUX_FRAME.has(name) : stream.labels.includes(name);
      return isLabel && at !== valueAt && at !== timeAt ? [[name, at] as const] : [];
    });
    const known = new Map<string, Record<string, string>>();
    for (const row of rows) {
      const entries = labelled.map(([name, at]): [string, string] => [name, row[at] ?? '']);
      const key = JSON.stringify(entries);
      const tags = known.get(key) ?? Object.fromEntries(entries);
      known.set(key, tags);
      const text = row[valueAt] ?? '';
      yield {
        tags,
        series: row[tableAt] ?? '',
        time: row[timeAt],
        value: text === '' ? null : fluxNumber(text),
        name: seriesName(`table ${row[tableAt] ?? ''}`, tags),
      };
    }
  }
}

const fluxNumber = (text: string): unknown =>
  /^(?:NaN|[+-]?Inf)$/.test(text)
    ? Number.NaN
    : text.trim() !== '' && Number.isFinite(Number(text))
      ? Number(text)
      : text;

function seriesName(name: string, tags: Record<string, string>): string {
  const shown = Object.entries(tags).map(([tag, value]) => `${tag}=${value}`);
  return [name, ...shown].join(',').slice(0, 300);
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function textsOf(value: unknown, place: string): Record<string, string> {
  const record = asRecord(value);
  if (record === null || !Object.values(record).every((each) => typeof each === 'string'))
    throw badShape(`${place} are no texts`);
  return record as Record<string, string>;
}
