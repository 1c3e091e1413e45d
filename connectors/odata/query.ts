import { localDateAt } from '#domain';
import { localDateTimeOf, mappedFields, PermanentError, type PullWindow } from '#kit';
import { type Cursor, type ODataOptions, type ODataStream, type ODataVersion, timeZoneOf } from './options.ts';

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

/** Fields that a pull asks for: those of the mapping and the cursor. */
export function selectedFields(stream: ODataStream): string[] {
  return [...new Set([...mappedFields(stream), ...(stream.cursor === undefined ? [] : [stream.cursor.field])])];
}

/** Cursor first, then what identifies a row, so that pages do not overlap. */
export function orderFields(stream: ODataStream): string[] {
  const keys = stream.keys ?? stream.costs?.sourceKey ?? stream.measurements?.labels ?? [];
  return [...new Set([...(stream.cursor === undefined ? [] : [stream.cursor.field]), ...keys])];
}

/** The query of the first page. `$top` is never sent: it would turn off the service's own paging. */
export function firstQuery(
  options: Pick<ODataOptions, 'version' | 'parameters'>,
  stream: ODataStream,
  window: PullWindow | null,
): Record<string, string> {
  const conditions: string[] = [];
  if (stream.filter !== undefined) conditions.push(`(${stream.filter})`);
  if (stream.cursor !== undefined && window !== null) {
    const { field } = stream.cursor;
    const bounds = cursorBounds(options.version, stream.cursor, window, timeZoneOf(stream));
    conditions.push(`${field} ge ${bounds.from}`, `${field} lt ${bounds.before}`);
  }
  const order = orderFields(stream);
  return {
    ...options.parameters,
    ...(conditions.length > 0 ? { $filter: conditions.join(' and ') } : {}),
    $select: selectedFields(stream).join(','),
    ...(order.length > 0 ? { $orderby: order.join(',') } : {}),
    ...(stream.count ? (options.version === 'v2' ? { $inlinecount: 'allpages' } : { $count: 'true' }) : {}),
  };
}
