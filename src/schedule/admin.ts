import {
  type Clock,
  nearest,
  OutturnError,
  PermanentError,
  type ScheduleAdmin,
  type ScheduleConfig,
  type SchedulePauseRow,
  type ScheduleView,
  type Store,
} from '#kit';
import { explainSlot } from './explain.ts';
import { fireByHand, scheduleLock } from './ledger.ts';
import { localText } from './local-text.ts';
import { missedSlots } from './missed.ts';
import { describePause, pauseAt } from './pauses.ts';
import { GONE_AFTER_MS } from './scheduler.ts';
import { createSlotCalculator } from './slots.ts';
import { cronInWords } from './words.ts';

const NEXT = 3;
/** A slot that nobody has settled by then is overdue: sweeps come every ten seconds. */
const OVERDUE_AFTER_MS = 60_000;
const SHOWN = 20;

export interface ScheduleAdminDependencies {
  schedules: readonly ScheduleConfig[];
  store: Store;
  clock: Clock;
  /** Names this process in the ledger. */
  instance: string;
}

/** What people ask of schedules and do with them; needs no scheduler in this process. */
export function createScheduleAdmin({ schedules, store, clock, instance }: ScheduleAdminDependencies): ScheduleAdmin {
  function find(id: string): ScheduleConfig {
    const found = schedules.find((schedule) => schedule.id === id);
    if (found !== undefined) return found;
    const ids = schedules.map((schedule) => schedule.id);
    const meant = nearest(id, ids);
    const known = `Known: ${ids.slice(0, SHOWN).join(', ') || 'none'}${ids.length > SHOWN ? `, and ${ids.length - SHOWN} more` : ''}.`;
    throw new PermanentError('config/unknown-reference', `There is no schedule "${id}".`, {
      hint: meant === null ? known : `Did you mean ${meant}? ${known}`,
    });
  }

  /** The instants at which something will be enqueued; none while nobody has said when the pause ends. */
  function nextInstants(config: ScheduleConfig, pause: SchedulePauseRow | null, count: number): number[] {
    if (pause !== null && pause.untilMs === null) return [];
    // A pause holds no more at its last instant.
    const fromMs = pause?.untilMs == null ? clock.nowMs() : pause.untilMs - 1;
    return createSlotCalculator(config.cron, config.timeZone)
      .next(fromMs, count)
      .map((slot) => slot.atMs);
  }

  return {
    async list() {
      const nowMs = clock.nowMs();
      const missed = await missedSlots(schedules, store, nowMs, OVERDUE_AFTER_MS);
      const pauses = await store.schedules.pauses({ sinceMs: nowMs });
      return await Promise.all(
        schedules.map(async (config): Promise<ScheduleView> => {
          const own = pauses.filter((pause) => pause.schedule === config.id);
          const paused = pauseAt(own, nowMs);
          const [lastFire = null] = await store.fires.list({ schedule: config.id, limit: 1 });
          return {
            id: config.id,
            cron: config.cron,
            inWords: cronInWords(config.cron),
            timeZone: config.timeZone,
            catchUp: config.catchUp,
            maxRandomDelayMs: config.maxRandomDelayMs,
            job: config.job,
            next: nextInstants(config, paused, NEXT).map((atMs) => ({ atMs, local: localText(atMs, config.timeZone) })),
            lastFire,
            paused,
            overdue: missed.filter(({ schedule }) => schedule === config.id).map(({ slot, atMs }) => ({ slot, atMs })),
          };
        }),
      );
    },

    async fires({ schedule, ...filter }) {
      const rows = await store.fires.list({ schedule, ...filter });
      // One that was configured once keeps its lines; only a name that was never heard of is a mistake.
      if (rows.length === 0 && schedule !== undefined && (await store.schedules.versions(schedule)).length === 0)
        find(schedule);
      return rows;
    },

    explain: async (id, when) => await explainSlot({ store, clock }, find(id), when),

    run: async (id, by) => await fireByHand({ store, clock, instance }, find(id), by),

    async pause(id, { by, reason, untilMs }) {
      const config = find(id);
      const nowMs = clock.nowMs();
      if (untilMs !== null && untilMs <= nowMs)
        throw new OutturnError('usage', `${localText(untilMs, config.timeZone)} has passed already.`, {
          hint: 'Give a later time, or none: then the schedule is paused until it is resumed.',
        });
      const pause = { schedule: id, sinceMs: nowMs, untilMs, pausedBy: by, reason };
      await store.transaction(async (tx) => {
        await tx.lock(scheduleLock(id));
        const holds = pauseAt(await tx.schedules.pauses({ schedule: id, sinceMs: nowMs }), nowMs);
        if (holds !== null)
          throw new OutturnError('usage', `${id} is ${describePause(holds)} already.`, {
            hint: `Resume it first to pause it in another way: outturn schedule resume ${id}`,
          });
        await tx.schedules.pause(pause);
      });
      const row: SchedulePauseRow = { ...pause, resumedAtMs: null, resumedBy: null };
      return { pause: row, nextAtMs: nextInstants(config, row, 1)[0] ?? null };
    },

    async resume(id, by) {
      find(id);
      return await store.transaction(async (tx) => {
        await tx.lock(scheduleLock(id));
        return await tx.schedules.resume(id, { atMs: clock.nowMs(), by });
      });
    },

    async lastScheduler() {
      const [last] = await store.schedules.schedulers({ sinceMs: 0, limit: 1 });
      if (last === undefined) return null;
      const { instance: name, seenAtMs, stoppedAtMs } = last;
      return {
        instance: name,
        seenAtMs: stoppedAtMs ?? seenAtMs,
        isRunning: stoppedAtMs === null && clock.nowMs() - seenAtMs <= GONE_AFTER_MS,
      };
    },
  };
}
