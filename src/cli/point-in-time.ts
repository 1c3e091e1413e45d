import { addDays, isLocalDate, type LocalDate, startOfDayMs } from '#domain';
import { OutturnError, parseInstantMs } from '#kit';

/** A date of the calendar, or nothing. Throws `usage`. */
export function localDateOption(name: string, text: string | undefined): LocalDate | undefined {
  if (text === undefined || isLocalDate(text)) return text;
  throw new OutturnError('usage', `${name} takes a date of the calendar like 2026-09-30, not "${text}".`);
}

/** A date means its end in the time zone; else a date-time with offset. Throws `usage`. */
export function instantOption(name: string, text: string | undefined, timeZone: string): number | undefined {
  if (text === undefined) return undefined;
  if (isLocalDate(text)) return startOfDayMs(addDays(text, 1), timeZone) - 1;
  const atMs = parseInstantMs(text);
  if (atMs !== null) return atMs;
  throw new OutturnError(
    'usage',
    `${name} takes a date like 2026-09-30 or a date-time with offset like 2026-09-30T18:00:00+02:00, not "${text}".`,
  );
}

/** A whole number within bounds. Throws `usage`. */
export function wholeNumberOption(
  name: string,
  text: string,
  { least, most }: { least: number; most: number },
): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= least && number <= most) return number;
  throw new OutturnError('usage', `${name} takes a whole number from ${least} to ${most}, not "${text}".`);
}
