import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type CatchUpPolicy, defineJob, type ScheduleConfig, type Store } from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { pollUntil } from '../../test/harness/poll.ts';
import { createScheduler, type Scheduler } from './index.ts';

const common = { version: 1, queue: 'report' as const, attempts: 1, backoff: { baseMs: 1, capMs: 1 }, timeoutMs: 1 };
const resolver = createIntentResolver([
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
]);

let database: TestDatabase;
let store: Store;
const schedulers: Scheduler[] = [];
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({
    url: database.url,
    resolver,
    clock: { nowMs: () => Date.now() },
    newId: randomUUID,
    log: silentLog,
    applicationName: 'schedule-test',
  });
});
afterEach(async () => {
  for (const scheduler of schedulers.splice(0)) await scheduler.stop();
});
afterAll(async () => {
  await store.close();
  await database.close();
});

function scheduleOf(cron: string, changes: Partial<ScheduleConfig> = {}): ScheduleConfig {
  const id = changes.id ?? `s-${randomUUID()}`;
  return {
    id,
    cron,
    timeZone: 'Europe/Berlin',
    catchUp: 'latest',
    job: { kind: 'tick', args: { schedule: id } },
    ...changes,
  };
}
/** A scheduler whose clock stands where the test puts it. */
function scheduler(schedules: ScheduleConfig[], nowMs: () => number = () => Date.now(), instance = 'one'): Scheduler {
  const created = createScheduler({
    schedules,
    store,
    clock: { nowMs },
    log: silentLog,
    metrics: createMetrics({ processMetrics: false }),
    instance,
  });
  schedulers.push(created);
  return created;
}
const firesOf = async (schedule: string) =>
  (await store.fires.list({ schedule, limit: 1000 })).sort(
    (a, b) => a.slotAtMs - b.slotAtMs || (a.slot < b.slot ? -1 : 1),
  );
const jobsOf = async (schedule: string) =>
  (await store.outbox.list({ limit: 1000 })).filter((row) => row.cause.startsWith(`schedule ${schedule} `));

/** The schedule was seen for the last time at `lastIso`; what a scheduler that starts at `nowIso` makes of the slots between. */
async function afterOutage(schedule: ScheduleConfig, lastIso: string, nowIso: string) {
  const { createSlotCalculator } = await import('./slots.ts');
  const slot = createSlotCalculator(schedule.cron, schedule.timeZone).slotAt(Date.parse(lastIso));
  await store.fires.claim({
    schedule: schedule.id,
    slot: slot.key,
    slotAtMs: slot.atMs,
    outcome: 'fired',
    reason: null,
    instance: 'before',
  });
  const restarted = scheduler([schedule], () => Date.parse(nowIso));
  await restarted.start();
  await restarted.stop();
  return (await firesOf(schedule.id)).slice(1);
}

describe('twenty schedulers of one fleet', () => {
  it('fire each slot once, with one job, while some restart', async () => {
    const schedule = scheduleOf('* * * * * *', { timeZone: 'UTC' });
    const fleet = Array.from({ length: 20 }, (_, index) => scheduler([schedule], undefined, `instance-${index}`));
    await Promise.all(fleet.map((one) => one.start()));
    await pollUntil('two slots', async () => (await firesOf(schedule.id)).length >= 2);
    await Promise.all(fleet.slice(0, 10).map((one) => one.stop()));
    const restarted = Array.from({ length: 10 }, (_, index) => scheduler([schedule], undefined, `again-${index}`));
    await Promise.all(restarted.map((one) => one.start()));
    await pollUntil('six slots', async () => (await firesOf(schedule.id)).length >= 6);
    await Promise.all([...fleet, ...restarted].map((one) => one.stop()));
    const fires = (await firesOf(schedule.id)).filter((fire) => fire.outcome !== 'skipped');
    const jobs = await jobsOf(schedule.id);
    expect(new Set(fires.map((fire) => fire.slot)).size).toBe(fires.length);
    expect(jobs.map((job) => job.id).sort()).toEqual(fires.map((fire) => fire.jobId).sort());
  });
});

describe('a schedule that is new', () => {
  it('catches nothing up, but does so for the first slot that it misses after it was seen', async () => {
    const schedule = scheduleOf('0 8 * * 1');
    const startAt = async (iso: string) => {
      const one = scheduler([schedule], () => Date.parse(iso));
      await one.start();
      await one.stop();
      return (await firesOf(schedule.id)).map(({ slot, outcome }) => [slot, outcome]);
    };
    // Seen on a Tuesday, switched off over Monday, on again on Monday afternoon.
    const seen = ['first seen', 'skipped'];
    expect(await startAt('2026-06-30T10:00:00Z')).toEqual([seen]);
    expect(await startAt('2026-07-01T10:00:00Z')).toEqual([seen]);
    expect(await startAt('2026-07-06T13:00:00Z')).toEqual([seen, ['2026-07-06T08:00[Europe/Berlin]', 'caught-up']]);
    expect(await jobsOf(schedule.id)).toHaveLength(1);
  });
});

describe('after an outage of three hours an hourly schedule', () => {
  const outcomes = async (catchUp: CatchUpPolicy) => {
    const schedule = scheduleOf('0 * * * *', { catchUp });
    const fires = await afterOutage(schedule, '2026-07-01T08:00:00Z', '2026-07-01T11:20:00Z');
    return { fires: fires.map((fire) => fire.outcome), reasons: fires.map((fire) => fire.reason), schedule };
  };

  it('runs once by the policy “latest”, and says of the others why not', async () => {
    const { fires, reasons, schedule } = await outcomes('latest');
    expect(fires).toEqual(['skipped', 'skipped', 'caught-up']);
    expect(reasons[0]).toContain('only the latest missed slot is run');
    expect(await jobsOf(schedule.id)).toHaveLength(1);
  });

  it('runs each missed slot by the policy “all”', async () => {
    const { fires, schedule } = await outcomes('all');
    expect(fires).toEqual(['caught-up', 'caught-up', 'caught-up']);
    expect(await jobsOf(schedule.id)).toHaveLength(3);
  });

  it('runs none by the policy “none”', async () => {
    const { fires, schedule } = await outcomes('none');
    expect(fires).toEqual(['skipped', 'skipped', 'skipped']);
    expect(await jobsOf(schedule.id)).toHaveLength(0);
  });

  it('settles nothing twice when another scheduler starts', async () => {
    const { schedule } = await outcomes('all');
    const second = scheduler([schedule], () => Date.parse('2026-07-01T11:30:00Z'));
    await second.start();
    await second.stop();
    expect(await firesOf(schedule.id)).toHaveLength(4);
  });
});

describe('a schedule whose time the clocks', () => {
  it('skip in spring runs at the first instant after, and says so', async () => {
    const schedule = scheduleOf('30 2 * * *', { catchUp: 'none' });
    const fires = await afterOutage(schedule, '2026-03-28T01:30:00Z', '2026-03-29T01:00:10Z');
    expect(fires).toHaveLength(1);
    expect(fires[0]).toMatchObject({
      slot: '2026-03-29T02:30[Europe/Berlin]',
      slotAtMs: Date.parse('2026-03-29T01:00:00Z'),
      outcome: 'fired',
      reason: expect.stringContaining('does not exist'),
    });
    expect(await jobsOf(schedule.id)).toHaveLength(1);
  });

  it('skip in spring does not run twice at one instant when it is hourly', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    const fires = await afterOutage(schedule, '2026-03-29T00:00:00Z', '2026-03-29T02:30:00Z');
    expect(fires.map(({ slot, outcome }) => `${slot} ${outcome}`)).toEqual([
      '2026-03-29T02:00[Europe/Berlin] skipped',
      '2026-03-29T03:00[Europe/Berlin] caught-up',
      '2026-03-29T04:00[Europe/Berlin] caught-up',
    ]);
  });

  it('repeat in autumn runs once', async () => {
    const schedule = scheduleOf('30 2 * * *', { catchUp: 'all' });
    const fires = await afterOutage(schedule, '2026-10-24T00:30:00Z', '2026-10-25T12:00:00Z');
    expect(fires.map(({ slot, outcome }) => `${slot} ${outcome}`)).toEqual([
      '2026-10-25T02:30[Europe/Berlin] caught-up',
    ]);
  });
});

describe('a schedule', () => {
  it('of digests tells each job its slot', async () => {
    const schedule = scheduleOf('0 8 * * 1', { job: { kind: 'send-digest', args: { subscription: 'weekly' } } });
    await afterOutage(schedule, '2026-11-16T07:00:00Z', '2026-11-23T09:00:00Z');
    const [job] = await jobsOf(schedule.id);
    expect(job?.args).toEqual({ subscription: 'weekly', slot: '2026-11-23T07:00:00.000Z' });
  });

  it('whose job cannot be enqueued leaves its slot skipped with the reason', async () => {
    const schedule = scheduleOf('0 * * * *', { job: { kind: 'tick', args: { wrong: true } } });
    const fires = await afterOutage(schedule, '2026-07-01T08:00:00Z', '2026-07-01T09:20:00Z');
    expect(fires).toMatchObject([
      { outcome: 'skipped', reason: expect.stringContaining('queue/invalid-arguments'), jobId: null },
    ]);
  });

  it('fired by hand is in the ledger as manual, and its missed slots are caught up all the same', async () => {
    const schedule = scheduleOf('0 * * * *');
    const byHand = scheduler([schedule], () => Date.parse('2026-07-01T09:30:00Z'));
    const jobId = await byHand.fireNow(schedule.id);
    const fires = await afterOutage(schedule, '2026-07-01T08:00:00Z', '2026-07-01T10:20:00Z');
    expect(fires.map(({ outcome }) => outcome)).toEqual(['skipped', 'manual', 'caught-up']);
    expect(fires[1]?.jobId).toBe(jobId);
  });

  it('tells its next instants, and an unknown one is named', () => {
    const schedule = scheduleOf('30 2 * * *');
    const one = scheduler([schedule], () => Date.parse('2026-03-28T12:00:00Z'));
    expect(one.next(schedule.id, 2).map((date) => date.toISOString())).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(() => one.next('nonsense', 1)).toThrow(/no schedule “nonsense”/);
  });
});
