import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ScheduleConfig } from '#kit';
import { openScheduleWorld, type ScheduleWorld, scheduleOf } from '../../test/harness/schedules.ts';

let world: ScheduleWorld;
beforeAll(async () => {
  world = await openScheduleWorld();
});
afterEach(() => world.stopAll());
afterAll(() => world.close());

const pauseAt = (schedule: ScheduleConfig, iso: string, untilIso: string | null = null) =>
  world.adminAt([schedule], iso).pause(schedule.id, {
    by: 'ops',
    reason: 'SAP moves',
    untilMs: untilIso === null ? null : Date.parse(untilIso),
  });

describe('a paused schedule', () => {
  it('enqueues nothing on any instance, records who paused it and why, and is not caught up when it goes on', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    await world.startAt([schedule], '2026-07-01T07:30:00Z');
    await pauseAt(schedule, '2026-07-01T07:40:00Z');
    // Rung at its time by one instance; missed by all the hour after.
    await world.startAt([schedule], '2026-07-01T08:00:02Z', 'another');
    await world.adminAt([schedule], '2026-07-01T09:30:00Z').resume(schedule.id, 'ops');
    await world.startAt([schedule], '2026-07-01T10:00:02Z');
    const fires = await world.firesOf(schedule.id);
    expect(fires.map(({ slot, outcome, reason }) => [slot.slice(11, 16), outcome, reason])).toEqual([
      ['10:00', 'skipped', 'paused by ops on 2026-07-01T07:40Z: SAP moves'],
      ['11:00', 'skipped', 'paused by ops on 2026-07-01T07:40Z: SAP moves'],
      ['12:00', 'fired', null],
    ]);
    expect(await world.jobsOf(schedule.id)).toHaveLength(1);
  });

  it('goes on by itself at its time', async () => {
    const schedule = scheduleOf('0 * * * *', { catchUp: 'all' });
    await world.startAt([schedule], '2026-07-01T07:30:00Z');
    const { nextAtMs } = await pauseAt(schedule, '2026-07-01T07:40:00Z', '2026-07-01T09:00:00Z');
    expect(nextAtMs).toBe(Date.parse('2026-07-01T09:00:00Z'));
    await world.startAt([schedule], '2026-07-01T09:20:00Z');
    expect((await world.outcomesOf(schedule.id)).map((line) => line.slice(11))).toEqual([
      '10:00[Europe/Berlin] skipped',
      '11:00[Europe/Berlin] caught-up',
    ]);
  });

  it('does not run what it missed before the pause while the pause holds', async () => {
    const schedule = scheduleOf('0 * * * *');
    await world.startAt([schedule], '2026-07-01T07:30:00Z');
    await pauseAt(schedule, '2026-07-01T08:30:00Z');
    await world.startAt([schedule], '2026-07-01T08:40:00Z');
    expect(await world.firesOf(schedule.id)).toMatchObject([
      { outcome: 'skipped', reason: 'missed before, and paused by ops on 2026-07-01T08:30Z: SAP moves' },
    ]);
  });

  it('runs by hand all the same', async () => {
    const schedule = scheduleOf('0 * * * *');
    await pauseAt(schedule, '2026-07-01T07:40:00Z');
    const jobId = await world.adminAt([schedule], '2026-07-01T07:50:00Z').run(schedule.id, 'ops');
    expect(await world.firesOf(schedule.id)).toMatchObject([
      { outcome: 'manual', reason: 'asked for by ops', jobId, jobState: 'pending' },
    ]);
  });

  it('is not paused twice, nor until a time that has passed; who resumes one that runs is told so', async () => {
    const schedule = scheduleOf('0 * * * *');
    await expect(pauseAt(schedule, '2026-07-01T07:40:00Z', '2026-07-01T07:00:00Z')).rejects.toThrow('passed already');
    await pauseAt(schedule, '2026-07-01T07:40:00Z');
    await expect(pauseAt(schedule, '2026-07-01T07:45:00Z')).rejects.toThrow(/paused by ops .* already/);
    const admin = world.adminAt([schedule], '2026-07-01T07:50:00Z');
    expect([await admin.resume(schedule.id, 'ops'), await admin.resume(schedule.id, 'ops')]).toEqual([true, false]);
  });
});

describe('the list of schedules', () => {
  it('tells the next times in the zone, the last fire, the pause and what is overdue', async () => {
    const nightly = scheduleOf('30 2 * * *', { timeZone: 'Europe/Berlin' });
    const paused = scheduleOf('0 8 * * 1');
    await world.startAt([nightly, paused], '2026-03-27T12:00:00Z');
    await world.startAt([nightly, paused], '2026-03-28T01:30:10Z');
    await pauseAt(paused, '2026-03-28T12:00:00Z', '2026-04-01T00:00:00Z');
    const admin = world.adminAt([nightly, paused], '2026-03-28T12:00:00Z');
    expect(await admin.list()).toMatchObject([
      {
        inWords: 'daily at 02:30',
        next: [
          { local: '2026-03-29T03:00+02:00' },
          { local: '2026-03-30T02:30+02:00' },
          { local: '2026-03-31T02:30+02:00' },
        ],
        lastFire: { slot: '2026-03-28T02:30[Europe/Berlin]', outcome: 'fired', jobState: 'pending' },
        paused: null,
        overdue: [],
      },
      { next: [{ local: '2026-04-06T08:00+02:00' }, {}, {}], lastFire: null, paused: { reason: 'SAP moves' } },
    ]);
    const later = world.adminAt([nightly, paused], '2026-03-29T12:00:00Z');
    expect((await later.list())[0]?.overdue).toEqual([
      { slot: '2026-03-29T02:30[Europe/Berlin]', atMs: Date.parse('2026-03-29T01:00Z') },
    ]);
    expect(await later.lastScheduler()).toMatchObject({ isRunning: false });
  });
});

describe('why a slot did not run', () => {
  it('is told for one with a line', async () => {
    const schedule = scheduleOf('0 * * * *');
    await world.startAt([schedule], '2026-07-01T08:00:10Z');
    await world.startAt([schedule], '2026-07-01T10:20:00Z', 'host:7');
    const admin = world.adminAt([schedule], '2026-07-01T10:30:00Z');
    // As a local time, as an instant, and as the ledger writes it.
    for (const when of ['2026-07-01 11:00', '2026-07-01T09:00Z', '2026-07-01T11:00[Europe/Berlin]'])
      expect(await admin.explain(schedule.id, when)).toMatchObject({
        slot: '2026-07-01T11:00[Europe/Berlin]',
        answer: 'recorded',
        why: [
          'It was skipped: no scheduler ran at that time; only the latest missed slot is run.',
          expect.stringMatching(/^host:7 settled it .* after its time/),
        ],
      });
    const { why } = await admin.explain(schedule.id, '2026-07-01T12:00');
    expect(why.at(-1)).toMatch(/^Its job .* is pending now\.$/);
  });

  it('is told for one without a line', async () => {
    const schedule = scheduleOf('0 * * * *');
    const answer = async (when: string, nowIso = '2026-07-01T12:30:00Z') => {
      const { answer: word, why } = await world.adminAt([schedule], nowIso).explain(schedule.id, when);
      return `${word}: ${why.join(' ')}`;
    };
    expect(await answer('2026-07-01 11:00')).toContain('No scheduler has seen this schedule yet');
    await world.startAt([schedule], '2026-07-01T08:00:10Z', 'host:8');
    expect(await answer('2026-07-01 11:30')).toBe(
      'not-a-slot: It is no time of the schedule: 0 * * * * in Europe/Berlin. ' +
        'The one before is 2026-07-01T11:00+02:00, the next one 2026-07-01T12:00+02:00.',
    );
    expect(await answer('2026-07-01 15:00')).toBe('to-come: It is to come, in 30m.');
    expect(await answer('2026-07-01 09:00')).toContain('A scheduler saw it first on 2026-07-01T08:00Z');
    expect(await answer('2026-07-01 11:00')).toMatch(
      /^overdue: No scheduler has run since 2026-.* the last one was host:/,
    );
    expect(await answer('2026-07-01 14:00', '2026-07-01T12:00:05Z')).toContain('due: Its time has just come');
    await pauseAt(schedule, '2026-07-01T12:40:00Z', '2026-07-01T13:30:00Z');
    expect(await answer('2026-07-01 15:00', '2026-07-01T12:45:00Z')).toContain('paused by ops');
    expect(await answer('2026-07-01 15:00', '2026-07-01T14:00:00Z')).toContain(
      'paused: The schedule was paused by ops',
    );
  });

  it('is asked with a time that there is, of a schedule that there is', async () => {
    const schedule = scheduleOf('0 * * * *', { id: 'nightly-costs' });
    const admin = world.adminAt([schedule], '2026-07-01T08:00:00Z');
    for (const when of ['yesterday', '2026-02-30T08:00', '2026-07-01', '2026-07-01T25:00'])
      await expect(admin.explain(schedule.id, when), when).rejects.toMatchObject({ code: 'usage' });
    await expect(admin.explain('nightly-cost', '2026-07-01T08:00')).rejects.toMatchObject({
      code: 'config/unknown-reference',
      hint: expect.stringContaining('Did you mean nightly-costs?'),
    });
    await expect(admin.fires({ schedule: 'nightly-cost', limit: 5 })).rejects.toThrow('no schedule');
  });
});
