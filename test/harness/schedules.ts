import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { defineJob, type FireRecord, type OutboxRow, type ScheduleAdmin, type ScheduleConfig, type Store } from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { createScheduleAdmin, createScheduler, type Scheduler } from '#src/schedule/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog, testDatabase } from './database.ts';

const common = { version: 1, queue: 'report' as const, attempts: 1, backoff: { baseMs: 1, capMs: 1 }, timeoutMs: 1 };
/** The job kinds that test schedules enqueue; nobody runs them. */
export const scheduledKinds = [
  defineJob({
    ...common,
    kind: 'tick',
    args: z.strictObject({ schedule: z.string() }),
    dedupeKey: () => null,
    run: async () => null,
  }),
  defineJob({
    ...common,
    kind: 'send-digest',
    args: z.strictObject({ subscription: z.string(), slot: z.iso.datetime() }),
    dedupeKey: () => null,
    run: async () => null,
  }),
];

export const openScheduleStore = (url: string): Promise<Store> =>
  openStore({
    url,
    resolver: createIntentResolver(scheduledKinds),
    clock: { nowMs: () => Date.now() },
    newId: randomUUID,
    log: silentLog,
    applicationName: 'schedule-test',
  });

export interface SchedulerOptions {
  nowMs?: () => number;
  instance?: string;
  sweepIntervalMs?: number;
  store?: Store;
}
export interface ScheduleWorld {
  store: Store;
  url: string;
  /** A scheduler whose clock stands where the test puts it; stopped by `stopAll`. */
  scheduler(schedules: ScheduleConfig[], options?: SchedulerOptions): Scheduler;
  /** A scheduler that starts at that time, settles what was missed, and stops. */
  startAt(schedules: ScheduleConfig[], iso: string, instance?: string): Promise<void>;
  adminAt(schedules: ScheduleConfig[], iso: string): ScheduleAdmin;
  /** Oldest first. */
  firesOf(schedule: string): Promise<FireRecord[]>;
  /** `2026-07-01T10:00[Europe/Berlin] fired` of each, oldest first. */
  outcomesOf(schedule: string): Promise<string[]>;
  jobsOf(schedule: string): Promise<OutboxRow[]>;
  stopAll(): Promise<void>;
  close(): Promise<void>;
}

/** A schedule in Berlin with an id of its own. */
export function scheduleOf(cron: string, changes: Partial<ScheduleConfig> = {}): ScheduleConfig {
  const id = changes.id ?? `s-${randomUUID()}`;
  return {
    id,
    cron,
    timeZone: 'Europe/Berlin',
    catchUp: 'latest',
    maxRandomDelayMs: 0,
    job: { kind: 'tick', args: { schedule: id } },
    ...changes,
  };
}

/** A database of its own, and schedulers on it. */
export async function openScheduleWorld(): Promise<ScheduleWorld> {
  const database = await testDatabase();
  const store = await openScheduleStore(database.url);
  const running: Scheduler[] = [];

  function scheduler(schedules: ScheduleConfig[], options: SchedulerOptions = {}): Scheduler {
    const created = createScheduler({
      schedules,
      store: options.store ?? store,
      clock: { nowMs: options.nowMs ?? (() => Date.now()) },
      log: silentLog,
      metrics: createMetrics({ processMetrics: false }),
      instance: options.instance ?? 'one',
      sweepIntervalMs: options.sweepIntervalMs,
    });
    running.push(created);
    return created;
  }
  const firesOf = async (schedule: string): Promise<FireRecord[]> =>
    (await store.fires.list({ schedule, limit: 100_000 })).sort(
      (a, b) => a.slotAtMs - b.slotAtMs || (a.slot < b.slot ? -1 : 1),
    );

  return {
    store,
    url: database.url,
    scheduler,
    async startAt(schedules, iso, instance) {
      const one = scheduler(schedules, {
        nowMs: () => Date.parse(iso),
        ...(instance === undefined ? {} : { instance }),
      });
      await one.start();
      await one.stop();
    },
    adminAt: (schedules, iso) =>
      createScheduleAdmin({ schedules, store, clock: { nowMs: () => Date.parse(iso) }, instance: 'cli' }),
    firesOf,
    outcomesOf: async (schedule) => (await firesOf(schedule)).map(({ slot, outcome }) => `${slot} ${outcome}`),
    jobsOf: async (schedule) =>
      (await store.outbox.list({ limit: 100_000 })).filter((row) => row.cause.startsWith(`schedule ${schedule} `)),
    async stopAll() {
      for (const one of running.splice(0)) await one.stop();
    },
    async close() {
      await store.close();
      await database.close();
    },
  };
}
