import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  daysBetween,
  type FiscalCalendar,
  fiscalPeriodAt,
  fiscalTableProblems,
  fiscalYearAt,
  fiscalYears,
  type LocalDate,
} from '#domain';

type Weeks = Extract<FiscalCalendar, { kind: 'weeks' }>;
const seeded = { seed: 20260702, numRuns: 120 };
const namedAfter = fc.constantFrom('start' as const, 'end' as const, undefined);
const weeks: fc.Arbitrary<Weeks> = fc.record({
  kind: fc.constant('weeks' as const),
  lastMonth: fc.integer({ min: 1, max: 12 }),
  endsOnWeekday: fc.integer({ min: 1, max: 7 }),
  rule: fc.constantFrom('last-in-month' as const, 'nearest-to-month-end' as const),
  pattern: fc.constantFrom('4-4-5' as const, '4-5-4' as const, '5-4-4' as const),
  namedAfter,
});
const months = fc.record({
  kind: fc.constant('months' as const),
  firstMonth: fc.integer({ min: 1, max: 12 }),
  namedAfter,
});
const dates = fc.integer({ min: 0, max: 40_000 }).map((days) => addDays('1990-01-01', days));
const lengthInWeeks = ({ from, to }: { from: LocalDate; to: LocalDate }) => daysBetween(from, to) / 7;

describe('computed fiscal calendars', () => {
  it('tile the time: each year and each period begins where the one before it ends', () => {
    fc.assert(
      fc.property(fc.oneof(weeks, months), dates, (calendar, from) => {
        const years = fiscalYears(calendar, from, addDays(from, 3000));
        expect(years[0]?.from.localeCompare(from)).toBeLessThanOrEqual(0);
        for (const [index, year] of years.entries()) {
          if (index > 0) expect(year.from).toBe(years[index - 1]?.to);
          expect(year.periods).toHaveLength(12);
          expect(year.periods[0]?.from).toBe(year.from);
          expect(year.periods.at(-1)?.to).toBe(year.to);
          for (const [p, period] of year.periods.entries())
            if (p > 0) expect(period.from).toBe(year.periods[p - 1]?.to);
        }
      }),
      seeded,
    );
  });
  it('every date is in the year and the period that are found for it, names rise by one', () => {
    fc.assert(
      fc.property(fc.oneof(weeks, months), dates, (calendar, date) => {
        const year = fiscalYearAt(calendar, date);
        const period = fiscalPeriodAt(calendar, date);
        expect(year && year.from <= date && date < year.to).toBe(true);
        expect(period && period.from <= date && date < period.to).toBe(true);
        expect(period?.name.startsWith(`${year?.name} P`)).toBe(true);
        const next = fiscalYearAt(calendar, year?.to ?? date);
        expect(Number(next?.name.slice(2))).toBe(Number(year?.name.slice(2)) + 1);
      }),
      seeded,
    );
  });
  it('years of weeks have 52 or 53, the 53rd in the last period, and end on their weekday by their rule', () => {
    fc.assert(
      fc.property(weeks, dates, (calendar, date) => {
        const year = fiscalYearAt(calendar, date);
        if (year === null) throw new Error('no year');
        expect([52, 53]).toContain(lengthInWeeks(year));
        const pattern = calendar.pattern.split('-').map(Number);
        const wanted = [...pattern, ...pattern, ...pattern, ...pattern];
        if (lengthInWeeks(year) === 53) wanted[11] = (wanted[11] ?? 0) + 1;
        expect(year.periods.map(lengthInWeeks)).toEqual(wanted);
        const lastDay = new Date(`${addDays(year.to, -1)}T00:00:00Z`);
        expect(lastDay.getUTCDay() || 7).toBe(calendar.endsOnWeekday);
        const monthEnd = (shift: number) => Date.UTC(lastDay.getUTCFullYear(), lastDay.getUTCMonth() + shift, 0);
        const distances = [0, 1].map((shift) => Math.round((lastDay.getTime() - monthEnd(shift)) / 86_400_000));
        if (calendar.rule === 'last-in-month') expect(-(distances[1] ?? 0)).toBeLessThan(7);
        else expect(Math.min(...distances.map(Math.abs))).toBeLessThanOrEqual(3);
      }),
      seeded,
    );
  });
});

describe('fiscal calendars that are published', () => {
  const retail: Weeks = {
    kind: 'weeks',
    lastMonth: 1,
    endsOnWeekday: 6,
    rule: 'nearest-to-month-end',
    pattern: '4-5-4',
    namedAfter: 'start',
  };
  it('US retail (NRF 4-5-4): 53 weeks in 2000, 2006, 2012, 2017 and 2023, no other year between', () => {
    const long = fiscalYears(retail, '2000-06-01', '2026-06-01').filter((year) => lengthInWeeks(year) === 53);
    expect(long.map(({ name }) => name)).toEqual(['FY2000', 'FY2006', 'FY2012', 'FY2017', 'FY2023']);
  });
  it('US retail: fiscal 2023 ends on Saturday, 3 February 2024', () => {
    expect(fiscalYearAt(retail, '2024-02-03')).toMatchObject({ name: 'FY2023', from: '2023-01-29', to: '2024-02-04' });
    expect(fiscalPeriodAt(retail, '2024-02-03')).toEqual({ name: 'FY2023 P12', from: '2023-12-31', to: '2024-02-04' });
    expect(fiscalPeriodAt(retail, '2024-02-04')?.name).toBe('FY2024 P01');
  });
  it('the last Saturday of September: 30 September 2023 (53 weeks), 28 September 2024, 24 September 2022', () => {
    const apple: Weeks = { ...retail, lastMonth: 9, rule: 'last-in-month', pattern: '4-4-5', namedAfter: 'end' };
    const ends = fiscalYears(apple, '2022-01-01', '2024-09-01').map((year) => [
      year.name,
      addDays(year.to, -1),
      lengthInWeeks(year),
    ]);
    expect(ends).toEqual([
      ['FY2022', '2022-09-24', 52],
      ['FY2023', '2023-09-30', 53],
      ['FY2024', '2024-09-28', 52],
    ]);
  });
  it('a year that ends nearest to the end of December may end in January and keeps its name', () => {
    const calendar: Weeks = { ...retail, lastMonth: 12, namedAfter: 'end' };
    expect(fiscalYearAt(calendar, '2021-01-02')).toMatchObject({ name: 'FY2020', to: '2021-01-03' });
    expect(fiscalYearAt({ ...calendar, namedAfter: 'start' }, '2021-01-02')?.name).toBe('FY2020');
  });
  it('months: the US government’s FY2026 begins in October 2025, a year of the calendar in January', () => {
    const federal: FiscalCalendar = { kind: 'months', firstMonth: 10 };
    expect(fiscalYearAt(federal, '2025-10-01')).toMatchObject({ name: 'FY2026', from: '2025-10-01', to: '2026-10-01' });
    expect(fiscalPeriodAt(federal, '2025-12-31')).toEqual({ name: 'FY2026 P03', from: '2025-12-01', to: '2026-01-01' });
    expect(fiscalYearAt({ ...federal, namedAfter: 'start' }, '2025-10-01')?.name).toBe('FY2025');
    expect(fiscalYearAt({ kind: 'months', firstMonth: 1 }, '2025-10-01')?.name).toBe('FY2025');
    expect(fiscalYears(federal, '2026-10-01', '2026-10-01')).toEqual([]);
  });
});

describe('fiscal calendars given as a table', () => {
  const period = (name: string, from: string, to: string) => ({ name, from, to });
  const table: Extract<FiscalCalendar, { kind: 'table' }> = {
    kind: 'table',
    years: [
      {
        name: '2025/26',
        periods: [period('H1', '2025-04-01', '2025-10-01'), period('H2', '2025-10-01', '2026-04-01')],
      },
      { name: 'short 2026', periods: [period('all', '2026-04-01', '2027-01-01')] },
    ],
  };
  it('use their own names and know nothing beyond their ends', () => {
    expect(fiscalTableProblems(table)).toEqual([]);
    expect(fiscalYearAt(table, '2026-03-31')?.name).toBe('2025/26');
    expect(fiscalPeriodAt(table, '2026-03-31')?.name).toBe('H2');
    expect(fiscalYearAt(table, '2027-01-01')).toBeNull();
    expect(fiscalPeriodAt(table, '2025-03-31')).toBeNull();
    expect(fiscalYears(table, '2020-01-01', '2030-01-01').map(({ name }) => name)).toEqual(['2025/26', 'short 2026']);
  });
  it('everything that is wrong is said at once', () => {
    const problems = fiscalTableProblems({
      kind: 'table',
      years: [
        { name: 'A', periods: [period('1', '2025-01-01', '2025-07-01'), period('1', '2025-06-30', '2026-01-01')] },
        { name: 'A', periods: [period('1', '2026-01-02', '2026-01-02'), period('2', '2026-02-30', '2026-12-31')] },
        { name: 'C', periods: [] },
      ],
    });
    expect(problems.map(({ path }) => path)).toEqual([
      'years[0].periods[1].name',
      'years[0].periods[1].from',
      'years[1].name',
      'years[1].periods[0].to',
      'years[1].periods[0].from',
      'years[1].periods[1].from',
      'years[2].periods',
    ]);
    expect(problems.map(({ message }) => message.split(':')[0])).toContain('gap');
    expect(problems.map(({ message }) => message.split(':')[0])).toContain('overlap');
    expect(fiscalTableProblems({ kind: 'table', years: [] })).toHaveLength(1);
  });
});
