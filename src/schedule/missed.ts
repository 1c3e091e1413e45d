import type { ScheduleConfig, Store } from '#kit';
import { pauseAt } from './pauses.ts';
import { createSlotCalculator, type Slot } from './slots.ts';
import { hasTimesOf } from './versions.ts';

/** Holes in the ledger are looked for so far back. */
export const LOOKBACK_MS = 24 * 3_600_000;
const MOST = 100;

export interface MissedSlot {
  schedule: string;
  slot: string;
  atMs: number;
}

/**
 * Slots that should have a line in the ledger and have none, `graceMs` after their time: oldest first, at most the newest
 * hundred of each schedule. Looks back one day, or to the newest slot that is settled when that is longer ago. Not
 * counted: what a schedule that was never seen, or has its times only since then, could not have fired, and pauses.
 */
export async function missedSlots(
  schedules: readonly ScheduleConfig[],
  store: Store,
  nowMs: number,
  graceMs: number,
): Promise<MissedSlot[]> {
  const versions = new Map((await store.schedules.currentVersions()).map((row) => [row.schedule, row]));
  const missed: MissedSlot[] = [];
  for (const schedule of schedules) {
    const version = versions.get(schedule.id);
    if (version === undefined || !hasTimesOf(version, schedule)) continue;
    const toMs = nowMs - graceMs;
    const newestMs = (await store.fires.newestSlotMs(schedule.id)) ?? version.sinceMs;
    const fromMs = Math.max(version.sinceMs, Math.min(newestMs, nowMs) - LOOKBACK_MS);
    for (const slot of await unsettled(schedule, store, fromMs, toMs, nowMs))
      missed.push({ schedule: schedule.id, slot: slot.key, atMs: slot.atMs });
  }
  return missed;
}

async function unsettled(
  schedule: ScheduleConfig,
  store: Store,
  fromMs: number,
  toMs: number,
  nowMs: number,
): Promise<Slot[]> {
  if (toMs <= fromMs) return [];
  const slots = createSlotCalculator(schedule.cron, schedule.timeZone).between(fromMs, toMs, 10 * MOST);
  if (slots.length === 0) return [];
  const settled = new Set(await store.fires.slotsBetween(schedule.id, fromMs, toMs));
  const open = slots.filter((slot) => !settled.has(slot.key));
  if (open.length === 0) return [];
  const pauses = await store.schedules.pauses({ schedule: schedule.id, sinceMs: fromMs });
  if (pauseAt(pauses, nowMs) !== null) return [];
  return open.filter((slot) => pauseAt(pauses, slot.atMs) === null).slice(-MOST);
}
