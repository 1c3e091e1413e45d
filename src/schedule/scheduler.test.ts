import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CatchUpPolicy, RetryableError, type ScheduleConfig, type Store } from '#kit';
import { pollUntil } from '../../test/harness/poll.ts';
import { openScheduleWorld, type ScheduleWorld, scheduleOf } from '../../test/harness/schedules.ts';
import { slotDelayMs } from './delay.ts';

let world: ScheduleWorld;
beforeAll(async () => {
  world = await openScheduleWorld();
});
afterEach(() => world.stopAll());
afterAll(() => world.close());

/** Known since `lastIso`; what a scheduler that starts at `nowIso` makes of the slots between. */
async function afterOutage(schedule: ScheduleConfig, lastIso: string, nowIso: string) {
  await world.startAt([schedule], lastIso);
  await world.startAt([schedule], nowIso);
  return await world.firesOf(schedule.id);
}

describe('twenty schedulers of one fleet', () => {
  it('fire each slot once, with one job, while some restart', async () => {
    const schedule = scheduleOf('* * * * * *', { timeZone: 'UTC' });
    const start = async (names: string[]) => {
      const started = names.map((instance) => world.scheduler([schedule], { instance }));
      await Promise.all(started.map((one) => one.start()));
      return started;
    };
    const fleet = await start(Array.from({ length: 20 }, (_, index) => `instance-${index}`));
    await pollUntil('two slots', async () => (await world.firesOf(schedule.id)).length >= 2);
    await Promise.all(fleet.slice(0, 10).map((one) => one.stop()));
    const again = await start(Array.from({ length: 10 }, (_, index) => `again-${index}`));
    await pollUntil('six slots', async () => (await world.firesOf(schedule.id)).length >= 6);
    await Promise.all([...fleet, ...again].map((one) => one.stop()));
    const fires = (await world.firesOf(schedule.id)).filter((fire) => fire.outcome !== 'skipped');
    const jobs = await world.jobsOf(schedule.id);
    expect(new Set(fires.map((fire) => fire.slot)).size).toBe(fires.length);
    expect(jobs.map((job) => job.id).sort()).toEqual(fires.map((fire) => fire.jobId).sort());
  });
});

describe('a schedule that is new', () => {
  it('catches nothing up, but does so for the first slot that it misses after it was seen', async () => {
    const schedule = scheduleOf('0 8 * * 1');
    // Seen on a Tuesday, switched off over Monday, on again on Monday afternoon.
    await world.startAt([schedule], '2026-06-30T10:00:00Z');
    await world.startAt([schedule], '2026-07-01T10:00:00Z');
    expect(await world.outcomesOf(schedule.id)).toEqual([]);
    await world.startAt([schedule], '2026-07-06T13:00:00Z');
    expect(await world.outcomesOf(schedule.id)).toEqual(['2026-07-06T08:00[Europe/Berlin] caught-up']);
    expect(await world.jobsOf(schedule.id)).toHaveLength(1);
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
    expect(await world.jobsOf(schedule.id)).toHaveLength(1);
  });

  it('runs each missed slot by the policy “all”, and settles nothing twice', async () => {
    const { fires, schedule } = await outcomes('all');
    expect(fires).toEqual(['caught-up', 'caught-up', 'caught-up']);
    await world.startAt([schedule], '2026-07-01T11:30:00Z');
    expect(await world.jobsOf(schedule.id)).toHaveLength(3);
  });

  it('runs none by the policy “none”', async () => {
    const { fires, schedule } = await outcomes('none');
    expect(fires).toEqual(['skipped', 'skipped', 'skipped']);
    expect(await world.jobsOf(schedule.id)).toHaveLength(0);
  });
});

describe('a ring for a slot that by the scheduler’s own clock is to come', () => {
  it('fires nothing, for its time comes yet', async () => {
    const early = scheduleOf('* * * * * *', { timeZone: 'UTC' });
    const onTime = scheduleOf('* * * * * *', { timeZone: 'UTC' });
    const standing = world.scheduler([early], { nowMs: () => Date.parse('2025-07-01T10:00:00Z') });
    await standing.start();
    await world.scheduler([onTime]).start();
    await pollUntil('two rings', async () => (await world.firesOf(onTime.id)).length >= 2);
    await standing.stop();
    expect(await world.outcomesOf(early.id)).toEqual([]);
    expect(await world.jobsOf(early.id)).toEqual([]);
  });
});

describe('a ledger with a hole in it', () => {
  it('is mended at the next start, though a later slot has fired', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    await world.startAt([schedule], '2026-07-01T08:00:00Z');
    // 09:00 was lost: the store was away, and then the process died.
    const ten = { schedule: schedule.id, slot: '2026-07-01T12:00[Europe/Berlin]', outcome: 'fired' as const };
    await world.store.fires.claim({ ...ten, slotAtMs: Date.parse('2026-07-01T10:00Z'), reason: null, instance: 'one' });
    await world.startAt([schedule], '2026-07-01T10:00:20Z');
    expect(await world.outcomesOf(schedule.id)).toEqual([
      '2026-07-01T11:00[Europe/Berlin] caught-up',
      '2026-07-01T12:00[Europe/Berlin] fired',
    ]);
  });
});

describe('an outage of more slots than are recorded one by one', () => {
  it('leaves a line for each of the newest, and one late run', async () => {
    const schedule = scheduleOf('* * * * *', { timeZone: 'UTC' });
    const fires = await afterOutage(schedule, '2026-06-01T00:00:00Z', '2026-06-20T00:00:40Z');
    expect(fires).toHaveLength(10_080);
    expect(fires.at(-1)).toMatchObject({ slot: '2026-06-20T00:00[UTC]', outcome: 'caught-up' });
    expect(await world.jobsOf(schedule.id)).toHaveLength(1);
    const admin = world.adminAt([schedule], '2026-06-20T00:01:00Z');
    expect(await admin.explain(schedule.id, '2026-06-02 00:00')).toMatchObject({ answer: 'too-many-missed' });
  });
});

describe('a schedule whose time the clocks', () => {
  it('skip in spring runs at the first instant after, and says so', async () => {
    const schedule = scheduleOf('30 2 * * *', { catchUp: 'none' });
    const fires = await afterOutage(schedule, '2026-03-28T01:30:00Z', '2026-03-29T01:00:10Z');
    expect(fires).toMatchObject([
      {
        slot: '2026-03-29T02:30[Europe/Berlin]',
        slotAtMs: Date.parse('2026-03-29T01:00:00Z'),
        outcome: 'fired',
        reason: expect.stringContaining('does not exist on that day'),
      },
    ]);
  });

  it('skip does not run beside another slot of that instant', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    await afterOutage(schedule, '2026-03-29T00:00:00Z', '2026-03-29T02:30:00Z');
    expect(await world.outcomesOf(schedule.id)).toEqual([
      '2026-03-29T02:00[Europe/Berlin] skipped',
      '2026-03-29T03:00[Europe/Berlin] caught-up',
      '2026-03-29T04:00[Europe/Berlin] caught-up',
    ]);
  });

  it('repeat in autumn runs once', async () => {
    const schedule = scheduleOf('30 2 * * *', { catchUp: 'all' });
    await afterOutage(schedule, '2026-10-24T00:30:00Z', '2026-10-25T12:00:00Z');
    expect(await world.outcomesOf(schedule.id)).toEqual(['2026-10-25T02:30[Europe/Berlin] caught-up']);
  });
});

describe('a scheduler that runs', () => {
  /** Its clock is moved by the test, and it looks for missed slots all the time. */
  async function running(schedule: ScheduleConfig, startIso: string, store: Store = world.store) {
    let nowMs = Date.parse(startIso);
    const one = world.scheduler([schedule], { nowMs: () => nowMs, sweepIntervalMs: 10, store });
    await one.start();
    return {
      jumpTo: (iso: string) => {
        nowMs = Date.parse(iso);
      },
      lines: (count: number) =>
        pollUntil(`${count} lines`, async () => {
          const fires = await world.firesOf(schedule.id);
          return fires.length >= count ? fires : null;
        }),
    };
  }

  it('and was stopped and continued settles by the policy what it slept through', async () => {
    const schedule = scheduleOf('0 * * * *');
    const one = await running(schedule, '2026-07-01T08:00:10Z');
    one.jumpTo('2026-07-01T11:10:00Z');
    expect((await one.lines(3)).map(({ outcome, reason }) => `${outcome}: ${reason}`)).toEqual([
      'skipped: the scheduler was held up at that time; only the latest missed slot is run',
      'skipped: the scheduler was held up at that time; only the latest missed slot is run',
      'late: the scheduler was held up at that time',
    ]);
  });

  it('fires nothing twice when its clock is put back, and goes on at once', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    const one = await running(schedule, '2026-07-01T08:00:10Z');
    one.jumpTo('2026-07-01T10:00:30Z');
    await one.lines(2);
    one.jumpTo('2026-07-01T08:30:00Z');
    await pollUntil('it has seen its clock', async () =>
      (await world.store.schedules.schedulers({ sinceMs: 0, limit: 100 })).some(
        ({ seenAtMs }) => seenAtMs === Date.parse('2026-07-01T08:30:00Z'),
      ),
    );
    one.jumpTo('2026-07-01T11:00:30Z');
    await one.lines(3);
    expect((await world.outcomesOf(schedule.id)).map((line) => line.slice(0, 16))).toEqual([
      '2026-07-01T11:00',
      '2026-07-01T12:00',
      '2026-07-01T13:00',
    ]);
    expect(await world.jobsOf(schedule.id)).toHaveLength(3);
  });

  it('settles a slot at which the database was away, and says so', async () => {
    const schedule = scheduleOf('0 * * * *');
    let isAway = false;
    let refused = 0;
    const store: Store = {
      ...world.store,
      transaction: (...args) => {
        if (!isAway) return world.store.transaction(...args);
        refused += 1;
        return Promise.reject(new RetryableError('storage/unavailable', 'the database is away'));
      },
    };
    const one = await running(schedule, '2026-07-01T08:00:10Z', store);
    isAway = true;
    one.jumpTo('2026-07-01T09:00:50Z');
    await pollUntil('it was refused', () => refused > 0);
    one.jumpTo('2026-07-01T09:02:00Z');
    isAway = false;
    expect(await one.lines(1)).toMatchObject([{ outcome: 'late', reason: expect.stringContaining('database') }]);
  });
});

describe('a schedule', () => {
  it('of digests tells each job its slot', async () => {
    const schedule = scheduleOf('0 8 * * 1', { job: { kind: 'send-digest', args: { subscription: 'weekly' } } });
    await afterOutage(schedule, '2026-11-16T07:00:00Z', '2026-11-23T09:00:00Z');
    const [job] = await world.jobsOf(schedule.id);
    expect(job?.args).toEqual({ subscription: 'weekly', slot: '2026-11-23T07:00:00.000Z' });
  });

  it('whose job cannot be enqueued leaves its slot skipped with the reason', async () => {
    const schedule = scheduleOf('0 * * * *', { job: { kind: 'tick', args: { wrong: true } } });
    const fires = await afterOutage(schedule, '2026-07-01T08:00:00Z', '2026-07-01T09:20:00Z');
    expect(fires).toMatchObject([
      { outcome: 'skipped', reason: expect.stringContaining('queue/invalid-arguments'), jobId: null },
    ]);
  });

  it('puts its jobs off by a random time that is the same everywhere, but not what is late already', async () => {
    const schedule = scheduleOf('0 * * * *', { maxRandomDelayMs: 300_000, catchUp: 'all' });
    const fires = await afterOutage(schedule, '2026-07-01T08:00:00Z', '2026-07-01T10:00:05Z');
    const delayMs = slotDelayMs(schedule.id, '2026-07-01T12:00[Europe/Berlin]', 300_000);
    expect(fires.map((fire) => fire.delayMs)).toEqual([0, delayMs]);
    const jobs = await world.jobsOf(schedule.id);
    expect(jobs.map((job) => job.notBeforeMs)).toEqual([Date.parse('2026-07-01T10:00:00Z') + delayMs, null]);
  });
});
