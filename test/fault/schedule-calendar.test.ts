import { Temporal } from 'temporal-polyfill';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatchUpPolicy } from '#kit';
import { openScheduleWorld, type ScheduleWorld, scheduleOf } from '../harness/schedules.ts';
import type { SeededRandom } from './harness/seed.ts';
import { itSeeded } from './harness/seeded-test.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const policies: readonly CatchUpPolicy[] = ['latest', 'all', 'none'];
const CASES = 12;

/** A cron expression and what it means, written down apart from the product. */
interface Times {
  cron: string;
  minutes: number[];
  hours: number[];
  /** 0 is Sunday. */
  weekdays: number[];
}
interface Expected {
  slot: string;
  atMs: number;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function drawTimes(random: SeededRandom): Times {
  const list = (count: number, least: number, most: number): number[] =>
    [...new Set(range(count).map(() => random.integer(least, most)))].sort((a, b) => a - b);
  const step = random.pick([5, 15, 20, 30]);
  const minutes = random.chance(0.3)
    ? range(60 / step).map((index) => index * step)
    : list(random.integer(1, 3), 0, 59);
  const everyHour = random.chance(0.4);
  // Small hours above all: there the clocks change.
  const hours = everyHour ? range(24) : list(random.integer(1, 4), 0, 4);
  const everyDay = random.chance(0.7);
  const weekdays = everyDay ? range(7) : [...new Set([0, ...list(2, 1, 6)])];
  const cron = `${minutes.join(',')} ${everyHour ? '*' : hours.join(',')} * * ${everyDay ? '*' : weekdays.join(',')}`;
  return { cron, minutes, hours, weekdays };
}

/** By another calendar library: each local minute of the days around, once, at its first instant or the first after its gap. */
function expectedSlots(times: Times, timeZone: string, fromMs: number, toMs: number): Expected[] {
  const expected: Expected[] = [];
  const zoned = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone);
  const last = zoned(toMs).toPlainDate().add({ days: 1 });
  let date = zoned(fromMs).toPlainDate().subtract({ days: 1 });
  for (; Temporal.PlainDate.compare(date, last) <= 0; date = date.add({ days: 1 })) {
    if (!times.weekdays.includes(date.dayOfWeek % 7)) continue;
    for (const hour of times.hours)
      for (const minute of times.minutes) {
        const local = date.toPlainDateTime({ hour, minute });
        const first = local.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
        const isReal = first.toPlainDateTime().equals(local);
        const at = isReal ? first : first.getTimeZoneTransition('next');
        const atMs = at?.epochMilliseconds ?? Number.NaN;
        if (atMs > fromMs && atMs <= toMs)
          expected.push({ slot: `${local.toString({ smallestUnit: 'minute' })}[${timeZone}]`, atMs });
      }
  }
  return expected;
}

/** What the declared policy makes of slots that were missed from beginning to end. */
function expectedLedger(slots: readonly Expected[], policy: CatchUpPolicy, nowMs: number): string[] {
  return slots.map(({ slot, atMs }, index) => {
    const sharesItsInstant = slots[index + 1]?.atMs === atMs;
    const isNow = nowMs - atMs <= 30_000;
    const isRun = policy === 'all' || (policy === 'latest' && index === slots.length - 1);
    return `${slot} ${sharesItsInstant ? 'skipped' : isNow ? 'fired' : isRun ? 'caught-up' : 'skipped'}`;
  });
}

let world: ScheduleWorld;
beforeAll(async () => {
  world = await openScheduleWorld();
});
afterAll(() => world.close());

/** No scheduler from `fromMs` to `toMs`: the ledger of each policy, and the jobs that it enqueued. */
async function outage(times: Times, timeZone: string, fromMs: number, toMs: number) {
  const schedules = policies.map((catchUp) => scheduleOf(times.cron, { timeZone, catchUp }));
  await world.startAt(schedules, new Date(fromMs).toISOString());
  await world.startAt(schedules, new Date(toMs).toISOString());
  return await Promise.all(
    schedules.map(async ({ id, catchUp }) => {
      const fires = await world.firesOf(id);
      return {
        catchUp,
        ledger: fires.map(({ slot, outcome }) => `${slot} ${outcome}`),
        runs: fires.filter(({ outcome }) => outcome !== 'skipped').map(({ jobId }) => jobId),
        jobs: (await world.jobsOf(id)).map((job) => job.id),
      };
    }),
  );
}

async function agrees(times: Times, timeZone: string, fromMs: number, toMs: number): Promise<void> {
  const slots = expectedSlots(times, timeZone, fromMs, toMs);
  const about = `${times.cron} in ${timeZone}, ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}`;
  for (const { catchUp, ledger, runs, jobs } of await outage(times, timeZone, fromMs, toMs)) {
    expect(ledger, `${about}, policy ${catchUp}`).toEqual(expectedLedger(slots, catchUp, toMs));
    expect([...jobs].sort(), `jobs of ${about}, policy ${catchUp}`).toEqual([...runs].sort());
  }
}

const halfHourly: Times = { cron: '0,30 * * * *', minutes: [0, 30], hours: range(24), weekdays: range(7) };

describe('the ledger equals the declared policy', () => {
  it.each([
    ['an outage of three hours', 'Europe/Berlin', '2026-07-01T08:10:00Z', '2026-07-01T11:10:00Z', 6],
    ['an outage over the hour that spring skips', 'Europe/Berlin', '2026-03-29T00:10:00Z', '2026-03-29T03:10:00Z', 8],
    ['an outage over the hour that autumn repeats', 'Europe/Berlin', '2026-10-24T23:10:00Z', '2026-10-25T03:10:00Z', 6],
    ['a start within the repeated hour', 'Europe/Berlin', '2026-10-25T00:10:00Z', '2026-10-25T01:35:00Z', 1],
    [
      'an outage over a change of half an hour',
      'Australia/Lord_Howe',
      '2026-10-03T14:10:00Z',
      '2026-10-03T17:10:00Z',
      7,
    ],
  ])('after %s', async (_what, timeZone, from, to, slots) => {
    expect(expectedSlots(halfHourly, timeZone, Date.parse(from), Date.parse(to))).toHaveLength(slots);
    await agrees(halfHourly, timeZone, Date.parse(from), Date.parse(to));
  });

  itSeeded(
    `in ${CASES} random outages around changes of the clocks, of random schedules in many zones`,
    async (random) => {
      const zones = [
        'Europe/Berlin',
        'America/New_York',
        'America/St_Johns',
        'Australia/Lord_Howe',
        'Africa/Casablanca',
      ];
      const others = ['America/Santiago', 'Asia/Beirut', 'Atlantic/Azores', 'Asia/Kathmandu', 'Pacific/Chatham', 'UTC'];
      for (let number = 0; number < CASES; number += 1) {
        const timeZone = random.pick([...zones, ...others]);
        const start = Temporal.Instant.fromEpochMilliseconds(
          Date.UTC(2024, 0, 1) + random.integer(0, 700) * DAY_MS,
        ).toZonedDateTimeISO(timeZone);
        const change = start.getTimeZoneTransition('next')?.epochMilliseconds ?? start.epochMilliseconds;
        const fromMs = change - random.integer(0, 36 * 60) * MINUTE_MS + 10_000;
        const toMs = fromMs + (random.chance(0.4) ? 3 * HOUR_MS : random.integer(1, 72 * 60) * MINUTE_MS);
        await agrees(drawTimes(random), timeZone, fromMs, toMs);
      }
    },
  );
});
