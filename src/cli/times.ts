import { OutturnError, parseDurationMs } from '#kit';

/** `12s`, `5m`, `3h`, `2d`. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 100) return `${seconds}s`;
  if (seconds < 6_000) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)}h` : `${Math.round(seconds / 86_400)}d`;
}

/** `2026-11-23 06:00:12Z`. */
export const instantWords = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;

const INSTANT = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** `--since`: a duration before now (`2h`, `7d`) or an ISO date or date-time, UTC without a zone. */
export function sinceOption(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return nowMs - durationMs;
  const zoned = /(Z|[+-]\d{2}:\d{2}|^\d{4}-\d{2}-\d{2})$/.test(text) ? text : `${text}Z`;
  const atMs = INSTANT.test(text) ? Date.parse(zoned) : Number.NaN;
  if (Number.isNaN(atMs))
    throw new OutturnError(
      'usage',
      `--since takes a duration such as 2h or 7d, or an ISO date or time, not "${text}".`,
    );
  return atMs;
}

/** `--limit`: a whole number from 1 to 10,000. */
export function limitOption(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000)
    throw new OutturnError('usage', `--limit takes a whole number from 1 to 10000, not "${text}".`);
  return limit;
}
