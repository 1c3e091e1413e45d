import { localDateAt } from '#domain';
import { fieldsToRead, localDateTimeOf, mappedFields, PermanentError, type PullWindow } from '#kit';
import { type Cursor, type ODataOptions, type ODataStream, type ODataVersion, orderOf, timeZoneOf } from './options.ts';
import { selection } from './select.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Without a zone a wall-clock time may be up to 12 hours behind UTC or 14 hours ahead of it. */
const BEHIND_UTC_MS = 12 * HOUR_MS;
const AHEAD_OF_UTC_MS = 14 * HOUR_MS;

function nextDate(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
}

/** First and one past the last local date that the window touches: whole days, so that no row is lost. */
function dateRange(window: PullWindow, timeZone: string | null): { from: string; before: string } {
  const [fromMs, lastMs] =
    timeZone === null
      ? [window.fromMs - BEHIND_UTC_MS, window.toMs - 1 + AHEAD_OF_UTC_MS]
      : [window.fromMs, window.toMs - 1];
  const zone = timeZone ?? 'UTC';
  return { from: localDateAt(fromMs, zone), before: nextDate(localDateAt(lastMs, zone)) };
}

/** Wall-clock bounds of the window, an hour wider on each side: clocks that go back show an hour twice. */
function wallClockRange(window: PullWindow, timeZone: string | null): { from: string; before: string } {
  const zone = timeZone ?? 'UTC';
  const [behindMs, aheadMs] = timeZone === null ? [BEHIND_UTC_MS, AHEAD_OF_UTC_MS] : [HOUR_MS, HOUR_MS];
  return {
    from: localDateTimeOf(window.fromMs - behindMs, zone),
    before: localDateTimeOf(window.toMs + aheadMs, zone),
  };
}

const utc = (epochMs: number): string => new Date(epochMs).toISOString().replace(/\.000Z$/, 'Z');

/** The window's two bounds as literals of the version and type: `[from, before)`. */
export function cursorBounds(
  version: ODataVersion,
  cursor: Cursor,
  window: PullWindow,
  timeZone: string | null,
): { from: string; before: string } {
  const v2 = version === 'v2';
  switch (cursor.type) {
    case 'date': {
      const { from, before } = dateRange(window, timeZone);
      return v2 ? { from: `datetime'${from}T00:00:00'`, before: `datetime'${before}T00:00:00'` } : { from, before };
    }
    case 'yyyymmdd': {
      const { from, before } = dateRange(window, timeZone);
      return { from: `'${from.replaceAll('-', '')}'`, before: `'${before.replaceAll('-', '')}'` };
    }
    case 'datetime': {
      if (!v2)
        throw new PermanentError('config/invalid-value', `cursor ${cursor.field}: OData V4 has no type datetime`, {
          hint: 'Write type: datetimeoffset (Edm.DateTimeOffset) or type: date (Edm.Date); outturn check shows the type.',
        });
      const { from, before } = wallClockRange(window, timeZone);
      return { from: `datetime'${from}'`, before: `datetime'${before}'` };
    }
    case 'datetimeoffset': {
      const [from, before] = [utc(window.fromMs), utc(window.toMs)];
      return v2 ? { from: `datetimeoffset'${from}'`, before: `datetimeoffset'${before}'` } : { from, before };
    }
  }
}

/** Fields that a pull asks for: those of the mapping, the cursor, the unit, and for a keyset the keys. */
export function selectedFields(stream: ODataStream): string[] {
  return [
    ...new Set([
      ...fieldsToRead(mappedFields(stream)),
      ...(stream.cursor === undefined ? [] : [stream.cursor.field]),
      ...(typeof stream.sourceUnit === 'object' ? [stream.sourceUnit.field] : []),
      ...(stream.paging === 'keyset' ? orderOf(stream) : []),
    ]),
  ];
}

/**
 * The query of a page. `after` is the condition that makes it one of a keyset, which then says how many rows it wants.
 * Else `$top` is never sent: it would turn off the service's own paging. Throws where V2 is asked to aggregate.
 */
export function pageQuery(
  options: Pick<ODataOptions, 'version' | 'parameters'>,
  stream: ODataStream,
  window: PullWindow | null,
  after = '',
): Record<string, string> {
  const { version } = options;
  const conditions = windowConditions(version, stream, window);
  const order = orderOf(stream);
  const isKeyset = stream.paging === 'keyset';
  return {
    ...options.parameters,
    ...(stream.apply === undefined
      ? {
          ...filterOf([...conditions, ...(after === '' ? [] : [`(${after})`])]),
          ...selection(version, selectedFields(stream), stream.expand),
        }
      : { $apply: aggregation(version, stream.apply, conditions), ...filterOf(after === '' ? [] : [after]) }),
    ...(order.length > 0 ? { $orderby: order.join(',') } : {}),
    ...(isKeyset ? { $top: String(stream.pageSize) } : stream.count ? countOf(version) : {}),
  };
}

const countOf = (version: ODataVersion): Record<string, string> =>
  version === 'v2' ? { $inlinecount: 'allpages' } : { $count: 'true' };

const filterOf = (conditions: readonly string[]): Record<string, string> =>
  conditions.length === 0 ? {} : { $filter: conditions.join(' and ') };

function windowConditions(version: ODataVersion, stream: ODataStream, window: PullWindow | null): string[] {
  const conditions = stream.filter === undefined ? [] : [`(${stream.filter})`];
  if (stream.cursor === undefined || window === null) return conditions;
  const { field } = stream.cursor;
  const bounds = cursorBounds(version, stream.cursor, window, timeZoneOf(stream));
  return [...conditions, `${field} ge ${bounds.from}`, `${field} lt ${bounds.before}`];
}

/** `$filter` would be applied to the sums: what limits the rows that are added up stands before them. */
function aggregation(version: ODataVersion, apply: string, conditions: readonly string[]): string {
  if (version === 'v2')
    throw new PermanentError('config/invalid-value', 'apply: OData V2 has no $apply', {
      hint: 'Take an entity set that adds up by itself, or leave apply out.',
    });
  return conditions.length === 0 ? apply : `filter(${conditions.join(' and ')})/${apply}`;
}
