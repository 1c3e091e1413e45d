import { isLocalDate } from '#domain';
import { OutturnError } from '#kit';

const INSTANT = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(Z|[+-]\d{2}:\d{2})?$/;

/** A date (midnight UTC) or date-time (UTC without a zone) in milliseconds; the same on every machine, whatever its time zone. */
export function instantOption(text: string, option: string): number {
  const [, date = '', time, zone] = INSTANT.exec(text) ?? [];
  const known = isLocalDate(date) && (time !== undefined || zone === undefined);
  const atMs = known ? Date.parse(time === undefined ? date : `${date}${time}${zone ?? 'Z'}`) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new OutturnError(
      'usage',
      `${option} takes an ISO date or date-time such as 2026-09-01 or 2026-09-01T06:00:00Z, not "${text}".`,
    );
  return atMs;
}

/** `2026-09-01`, or `2026-09-01T06:00Z` where it is not midnight. */
export const windowInstant = (atMs: number): string =>
  new Date(atMs)
    .toISOString()
    .replace('T00:00:00.000Z', '')
    .replace(/(:00)?\.000Z$/, 'Z');
