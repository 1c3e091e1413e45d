import type { Logger, ScheduleConfig, ScheduleVersionRow, Store } from '#kit';
import { scheduleLock } from './ledger.ts';

export const hasTimesOf = (version: ScheduleVersionRow, schedule: ScheduleConfig): boolean =>
  version.cron === schedule.cron && version.timeZone === schedule.timeZone;

interface Context {
  store: Store;
  log: Logger;
  nowMs: number;
}

/**
 * Since when the schedule has the times that it has: slots before that are not missed. A schedule that is new, that has
 * other times or that was away from the configuration begins now; one that an earlier release fired, at its newest slot.
 */
export async function adoptVersion({ store, log, nowMs }: Context, schedule: ScheduleConfig): Promise<number> {
  const { id, cron, timeZone } = schedule;
  return await store.transaction(async (tx) => {
    await tx.lock(scheduleLock(id));
    const [newest] = await tx.schedules.versions(id);
    if (newest !== undefined && newest.ended === null && hasTimesOf(newest, schedule))
      // A clock that was put back must not silence the schedule until then.
      return Math.min(newest.sinceMs, nowMs);
    let sinceMs = nowMs;
    if (newest === undefined) sinceMs = Math.min((await tx.fires.newestSlotMs(id)) ?? nowMs, nowMs);
    else {
      await tx.schedules.endVersion(id, { untilMs: nowMs, ended: 'changed' });
      log.info(
        { schedule: id, cron, timeZone },
        newest.ended === 'left' ? 'the schedule is back' : 'the schedule has other times',
      );
    }
    await tx.schedules.beginVersion({ schedule: id, sinceMs, cron, timeZone });
    return sinceMs;
  });
}

/** What stands in the configuration no more leaves the fleet: the time until it comes back, if ever, is not caught up. */
export async function retireVersions(
  { store, log, nowMs }: Context,
  schedules: readonly ScheduleConfig[],
): Promise<void> {
  const known = new Set(schedules.map(({ id }) => id));
  for (const { schedule } of await store.schedules.currentVersions()) {
    if (known.has(schedule)) continue;
    await store.schedules.endVersion(schedule, { untilMs: nowMs, ended: 'left' });
    log.info({ schedule }, 'the schedule is not configured any more');
  }
}

/**
 * While configurations differ (a rolling upgrade), the scheduler that started last decides what is configured.
 */
export async function alignVersions(context: Context, schedules: readonly ScheduleConfig[]): Promise<void> {
  const current = new Map((await context.store.schedules.currentVersions()).map((row) => [row.schedule, row]));
  for (const schedule of schedules) {
    const version = current.get(schedule.id);
    if (version === undefined || !hasTimesOf(version, schedule)) await adoptVersion(context, schedule);
    current.delete(schedule.id);
  }
  if (current.size > 0) await retireVersions(context, schedules);
}
