import { describe, expect, it } from 'vitest';
import { toInstant, toLocalMs } from './local-time.ts';
import { createSlotCalculator, validateCron } from './slots.ts';

const at = (iso: string): number => Date.parse(iso);
const berlin = (cron: string) => createSlotCalculator(cron, 'Europe/Berlin');
const shown = (slots: { key: string; atMs: number; isGap: boolean }[]) =>
  slots.map(({ key, atMs, isGap }) => `${key} ${new Date(atMs).toISOString()}${isGap ? ' gap' : ''}`);

describe('when the clocks go forward (Berlin, 29 March 2026, 02:00 to 03:00)', () => {
  it('a time that is skipped is due at the first instant that exists', () => {
    expect(shown(berlin('30 2 * * *').between(at('2026-03-28T00:00Z'), at('2026-03-31T00:00Z'), 10))).toEqual([
      '2026-03-28T02:30[Europe/Berlin] 2026-03-28T01:30:00.000Z',
      '2026-03-29T02:30[Europe/Berlin] 2026-03-29T01:00:00.000Z gap',
      '2026-03-30T02:30[Europe/Berlin] 2026-03-30T00:30:00.000Z',
    ]);
  });

  it('an hourly schedule has its skipped hour and the next one at one instant', () => {
    expect(shown(berlin('0 * * * *').between(at('2026-03-29T00:00Z'), at('2026-03-29T02:00Z'), 10))).toEqual([
      '2026-03-29T02:00[Europe/Berlin] 2026-03-29T01:00:00.000Z gap',
      '2026-03-29T03:00[Europe/Berlin] 2026-03-29T01:00:00.000Z',
      '2026-03-29T04:00[Europe/Berlin] 2026-03-29T02:00:00.000Z',
    ]);
  });
});

describe('when the clocks go back (Berlin, 25 October 2026, 03:00 to 02:00)', () => {
  it('a time that comes twice is due once, the first time', () => {
    expect(shown(berlin('30 2 * * *').between(at('2026-10-24T12:00Z'), at('2026-10-26T12:00Z'), 10))).toEqual([
      '2026-10-25T02:30[Europe/Berlin] 2026-10-25T00:30:00.000Z',
      '2026-10-26T02:30[Europe/Berlin] 2026-10-26T01:30:00.000Z',
    ]);
  });

  it('both readings of the repeated hour belong to the same slot', () => {
    const calculator = berlin('30 2 * * *');
    expect(calculator.slotAt(at('2026-10-25T01:30Z'))).toEqual(calculator.slotAt(at('2026-10-25T00:30Z')));
  });
});

describe('the next times of a schedule', () => {
  it.each([
    ['0 8 * * 1', 'Europe/Berlin', '2026-11-23T07:00:00Z', '2026-11-30T07:00:00.000Z'],
    ['0 0 29 2 *', 'UTC', '2097-01-01T00:00:00Z', '2104-02-29T00:00:00.000Z'],
    ['0 0 L * *', 'UTC', '2026-02-01T00:00:00Z', '2026-02-28T00:00:00.000Z'],
    ['0 9 * * 1#2', 'America/New_York', '2026-03-01T00:00:00Z', '2026-03-09T13:00:00.000Z'],
    ['@daily', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', '2026-01-01T18:15:00.000Z'],
    ['0 0 * * *', 'America/Sao_Paulo', '2018-11-03T12:00:00Z', '2018-11-04T03:00:00.000Z'],
    ['0 12 * * *', 'Pacific/Apia', '2011-12-29T23:00:00Z', '2011-12-30T10:00:00.000Z'],
    ['*/10 * * * * *', 'UTC', '2026-01-01T00:00:05Z', '2026-01-01T00:00:10.000Z'],
  ])('%s in %s after %s is %s', (cron, timeZone, from, expected) => {
    const [slot] = createSlotCalculator(cron, timeZone).next(at(from), 1);
    expect(new Date(slot?.atMs ?? 0).toISOString()).toBe(expected);
  });

  it('are as many as asked for, in order, none twice', () => {
    const slots = berlin('*/15 * * * *').next(at('2026-10-24T23:00Z'), 40);
    expect(slots).toHaveLength(40);
    expect(new Set(slots.map((slot) => slot.key)).size).toBe(40);
    expect(slots.every((slot, index) => index === 0 || slot.atMs >= (slots[index - 1]?.atMs ?? 0))).toBe(true);
  });

  it('of a long outage are the newest ones', () => {
    const slots = berlin('0 * * * *').between(at('2026-01-01T00:00Z'), at('2026-01-31T00:00Z'), 3);
    expect(slots.map((slot) => new Date(slot.atMs).toISOString())).toEqual([
      '2026-01-30T22:00:00.000Z',
      '2026-01-30T23:00:00.000Z',
      '2026-01-31T00:00:00.000Z',
    ]);
  });
});

describe('local times', () => {
  it.each(['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'])(
    'in %s lead back to the instant they came from, or to the first of two',
    (timeZone) => {
      for (let instantMs = at('2026-01-01T00:00Z'); instantMs < at('2027-01-01T00:00Z'); instantMs += 37 * 60_000) {
        const back = toInstant(toLocalMs(instantMs, timeZone), timeZone);
        expect(back.isGap).toBe(false);
        expect(back.instantMs).toBeLessThanOrEqual(instantMs);
        expect(instantMs - back.instantMs).toBeLessThanOrEqual(3_600_000);
        expect(toLocalMs(back.instantMs, timeZone)).toBe(toLocalMs(instantMs, timeZone));
      }
    },
  );
});

describe('a cron expression', () => {
  it.each(['0 8 * * 1', '*/15 * * * *', '@daily', '0 8 * * MON-FRI', '0 0 L * *', '*/5 * * * * *'])(
    '%s is right',
    (cron) => {
      expect(validateCron(cron)).toBeNull();
    },
  );
  it.each([
    ['', 'empty'],
    ['61 * * * *', 'minute'],
    ['* 25 * * *', 'hour'],
    ['0 0 32 * *', 'day of month'],
    ['0 0 30 2 *', 'no month among those asked for has a day 30'],
    ['0 0 * 13 *', 'month'],
    ['0 0 * * 9', 'day of week'],
    ['* * * *', '5 or 6 fields'],
    ['every day', '5 or 6 fields'],
  ])('“%s” is refused, naming the place', (cron, text) => {
    expect(validateCron(cron)).toContain(text);
  });
});
