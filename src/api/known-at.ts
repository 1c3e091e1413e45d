import { z } from 'zod';
import { addDays, isLocalDate, startOfDayMs } from '#domain';
import { OutturnError, parseInstantMs } from '#kit';

/** A business date that the calendar of the books has. */
export const businessDate = z.iso.date().refine(isLocalDate, 'expected a date of the calendar, YYYY-MM-DD');
/** A date-time with offset, of no more digits than it is read with: else it would be taken for none, which means now. */
export const instant = z.iso
  .datetime({ offset: true })
  .refine(
    (text) => parseInstantMs(text) !== null,
    'expected a date-time with offset, such as 2026-07-05T18:00:00+02:00',
  );

/**
 * Until when something was recorded: a date-time, or where a time zone is given a date, which means its end. What today's end will
 * have seen nobody knows yet: then now is meant. Throws `api/invalid-request` for a time to come. Undefined: now.
 */
export function knownAtOf(text: string | undefined, nowMs: number, timeZone = 'UTC'): number | undefined {
  if (text === undefined) return undefined;
  const isDate = isLocalDate(text);
  const firstMs = isDate ? startOfDayMs(text, timeZone) : parseInstantMs(text);
  if (firstMs === null || firstMs > nowMs)
    throw new OutturnError('api/invalid-request', `knownAt: ${text} is to come.`, {
      facts: { errors: [{ path: 'knownAt', message: 'is to come' }] },
    });
  return isDate ? Math.min(startOfDayMs(addDays(text, 1), timeZone) - 1, nowMs) : firstMs;
}
