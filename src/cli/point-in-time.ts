import { addDays, isLocalDate, type LocalDate, startOfDayMs } from '#domain';
import { OutturnError, parseInstantMs } from '#kit';

/** A date of the calendar, or nothing. Throws `usage`. */
export function localDateOption(name: string, text: string | undefined): LocalDate | undefined {
  if (text === undefined || isLocalDate(text)) return text;
  throw new OutturnError('usage', `${name} takes a date of the calendar like 2026-09-30, not "${text}".`);
}

/** A date means its end in the time zone; else a date-time with offset. Throws `usage`. */
export function instantOption(
  name: string,
  text: string | undefined,
  timeZone: string,
  nowMs: number = Date.now(),
): number | undefined {
  if (text === undefined) return undefined;
  const isDate = isLocalDate(text);
  const firstMs = isDate ? startOfDayMs(text, timeZone) : parseInstantMs(text);
  // Nobody knows yet what will have been recorded by then.
  if (firstMs !== null && firstMs > nowMs) throw new OutturnError('usage', `${name} ${text} is to come.`);
  if (isDate) return Math.min(startOfDayMs(addDays(text, 1), timeZone) - 1, nowMs);
  if (firstMs !== null) return firstMs;
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
