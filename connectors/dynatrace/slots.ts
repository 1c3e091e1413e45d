import { PermanentError, shownValue } from '#kit';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const UNIT_MONTHS: Readonly<Record<string, number>> = { M: 1, q: 3, y: 12 };

/**
 * Where the slot began that ends at `endMs`, by the resolution that the source answered in (`5m`, `1h`, `1M`). Old versions
 * do not say it: then it is the one that was asked for.
 */
export function startOfSlot(endMs: number, resolution: unknown, stepMs: number, place: string): number {
  if (resolution === undefined || resolution === null) return endMs - stepMs;
  const [, digits = '', unit = ''] =
    /^(\d{1,4})([mhdwMqy])$/.exec(typeof resolution === 'string' ? resolution : '') ?? [];
  const count = Number(digits);
  const months = UNIT_MONTHS[unit];
  if (count < 1 || (months === undefined && UNIT_MS[unit] === undefined))
    throw new PermanentError(
      'source/bad-shape',
      `${place}: the resolution is ${shownValue(resolution)}, expected such as 1h`,
      {
        hint: 'Leave :fold and the like out of metricSelector.',
      },
    );
  if (months === undefined) return endMs - count * (UNIT_MS[unit] ?? 0);
  const start = new Date(endMs);
  start.setUTCMonth(start.getUTCMonth() - count * months);
  return start.getTime();
}
