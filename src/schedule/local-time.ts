const HOUR_MS = 3_600_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US-u-ca-iso8601-nu-latn', {
      timeZone,
      hourCycle: 'h23',
      ...{ year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}

/**
 * The wall clock at an instant, as milliseconds since 1970 as though the zone were UTC. Such local times can be compared
 * and reckoned with; an instant they become by `toInstant` alone.
 */
export function toLocalMs(instantMs: number, timeZone: string): number {
  const seconds = Math.floor(instantMs / 1000) * 1000;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(seconds)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (instantMs - seconds);
}

/**
 * The first instant at which the wall clock shows `localMs`; where the clocks skip that time, the first instant after the
 * skip, `isGap: true`.
 */
export function toInstant(localMs: number, timeZone: string): { instantMs: number; isGap: boolean } {
  const offset = (instantMs: number): number => toLocalMs(instantMs, timeZone) - instantMs;
  // Clocks change by at most a few hours, at most once in two days: the offsets around cover every reading.
  const before = offset(localMs - 24 * HOUR_MS);
  const after = offset(localMs + 24 * HOUR_MS);
  const readings = [...new Set([localMs - before, localMs - after])].sort((a, b) => a - b);
  for (const instantMs of readings) if (toLocalMs(instantMs, timeZone) === localMs) return { instantMs, isGap: false };
  // In the gap: the instant at which the offset changes.
  let low = localMs - 24 * HOUR_MS;
  let high = localMs + 24 * HOUR_MS;
  while (high - low > 1000) {
    const middle = Math.floor((low + high) / 2000) * 1000;
    if (offset(middle) === before) low = middle;
    else high = middle;
  }
  return { instantMs: high, isGap: true };
}
