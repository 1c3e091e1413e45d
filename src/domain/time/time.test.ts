import { describe, expect, it } from 'vitest';
import { addMonths, addYears, daysBetween, isLocalDate } from './dates.ts';
import { periodAt, periodsTouching, periodsWithin, yearParts } from './periods.ts';
import { instantsOf, isTimeZone, localDateAt, startOfDayMs } from './zones.ts';

const HOUR = 3_600_000;

describe('local days', () => {
  it('are counted in every year, the first hundred too', () => {
    expect(daysBetween('0001-01-01', '9999-12-31')).toBe(3_652_058);
    expect(daysBetween('0099-12-31', '0100-01-01')).toBe(1);
  });
  it('have 23 or 25 hours when the clocks change, 23.5 where they change by half an hour', () => {
    const hours = (from: string, to: string, zone: string) => {
      const { fromMs, toMs } = instantsOf({ from, to }, zone);
      return (toMs - fromMs) / HOUR;
    };
    expect(hours('2026-03-29', '2026-03-30', 'Europe/Berlin')).toBe(23);
    expect(hours('2026-10-25', '2026-10-26', 'Europe/Berlin')).toBe(25);
    expect(hours('2026-10-04', '2026-10-05', 'Australia/Lord_Howe')).toBe(23.5);
  });
  it('begin at the first instant that exists where midnight is skipped', () => {
    expect(new Date(startOfDayMs('2018-11-04', 'America/Sao_Paulo')).toISOString()).toBe('2018-11-04T03:00:00.000Z');
  });
  it('in zones off by :30 and :45', () => {
    expect(new Date(startOfDayMs('2026-01-01', 'Asia/Kolkata')).toISOString()).toBe('2025-12-31T18:30:00.000Z');
    expect(localDateAt(Date.parse('2025-12-31T18:14:59Z'), 'Asia/Kathmandu')).toBe('2025-12-31');
    expect(localDateAt(Date.parse('2025-12-31T18:15:00Z'), 'Asia/Kathmandu')).toBe('2026-01-01');
  });
  it('zones and dates that do not exist are told from those that do', () => {
    expect([isTimeZone('Europe/Berlin'), isTimeZone('Europe/Berlim')]).toEqual([true, false]);
    expect(['2026-02-28', '2026-02-29', '2026-2-1', 'soon', '0000-01-01'].map(isLocalDate)).toEqual([
      true,
      ...Array(4).fill(false),
    ]);
  });
});

describe('periods', () => {
  it('weeks begin on Monday, also across the turn of the year', () => {
    expect(periodAt('2027-01-01', 'week')).toEqual({ from: '2026-12-28', to: '2027-01-04' });
    expect(periodAt('2026-12-28', 'week').from).toBe('2026-12-28');
  });
  it('months end on the first of the next, also in a leap year', () => {
    expect(periodAt('2028-02-29', 'month')).toEqual({ from: '2028-02-01', to: '2028-03-01' });
    expect(daysBetween('2028-02-01', '2028-03-01')).toBe(29);
  });
  it('touching and within differ by the ones that are cut', () => {
    expect(periodsTouching('2026-01-15', '2026-03-15', 'month')).toHaveLength(3);
    expect(periodsWithin('2026-01-15', '2026-03-15', 'month')).toEqual([{ from: '2026-02-01', to: '2026-03-01' }]);
    expect(periodsTouching('2026-01-15', '2026-01-15', 'day')).toEqual([]);
  });
  it('the parts of a whole calendar year come to one, leap year or not', () => {
    for (const year of [2027, 2028]) {
      const months = periodsWithin(`${year}-01-01`, `${year + 1}-01-01`, 'month').flatMap(yearParts);
      expect(months.reduce((days, part) => days + part.days, 0)).toBe(months[0]?.daysInYear);
    }
    expect(yearParts({ from: '2027-12-27', to: '2028-01-03' })).toEqual([
      { days: 5, daysInYear: 365 },
      { days: 2, daysInYear: 366 },
    ]);
  });
  it('adding months and years stays within the calendar', () => {
    expect(addMonths('2026-01-31', 1)).toBe('2026-02-28');
    expect(addYears('2028-02-29', 1)).toBe('2029-02-28');
  });
});
