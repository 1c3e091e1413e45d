import { Temporal } from 'temporal-polyfill';
import { parseDecimal, parseLocalDate } from './units.ts';

/** How a source writes dates without saying so: the ISO way, or one of the local orders of CSV exports. */
export const dateFormats = ['iso', 'dd.mm.yyyy', 'dd/mm/yyyy', 'mm/dd/yyyy'] as const;
export type DateFormat = (typeof dateFormats)[number];

/** `absent`: a blank cell or null; `not-finite`: NaN or an infinity, which is no measurement; `invalid`: no number at all. */
export type NumberReading =
  | { kind: 'number'; text: string }
  | { kind: 'absent' }
  | { kind: 'not-finite' }
  | { kind: 'invalid' };

const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;
/**
 * A cell as an exact decimal in canonical form (`-1234.5`). Reads JSON numbers, numeric text, exponents, SAP's trailing minus
 * (`12.50-`), and with `decimal: ','` the form `1.234,56` (also with spaces or apostrophes between thousands).
 * Without `decimal`, `1,234` is refused: it is 1234 to one reader and 1.234 to another.
 */
export function readNumber(cell: unknown, decimal?: '.' | ','): NumberReading {
  if (cell === null || cell === undefined) return { kind: 'absent' };
  if (typeof cell === 'number') return Number.isFinite(cell) ? readNumber(String(cell)) : { kind: 'not-finite' };
  if (typeof cell === 'bigint') return { kind: 'number', text: cell.toString() };
  if (typeof cell !== 'string') return { kind: 'invalid' };
  let text = cell.trim();
  if (text === '') return { kind: 'absent' };
  if (NOT_FINITE.test(text)) return { kind: 'not-finite' };
  const group = decimal === ',' ? "[.\\u0020\\u00a0\\u202f']" : "[,\\u0020\\u00a0\\u202f']";
  const grouped = new RegExp(`^[+-]?\\d{1,3}(${group})\\d{3}(\\1\\d{3})*([.,]\\d+)?-?$`).exec(text);
  const ambiguous =
    decimal === undefined && grouped?.[1] === ',' && text.split(',').length === 2 && !text.includes('.');
  if (ambiguous) return { kind: 'invalid' };
  if (grouped?.[1] !== undefined) text = text.replaceAll(grouped[1], '');
  if (decimal === ',') {
    if (text.includes('.')) return { kind: 'invalid' };
    text = text.replace(',', '.');
  }
  if (/^\d.*-$/.test(text)) text = `-${text.slice(0, -1)}`;
  const canonical = parseDecimal(text);
  return canonical === null ? { kind: 'invalid' } : { kind: 'number', text: canonical };
}

/** What a cell says about time: a day, a wall-clock time without zone, or an instant. */
export type TimeReading =
  | { kind: 'date'; date: string }
  | { kind: 'local'; dateTime: string }
  | { kind: 'instant'; epochMs: number; writtenDate: string }
  | { kind: 'absent' }
  | { kind: 'invalid' };

const ODATA_V2_DATE = /^\/Date\((-?\d+)([+-]\d{1,4})?\)\/$/;
const ISO_TIME = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;
/** Surely a time of day, for which nobody need ask the calendar: a page has many thousand. */
const PLAIN_TIME = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?$/;
const LOCAL_ORDER: Readonly<Record<Exclude<DateFormat, 'iso'>, RegExp>> = {
  'dd.mm.yyyy': /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4})(?<rest>.*)$/,
  'dd/mm/yyyy': /^(?<day>\d{1,2})\/(?<month>\d{1,2})\/(?<year>\d{4})(?<rest>.*)$/,
  'mm/dd/yyyy': /^(?<month>\d{1,2})\/(?<day>\d{1,2})\/(?<year>\d{4})(?<rest>.*)$/,
};

function toIsoOrder(text: string, format: DateFormat): string | null {
  if (format === 'iso') return /^\d{8}$/.test(text) ? text.replace(/(....)(..)(..)/, '$1-$2-$3') : text;
  const groups = LOCAL_ORDER[format].exec(text)?.groups;
  if (groups === undefined) return null;
  return `${groups['year']}-${groups['month']?.padStart(2, '0')}-${groups['day']?.padStart(2, '0')}${groups['rest']}`;
}

/**
 * Reads `2026-01-31`, `20260131`, `2026-01-31T10:00`, the same with `Z` or an offset, and OData V2's
 * `/Date(ms)/` (no offset: wall-clock time) and `/Date(ms±minutes)/` (an instant; the minutes, added to it, give the
 * time that was written: MS-ODATA §2.2.6.3.1).
 */
export function readTime(cell: unknown, format: DateFormat = 'iso'): TimeReading {
  if (cell === null || cell === undefined) return { kind: 'absent' };
  if (typeof cell !== 'string') return { kind: 'invalid' };
  const text = cell.trim();
  if (text === '') return { kind: 'absent' };
  const v2 = ODATA_V2_DATE.exec(text);
  if (v2 !== null) {
    const epochMs = Number(v2[1]);
    if (Math.abs(epochMs) > 8.64e15) return { kind: 'invalid' };
    const writtenMs = epochMs + Number(v2[2] ?? 0) * 60_000;
    if (Math.abs(writtenMs) > 8.64e15) return { kind: 'invalid' };
    const written = new Date(writtenMs).toISOString();
    if (v2[2] !== undefined) return { kind: 'instant', epochMs, writtenDate: written.slice(0, 10) };
    return { kind: 'local', dateTime: written.slice(0, -1) };
  }
  const match = ISO_TIME.exec(toIsoOrder(text, format) ?? '');
  const [, date, time, offset] = match ?? [];
  if (date === undefined || parseLocalDate(date) === null) return { kind: 'invalid' };
  try {
    if (time === undefined) return { kind: 'date', date };
    const dateTime = `${date}T${time.replace(',', '.')}`;
    if (!PLAIN_TIME.test(time)) Temporal.PlainDateTime.from(dateTime, { overflow: 'reject' });
    if (offset === undefined) return { kind: 'local', dateTime };
    const epochMs = Temporal.Instant.from(`${dateTime}${offset.toUpperCase()}`).epochMilliseconds;
    return { kind: 'instant', epochMs, writtenDate: date };
  } catch {
    return { kind: 'invalid' };
  }
}

/** A wall-clock time as an instant: the earlier one when the clock shows it twice, the later one when it skips it. */
export function localDateTimeMs(dateTime: string, timeZone: string): number {
  return Temporal.PlainDateTime.from(dateTime).toZonedDateTime(timeZone).epochMilliseconds;
}

/** The wall-clock time of an instant, `YYYY-MM-DDTHH:mm:ss` (with a fraction only when there is one). */
export function localDateTimeOf(epochMs: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(epochMs)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime()
    .toString({ smallestUnit: epochMs % 1000 === 0 ? 'second' : 'millisecond' });
}

/** The instant some calendar days and months later on the wall clock: 23, 24 or 25 hours for one day. */
export function addCalendarMs(
  epochMs: number,
  amount: { days?: number | undefined; months?: number | undefined },
  timeZone: string,
): number {
  return Temporal.Instant.fromEpochMilliseconds(epochMs)
    .toZonedDateTimeISO(timeZone)
    .add({ days: amount.days ?? 0, months: amount.months ?? 0 }).epochMilliseconds;
}
