import { describe, expect, it } from 'vitest';
import { slotDelayMs } from './delay.ts';
import { readUntil } from './local-text.ts';
import { createSlotCalculator, shortestIntervalMs } from './slots.ts';
import { cronInWords } from './words.ts';

describe('a cron expression in words', () => {
  it.each([
    ['0 8 * * 1', 'Mondays at 08:00'],
    ['30 2 * * 1-5', 'Mondays to Fridays at 02:30'],
    ['0 6,18 * * *', 'daily at 06:00, 18:00'],
    ['*/15 * * * *', 'every 15 minutes'],
    ['*/15 * * * mon', 'every 15 minutes, Mondays'],
    ['5 * * * *', 'every hour at :05'],
    ['0 0 * * * *', 'every hour'],
    ['@daily', 'daily at 00:00'],
    ['0 7 L * *', 'on the last day of the month at 07:00'],
    ['0 7 1 * *', 'on day 1 of the month at 07:00'],
  ])('%s is “%s”', (cron, words) => expect(cronInWords(cron)).toBe(words));

  it.each(['*/7 * * * *', '0 9 * * 1#2', '0 9 1 * 1', '0 0 1 1 *', '*/10 * * * * *', '0-5 8 * * *'])(
    '%s stays as it is',
    (cron) => expect(cronInWords(cron)).toBeNull(),
  );
});

describe('the shortest time between two runs', () => {
  it.each([
    ['*/15 * * * *', 15],
    ['0 8 * * 1', 7 * 24 * 60],
    ['0 8,9 1 * *', 60],
    ['50,10 * * * *', 20],
    ['0 23,1 * * *', 120],
  ])('of %s is %i minutes', (cron, minutes) => expect(shortestIntervalMs(cron)).toBe(minutes * 60_000));
});

describe('a random delay', () => {
  it('is the same for a slot wherever it is drawn, below its limit, and spread over slots and schedules', () => {
    const draw = (schedule: string) =>
      Array.from({ length: 200 }, (_, index) => slotDelayMs(schedule, `2026-07-01T${index}[UTC]`, 60_000));
    const delays = draw('pull:sap.costs');
    expect(draw('pull:sap.costs')).toEqual(delays);
    expect(draw('pull:sap.hours')).not.toEqual(delays);
    expect(delays.every((delay) => delay >= 0 && delay < 60_000)).toBe(true);
    for (const quarter of [0, 1, 2, 3])
      expect(delays.filter((delay) => Math.floor(delay / 15_000) === quarter).length).toBeGreaterThan(20);
    expect(slotDelayMs('a', 'b', 0)).toBe(0);
  });
});

describe('the end of a pause', () => {
  const nowMs = Date.parse('2026-03-28T12:00:00Z');
  it.each([
    ['2h', '2026-03-28T14:00:00.000Z'],
    ['2026-03-30', '2026-03-29T22:00:00.000Z'],
    ['2026-03-30 08:00', '2026-03-30T06:00:00.000Z'],
    ['2026-03-29T02:30', '2026-03-29T01:00:00.000Z'],
    ['2026-03-30T08:00Z', '2026-03-30T08:00:00.000Z'],
    ['2026-03-30T08:00:30-05:00', '2026-03-30T13:00:30.000Z'],
  ])('%s in Berlin is %s', (text, iso) =>
    expect(new Date(readUntil(text, 'Europe/Berlin', nowMs)).toISOString()).toBe(iso),
  );
  it.each(['soon', '2026-02-30', '2026-03-30T25:00', '08:00'])('%s is refused', (text) =>
    expect(() => readUntil(text, 'Europe/Berlin', nowMs)).toThrow('is no time'),
  );
});

describe('slots looked for backwards', () => {
  it('are those found forwards, over each hour of a year with two changes', () => {
    const calculator = createSlotCalculator('7,37 * * * *', 'Europe/Berlin');
    const fromMs = Date.parse('2026-01-01T00:00Z');
    const toMs = Date.parse('2027-01-01T00:00Z');
    const all = calculator.between(fromMs, toMs, 100_000);
    expect(calculator.next(fromMs, all.length)).toEqual(all);
    expect(new Set(all.map(({ key }) => key)).size).toBe(all.length);
    for (const slot of all.filter((_, index) => index % 97 === 0)) expect(calculator.has(slot)).toBe(true);
  });
});
