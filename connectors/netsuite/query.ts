import { localDateAt, startOfDayMs } from '#domain';
import { PermanentError, type PullWindow, shownValue } from '#kit';
import type { Column, NetsuiteStream } from './options.ts';

const DAY_MS = 86_400_000;
/** Oracle's format models; SuiteQL writes dates in the account's own format unless it is told another. */
const FORMATS = { date: 'YYYY-MM-DD', datetime: 'YYYY-MM-DD HH24:MI:SS' } as const;

/** Whole local days, the last one excluded. */
export interface DayRange {
  from: string;
  before: string;
}

/**
 * The window as whole days of the account's time zone, in pieces; `completeToMs` is where everything before was read. A bound
 * within a day would lose rows: many dates of NetSuite have no time, and stand at the midnight before.
 */
export function* dayRanges(
  window: PullWindow,
  timeZone: string,
  daysPerQuery: number,
): Generator<DayRange & { completeToMs: number }> {
  if (window.toMs <= window.fromMs) return;
  const end = addDays(localDateAt(window.toMs - 1, timeZone), 1);
  for (let from = localDateAt(window.fromMs, timeZone); from < end; ) {
    const piece = addDays(from, daysPerQuery);
    const before = piece < end ? piece : end;
    yield { from, before, completeToMs: Math.min(startOfDayMs(before, timeZone), window.toMs) };
    from = before;
  }
}

const addDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

const selected = ({ sql, type }: Column): string =>
  type === 'date' || type === 'datetime' ? `TO_CHAR(${sql}, '${FORMATS[type]}')` : sql;

/** What a row is known by: the values of the stream's keys, as NetSuite sent them. */
export type RowKey = readonly string[];

/**
 * One page of a stream: the rows after `after` in the order of the keys. By keys and not by an offset, because rows move while
 * they are read, and no query answers more than 100,000 rows.
 */
export function selectQuery(stream: NetsuiteStream, range: DayRange | null, after: RowKey | null): string {
  const keys = stream.keys.map((name) => columnOf(stream, name));
  const conditions: string[] = [];
  if (stream.where !== undefined) conditions.push(`(${stream.where})`);
  if (stream.cursor !== undefined && range !== null)
    conditions.push(
      `${stream.cursor} >= TO_DATE('${range.from}', '${FORMATS.date}')`,
      `${stream.cursor} < TO_DATE('${range.before}', '${FORMATS.date}')`,
    );
  if (after !== null) conditions.push(`(${keysetCondition(keys, after)})`);
  const columns = Object.entries(stream.columns).map(([name, column]) => `${selected(column)} AS ${name}`);
  const grouped = stream.groupBy?.map((name) => selected(columnOf(stream, name)));
  return [
    `SELECT ${columns.join(', ')}`,
    `FROM ${stream.from}`,
    ...(conditions.length === 0 ? [] : [`WHERE ${conditions.join(' AND ')}`]),
    ...(grouped === undefined ? [] : [`GROUP BY ${grouped.join(', ')}`]),
    `ORDER BY ${keys.map(selected).join(', ')}`,
  ].join(' ');
}

/** `a > 1 OR (a = 1 AND b > 2)`: SuiteQL compares no tuples. */
function keysetCondition(keys: readonly Column[], after: RowKey): string {
  return keys
    .map((key, index) => {
      const equal = keys.slice(0, index).map((each, at) => `${selected(each)} = ${literal(each, after[at] ?? '')}`);
      const beyond = `${selected(key)} > ${literal(key, after[index] ?? '')}`;
      return equal.length === 0 ? beyond : `(${[...equal, beyond].join(' AND ')})`;
    })
    .join(' OR ');
}

function literal({ type }: Column, value: string): string {
  return type === 'number' ? value : `'${value.replaceAll("'", "''")}'`;
}

function columnOf(stream: NetsuiteStream, name: string): Column {
  const column = stream.columns[name];
  if (column === undefined) throw new PermanentError('config/invalid-value', `there is no column ${name}`);
  return column;
}

/** The key of a row. Throws `source/bad-shape` for one that is NULL, or no number where it should be one. */
export function keyOf(row: Readonly<Record<string, unknown>>, stream: NetsuiteStream, place: string): RowKey {
  return stream.keys.map((name) => {
    const value = Object.hasOwn(row, name) ? row[name] : null;
    if (value === null || value === undefined || typeof value === 'object')
      throw new PermanentError('source/bad-shape', `${place}: the key "${name}" is ${shownValue(value ?? null)}`, {
        hint: 'Name columns in keys that are never NULL, or leave such rows out by where.',
      });
    const text = String(value);
    if (columnOf(stream, name).type === 'number' && !/^-?\d{1,30}(?:\.\d{1,30})?$/.test(text))
      throw new PermanentError('source/bad-shape', `${place}: the key "${name}" is ${shownValue(text)}, not a number`, {
        hint: 'Leave type: number of this column out.',
      });
    return text;
  });
}

/** Throws `source/bad-shape` for two rows of one key: a page that ends between them would lose the second one. */
export function refuseTwin(before: RowKey | null, key: RowKey, stream: NetsuiteStream, place: string): void {
  if (before === null || before.some((part, index) => part !== key[index])) return;
  throw new PermanentError(
    'source/bad-shape',
    `${place}: two rows have the same ${stream.keys.map((name, index) => `${name} ${shownValue(key[index])}`).join(', ')}`,
    { hint: 'keys must identify a row: add a column, such as the number of the line.' },
  );
}
