import { z } from 'zod';

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};
const DURATION_PART = /(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)/y;
const ISO_DURATION =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;
/** A century: longer is a slip of the keyboard, and stays far from the limits of a date. */
const MAX_DURATION_MS = 36_525 * 86_400_000;

/** Milliseconds of `30s`, `1h30m`, `2 d`, `P1DT12H`. No months or years: their length is not fixed. A day is 24 h. */
export function parseDurationMs(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed.length > 64) return null;
  const totalMs = trimmed.startsWith('P') ? isoDurationMs(trimmed) : shortDurationMs(trimmed);
  if (totalMs === null || !Number.isFinite(totalMs) || totalMs > MAX_DURATION_MS) return null;
  return Math.round(totalMs);
}

function shortDurationMs(text: string): number | null {
  if (text === '0') return 0;
  let totalMs = 0;
  let position = 0;
  while (position < text.length) {
    DURATION_PART.lastIndex = position;
    const part = DURATION_PART.exec(text);
    if (part === null) return null;
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? Number.NaN);
    position = DURATION_PART.lastIndex;
    while (text[position] === ' ') position += 1;
  }
  return text === '' ? null : totalMs;
}

function isoDurationMs(text: string): number | null {
  const parts = ISO_DURATION.exec(text);
  if (parts === null || text === 'P' || text.endsWith('T')) return null;
  const units = ['w', 'd', 'h', 'm', 's'];
  return units.reduce((sum, unit, index) => sum + Number(parts[index + 1] ?? 0) * (UNIT_MS[unit] ?? 0), 0);
}

/** The largest units that say it exactly: 5400000 → `1h30m`. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = durationMs;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = UNIT_MS[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** Fields that are written as a duration and read as milliseconds, also where `.meta()` and checks were put on top. */
const written = z.registry<{ as: 'duration' }>();

/** Says of a schema that its field is a duration. */
export function asDuration<S extends z.ZodType<number, string>>(schema: S): S {
  written.add(schema, { as: 'duration' });
  return schema;
}

export const isDurationSchema = (schema: z.core.$ZodType): boolean => written.get(schema)?.as === 'duration';

const EXPECTED = 'expected a duration such as 30s, 15m, 2h, 7d or P1D';
/** A duration in YAML (`1h`, `P1D`), read as milliseconds. */
export const durationSchema: z.ZodType<number, string> = asDuration(
  z
    .string({ error: EXPECTED })
    .transform((text, ctx) => {
      const parsed = parseDurationMs(text);
      if (parsed !== null) return parsed;
      ctx.addIssue({ code: 'custom', message: EXPECTED });
      return z.NEVER;
    })
    .meta({
      description: 'A duration: a number with ms, s, m, h, d or w (`1h30m` adds up), or ISO 8601 (`P1D`, `PT15M`).',
      examples: ['30s', '15m', '2h', '7d', 'P1D'],
    }),
);
