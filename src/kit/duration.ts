import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `30s`, `1h30m`, `2d`, `1w` as milliseconds (a day is 24 hours); null when it is not written so. */
export function parseDurationMs(text: string): number | null {
  if (!/^(?:\d+(?:ms|[smhdw]))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|[smhdw])/g))
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return Number.isSafeInteger(totalMs) ? totalMs : null;
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

/** A duration in YAML (`1h`, `2d`), read as milliseconds. */
export const durationSchema = z
  .string()
  .regex(/^(?:\d+(?:ms|[smhdw]))+$/, 'write a duration such as 30s, 15m, 1h30m, 2d or 1w')
  .transform((text, ctx) => {
    const parsed = parseDurationMs(text);
    if (parsed !== null) return parsed;
    ctx.addIssue({ code: 'custom', message: 'the duration is too long' });
    return z.NEVER;
  });
