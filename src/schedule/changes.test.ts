import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { pollUntil } from '../../test/harness/poll.ts';
import { openScheduleWorld, type ScheduleWorld, scheduleOf } from '../../test/harness/schedules.ts';
import { missedSlots } from './index.ts';

let world: ScheduleWorld;
beforeAll(async () => {
  world = await openScheduleWorld();
});
afterEach(() => world.stopAll());
afterAll(() => world.close());

describe('a schedule that gets other times', () => {
  it('settles what it missed of the old ones, and counts the new ones from now on', async () => {
    const hourly = scheduleOf('0 * * * *', { catchUp: 'all' });
    const quarterly = { ...hourly, cron: '*/15 * * * *' };
    await world.startAt([hourly], '2026-07-01T08:00:10Z');
    await world.startAt([quarterly], '2026-07-01T10:20:00Z');
    const old = ['2026-07-01T11:00[Europe/Berlin] caught-up', '2026-07-01T12:00[Europe/Berlin] caught-up'];
    expect(await world.outcomesOf(hourly.id)).toEqual(old);
    await world.startAt([quarterly], '2026-07-01T10:40:00Z');
    expect(await world.outcomesOf(hourly.id)).toEqual([...old, '2026-07-01T12:30[Europe/Berlin] caught-up']);
  });

  it('does so too when only its zone changes', async () => {
    const berlin = scheduleOf('0 8 * * *');
    const tokyo = { ...berlin, timeZone: 'Asia/Tokyo' };
    await world.startAt([berlin], '2026-07-01T05:00:00Z');
    await world.startAt([tokyo], '2026-07-01T07:00:00Z');
    // 08:00 in Tokyo of that day was before the change: not missed.
    expect(await world.outcomesOf(berlin.id)).toEqual(['2026-07-01T08:00[Europe/Berlin] caught-up']);
    await world.startAt([tokyo], '2026-07-02T00:00:00Z');
    expect((await world.outcomesOf(berlin.id)).at(-1)).toBe('2026-07-02T08:00[Asia/Tokyo] caught-up');
  });
});

describe('a schedule that left the configuration and came back', () => {
  it('does not catch up over the time that it was away, and says why a slot then has no line', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    const other = scheduleOf('0 0 1 1 *');
    await world.startAt([schedule, other], '2026-07-01T08:00:10Z');
    await world.startAt([other], '2026-07-01T08:30:00Z');
    await world.startAt([schedule, other], '2026-07-01T11:30:00Z');
    expect(await world.outcomesOf(schedule.id)).toEqual([]);
    const admin = world.adminAt([schedule], '2026-07-01T11:40:00Z');
    expect(await admin.explain(schedule.id, '2026-07-01T12:00')).toMatchObject({
      answer: 'not-configured',
      why: [expect.stringContaining('from 2026-07-01T08:30Z on, until 2026-07-01T11:30Z'), expect.any(String)],
    });
    await world.startAt([schedule, other], '2026-07-01T12:00:05Z');
    expect(await world.outcomesOf(schedule.id)).toEqual(['2026-07-01T14:00[Europe/Berlin] fired']);
  });
});

describe('schedulers with different configurations', () => {
  const at = (iso: string) => () => Date.parse(iso);
  const current = async (id: string) =>
    (await world.store.schedules.currentVersions()).find(({ schedule }) => schedule === id)?.cron ?? null;

  it('leave it to the one that started last what is configured, and to the others when that one ends', async () => {
    const before = scheduleOf('0 3 1 1 *');
    const after = { ...before, cron: '0 4 1 1 *' };
    let oldNow = '2026-07-01T08:00:00Z';
    const old = world.scheduler([before], { instance: 'old', nowMs: () => Date.parse(oldNow), sweepIntervalMs: 10 });
    await old.start();
    const fresh = world.scheduler([after], { instance: 'new', nowMs: at('2026-07-01T08:01:00Z'), sweepIntervalMs: 10 });
    await fresh.start();
    oldNow = '2026-07-01T08:01:10Z';
    await pollUntil('the old one looks', async () =>
      (await world.store.schedules.schedulers({ sinceMs: 0, limit: 10 })).some(
        ({ instance, seenAtMs }) => instance === 'old' && seenAtMs === Date.parse(oldNow),
      ),
    );
    expect(await current(before.id)).toBe('0 4 1 1 *');
    await fresh.stop();
    await pollUntil('the old one decides again', async () => (await current(before.id)) === '0 3 1 1 *');
  });

  it('fire a time that both know once', async () => {
    const hourly = scheduleOf('0 * * * *', { catchUp: 'all' });
    const halfHourly = { ...hourly, cron: '0,30 * * * *' };
    await world.startAt([hourly], '2026-07-01T08:00:10Z', 'old');
    await world.startAt([halfHourly], '2026-07-01T09:00:05Z', 'new');
    await world.startAt([hourly], '2026-07-01T09:00:06Z', 'old');
    await world.startAt([halfHourly], '2026-07-01T09:00:07Z', 'new');
    expect(await world.outcomesOf(hourly.id)).toEqual(['2026-07-01T11:00[Europe/Berlin] fired']);
  });
});

describe('a ledger that an earlier release wrote', () => {
  it('goes on at its newest slot', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    await world.store.fires.claim({
      schedule: schedule.id,
      slot: '2026-07-01T10:00[Europe/Berlin]',
      slotAtMs: Date.parse('2026-07-01T08:00Z'),
      outcome: 'fired',
      reason: null,
      instance: 'before',
    });
    await world.startAt([schedule], '2026-07-01T10:20:00Z');
    expect((await world.outcomesOf(schedule.id)).slice(1)).toEqual([
      '2026-07-01T11:00[Europe/Berlin] caught-up',
      '2026-07-01T12:00[Europe/Berlin] caught-up',
    ]);
  });
});

describe('slots without a line', () => {
  const missed = (schedules: ReturnType<typeof scheduleOf>[], iso: string) =>
    missedSlots(schedules, world.store, Date.parse(iso), 60_000);

  it('are named once they are older than the grace, until somebody settles them', async () => {
    const schedule = scheduleOf('0 * * * *');
    expect(await missed([schedule], '2026-07-01T08:00:00Z')).toEqual([]);
    await world.startAt([schedule], '2026-07-01T08:00:10Z');
    expect(await missed([schedule], '2026-07-01T09:00:30Z')).toEqual([]);
    const nine = { slot: '2026-07-01T11:00[Europe/Berlin]', atMs: Date.parse('2026-07-01T09:00Z') };
    expect(await missed([schedule], '2026-07-01T09:02:00Z')).toEqual([{ schedule: schedule.id, ...nine }]);
    await world.startAt([schedule], '2026-07-01T09:02:00Z');
    expect(await missed([schedule], '2026-07-01T09:02:00Z')).toEqual([]);
  });

  it('are not missed while the schedule is paused', async () => {
    const schedule = scheduleOf('0 * * * *');
    await world.startAt([schedule], '2026-07-01T08:00:10Z');
    const pause = { by: 'ops', reason: null, untilMs: Date.parse('2026-07-01T09:30Z') };
    await world.adminAt([schedule], '2026-07-01T08:30:00Z').pause(schedule.id, pause);
    expect(await missed([schedule], '2026-07-01T09:20:00Z')).toEqual([]);
    expect(await missed([schedule], '2026-07-01T10:20:00Z')).toMatchObject([
      { slot: '2026-07-01T12:00[Europe/Berlin]' },
    ]);
  });
});
