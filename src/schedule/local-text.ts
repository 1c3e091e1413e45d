import { OutturnError, parseDurationMs } from '#kit';
import { toInstant, toLocalMs } from './local-time.ts';
import type { Slot, SlotCalculator } from './slots.ts';

/** The wall clock at an instant, with its offset: `2026-11-30T08:00+01:00`, seconds where they matter. */
export function localText(atMs: number, timeZone: string): string {
  const localMs = toLocalMs(atMs, timeZone);
  const iso = new Date(localMs).toISOString();
  const offsetMinutes = Math.round((localMs - atMs) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const size = Math.abs(offsetMinutes);
  const sign = offsetMinutes < 0 ? '-' : '+';
  return `${localMs % 60_000 === 0 ? iso.slice(0, 16) : iso.slice(0, 19)}${sign}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

const WHEN = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)(Z|[+-]\d{2}:\d{2})?(?:\[[^\]]+\])?$/;

/** The slot that a text means: a slot as the ledger writes it, a local time of the schedule's zone, or an instant. */
export function readSlot(text: string, calculator: SlotCalculator): Slot {
  const [, date, time, offset] = WHEN.exec(text.trim()) ?? [];
  const atMs = Date.parse(`${date}T${time}${offset ?? 'Z'}`);
  // A date that the calendar does not have (30 February) would roll over into the next month.
  const isReal = !Number.isNaN(atMs) && new Date(`${date}T00:00Z`).toISOString().startsWith(date ?? '?');
  if (!isReal)
    throw new OutturnError('usage', `"${text}" is no time of a schedule.`, {
      hint: 'Give a local time of the schedule such as 2026-10-25T01:30, an instant such as 2026-10-25T00:30Z, or a slot as `outturn schedule fires` shows it.',
    });
  return offset === undefined ? calculator.slotAtLocal(atMs) : calculator.slotAt(atMs);
}

const LOCAL = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?)?$/;

/** The instant that `--until` means: a duration from now, a date or local time of the zone, or an instant. */
export function readUntil(text: string, timeZone: string, nowMs: number): number {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return nowMs + durationMs;
  const [, date, time = '00:00', offset] = LOCAL.exec(text.trim()) ?? [];
  const atMs = Date.parse(`${date}T${time}${offset ?? 'Z'}`);
  if (Number.isNaN(atMs) || !new Date(`${date}T00:00Z`).toISOString().startsWith(date ?? '?'))
    throw new OutturnError('usage', `"${text}" is no time.`, {
      hint: 'Give a duration such as 2h, a date or local time of the schedule such as 2026-12-01T08:00, or an instant such as 2026-12-01T07:00Z.',
    });
  return offset === undefined ? toInstant(atMs, timeZone).instantMs : atMs;
}
