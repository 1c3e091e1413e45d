import { createTask, validateDetailed } from 'node-cron';
import { OutturnError } from '#kit';
import { toInstant, toLocalMs } from './local-time.ts';

const DAY_MS = 86_400_000;
/** Clocks are never put back by more. */
const LARGEST_CHANGE_MS = 3 * 3_600_000;
/** Enough times of any expression to see its shortest interval, from a year that is not a leap year. */
const INTERVALS = 400;
const INTERVALS_FROM_MS = Date.UTC(2026, 0, 1) - 1;
/** 29 February may be eight years away (1896–1904, 2096–2104). */
const SEARCH_DAYS = 366 * 9;

/** One time at which a schedule is due, on the wall clock of its zone. */
export interface Slot {
  /** `2026-10-25T01:30[Europe/Berlin]`, with `:ss` where seconds matter: the ledger's key. A repeated hour is one slot. */
  key: string;
  /** The first instant that the slot stands for; in the spring gap the first one after it. */
  atMs: number;
  /** The local time does not exist on that day. */
  isGap: boolean;
}

const fieldNames: Record<string, string> = {
  expression: 'cron expression',
  dayOfMonth: 'day of month',
  dayOfWeek: 'day of week',
};

/** Null when the cron expression (five fields, or six beginning with seconds, or `@daily` …) is right; else what is wrong. */
export function validateCron(expression: string): string | null {
  if (expression.trim() === '') return 'cron expression: it is empty, five fields are expected';
  const { valid, errors } = validateDetailed(expression);
  if (valid) return null;
  return (
    errors
      .map(({ field, value, message }) => {
        const name = fieldNames[field] ?? field;
        if (field === 'expression') return `${name}: ${message}`;
        return message.includes('impossible')
          ? `${name}: no month among those asked for has a day ${value}`
          : `${name}: “${value}” is not allowed there`;
      })
      .join('; ') || 'cron expression: it is not valid'
  );
}

export interface SlotCalculator {
  /** Slots in (fromMs, toMs], in order; at most `limit` of them, the newest ones. */
  between(fromMs: number, toMs: number, limit: number): Slot[];
  /** The next `count` slots after `fromMs`. */
  next(fromMs: number, count: number): Slot[];
  /** The slot that an instant belongs to: in a repeated hour both readings give the same. */
  slotAt(instantMs: number): Slot;
  /** The slot of a local time, written as though the zone were UTC. */
  slotAtLocal(localMs: number): Slot;
  /** Whether the schedule has that slot. */
  has(slot: Slot): boolean;
}

/** The shortest stretch between two times of a cron expression on the wall clock; null when it has no two times. */
export function shortestIntervalMs(cron: string): number | null {
  let shortestMs: number | null = null;
  let previous: Slot | null = null;
  for (const slot of createSlotCalculator(cron, 'UTC').next(INTERVALS_FROM_MS, INTERVALS)) {
    if (previous !== null) shortestMs = Math.min(shortestMs ?? slot.atMs, slot.atMs - previous.atMs);
    previous = slot;
  }
  return shortestMs;
}

/** Pure: when a schedule is due, reckoned on the wall clock, so that each local time is due once whatever the clocks do. */
export function createSlotCalculator(cron: string, timeZone: string): SlotCalculator {
  const problem = validateCron(cron);
  if (problem !== null) throw new OutturnError('config/invalid-value', `${cron}: ${problem}`);
  const { fields } = validateDetailed(cron);
  const sorted = (values: readonly number[] | undefined): number[] => [...(values ?? [0])].sort((a, b) => a - b);
  const timesOfDay: number[] = [];
  for (const hour of sorted(fields?.hour))
    for (const minute of sorted(fields?.minute))
      for (const second of sorted(fields?.second)) timesOfDay.push(((hour * 60 + minute) * 60 + second) * 1000);
  const firstTime = timesOfDay[0] ?? 0;
  // node-cron decides about days (L, W, #); in UTC, for local times are written as though the zone were UTC.
  const matcher = createTask(cron, () => undefined, { timezone: 'UTC' });

  function slotOf(localMs: number): Slot {
    const { instantMs, isGap } = toInstant(localMs, timeZone);
    const iso = new Date(localMs).toISOString();
    const text = localMs % 60_000 === 0 ? iso.slice(0, 16) : iso.slice(0, 19);
    return { key: `${text}[${timeZone}]`, atMs: instantMs, isGap };
  }

  /** Around most instants the clocks do not change: then the wall clock alone tells what is before and what after. */
  function largestChangeMs(aroundMs: number): number {
    const offset = (instantMs: number): number => toLocalMs(instantMs, timeZone) - instantMs;
    const isSteady = offset(aroundMs - 2 * LARGEST_CHANGE_MS) === offset(aroundMs + 2 * LARGEST_CHANGE_MS);
    return isSteady ? 0 : LARGEST_CHANGE_MS;
  }

  const hasDay = (day: number): boolean => matcher.match(new Date(day * DAY_MS + firstTime));

  /** Slots after `fromMs`, in order. */
  function* after(fromMs: number): Generator<Slot> {
    const leastMs = toLocalMs(fromMs, timeZone) - largestChangeMs(fromMs);
    // The last hour of the day before may come again after midnight.
    const firstDay = Math.floor(leastMs / DAY_MS);
    for (let day = firstDay; day < firstDay + SEARCH_DAYS; day += 1) {
      if (!hasDay(day)) continue;
      for (const time of timesOfDay) {
        if (day * DAY_MS + time < leastMs) continue;
        const slot = slotOf(day * DAY_MS + time);
        if (slot.atMs > fromMs) yield slot;
      }
    }
  }

  /** Slots in (fromMs, toMs], the newest first. */
  function* backwards(fromMs: number, toMs: number): Generator<Slot> {
    const mostMs = toLocalMs(toMs, timeZone) + largestChangeMs(toMs);
    const lastDay = Math.floor((toLocalMs(fromMs, timeZone) - LARGEST_CHANGE_MS) / DAY_MS);
    for (let day = Math.floor(mostMs / DAY_MS); day >= lastDay; day -= 1) {
      if (!hasDay(day)) continue;
      for (let index = timesOfDay.length - 1; index >= 0; index -= 1) {
        const localMs = day * DAY_MS + (timesOfDay[index] ?? 0);
        if (localMs > mostMs) continue;
        const slot = slotOf(localMs);
        if (slot.atMs <= fromMs) return;
        if (slot.atMs <= toMs) yield slot;
      }
    }
  }

  return {
    between(fromMs, toMs, limit) {
      const slots: Slot[] = [];
      if (toMs <= fromMs || limit <= 0) return slots;
      for (const slot of backwards(fromMs, toMs)) if (slots.push(slot) === limit) break;
      return slots.reverse();
    },
    next(fromMs, count) {
      const slots: Slot[] = [];
      if (count <= 0) return slots;
      for (const slot of after(fromMs)) {
        slots.push(slot);
        if (slots.length === count) break;
      }
      return slots;
    },
    slotAtLocal: slotOf,
    has({ key, atMs }) {
      for (const slot of after(atMs - 1)) {
        if (slot.atMs > atMs) return false;
        if (slot.key === key) return true;
      }
      return false;
    },
    slotAt: (instantMs) => slotOf(toLocalMs(Math.floor(instantMs / 1000) * 1000, timeZone)),
  };
}
