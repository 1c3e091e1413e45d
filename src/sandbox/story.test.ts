import { describe, expect, it } from 'vitest';
import { atDate, DAY_MS, plusDays, type StoryDates, storyDates, weekday } from './calendar.ts';
import { type Counter, counters } from './counters.ts';
import { referenceRates } from './ecb-server.ts';
import { projectCosts, serviceHours } from './ledger.ts';

/** Rises of all counters of a name from one UTC time to another. */
function risen(list: readonly Counter[], name: string, fromMs: number, toMs: number): number {
  const at = (counter: Counter, ms: number): number => counter.totals[(ms - counter.fromMs) / 3_600_000] ?? Number.NaN;
  return list
    .filter((counter) => counter.name === name)
    .reduce((sum, counter) => sum + at(counter, toMs) - at(counter, fromMs), 0);
}

/** Undiscounted benefit of whole weeks after going live, against the mean of the five weeks of the baseline. */
function benefit(dates: StoryDates, sumOf: (from: string, to: string) => number, perUnit: number): number {
  const baseline = sumOf(dates.startsOn, dates.baselineTo) / 5;
  let total = 0;
  for (let from = dates.liveOn; plusDays(from, 7) <= dates.lastDate; from = plusDays(from, 7))
    total += (baseline - sumOf(from, plusDays(from, 7))) * perUnit;
  return total;
}

function realisedRoi(nowMs: number): { checkout: number; scanner: number } {
  const dates = storyDates(nowMs);
  const list = counters(dates);
  const hours = serviceHours(dates);
  const counted =
    (name: string) =>
    (from: string, to: string): number =>
      risen(list, name, atDate(from), atDate(to));
  const worked =
    (team: string) =>
    (from: string, to: string): number =>
      hours
        .filter((row) => row.Team === team && row.WorkDate >= from && row.WorkDate < to)
        .reduce((sum, row) => sum + Number(row.Hours), 0);
  const cost = (wbs: string): number =>
    projectCosts(dates)
      .filter((row) => row.WbsElement === wbs && row.ValueType === '04')
      .reduce((sum, row) => sum + Number(row.Amount), 0);
  const checkout =
    benefit(dates, counted('checkout_failures_total'), 11 * 0.8 * 0.9) +
    benefit(dates, worked('Shop support'), 52 * 0.75 * 0.9);
  const scanner =
    benefit(dates, counted('pick_errors_total'), 24 * 0.9 * 0.85) + benefit(dates, worked('Warehouse support'), 48);
  return {
    checkout: (checkout - cost('P-1001')) / cost('P-1001'),
    scanner: (scanner - cost('P-1002')) / cost('P-1002'),
  };
}

describe('the half year that the demo shows', () => {
  const nowMs = Date.parse('2026-11-23T06:15:00Z');

  it('is the same on every run of a day', () => {
    const [one, other] = [storyDates(nowMs), storyDates(nowMs + 30 * 60_000)];
    expect(one).toEqual(other);
    expect(counters(one)).toEqual(counters(other));
    expect(serviceHours(one)).toEqual(serviceHours(other));
  });

  it('is continued, not rewritten, on the next day', () => {
    const [today, tomorrow] = [storyDates(nowMs), storyDates(nowMs + DAY_MS)];
    for (const [index, counter] of counters(today).entries()) {
      const later = counters(tomorrow)[index];
      expect(later?.totals.slice(0, counter.totals.length)).toEqual(counter.totals);
      expect(later?.totals.length).toBe(counter.totals.length + 24);
    }
    expect(projectCosts(tomorrow)).toEqual(expect.arrayContaining(projectCosts(today)));
    expect(serviceHours(tomorrow)).toEqual(expect.arrayContaining(serviceHours(today)));
  });

  it('is at least 180 days long, begins on a Monday and ends with the last full hour', () => {
    for (let day = 0; day < 400; day++) {
      const atMs = nowMs + day * DAY_MS;
      const dates = storyDates(atMs);
      expect(weekday(atDate(dates.startsOn))).toBe(0);
      expect(weekday(atDate(dates.liveOn))).toBe(0);
      expect(atMs - atDate(dates.startsOn)).toBeGreaterThanOrEqual(180 * DAY_MS);
      expect(dates.toMs).toBe(atMs - 15 * 60_000);
      expect(dates.lastDate < new Date(atMs).toISOString().slice(0, 10)).toBe(true);
    }
  });

  it('has one project that pays and one that does not, on whatever day of the year', () => {
    for (let day = 0; day < 365; day += 9) {
      const { checkout, scanner } = realisedRoi(nowMs + day * DAY_MS);
      expect(checkout).toBeGreaterThan(0.3);
      expect(checkout).toBeLessThan(0.9);
      expect(scanner).toBeGreaterThan(-0.45);
      expect(scanner).toBeLessThan(-0.15);
    }
  });

  it('has one correction that takes back an invoice to the cent, and a budget for both projects', () => {
    const costs = projectCosts(storyDates(nowMs));
    const [correction, ...others] = costs.filter((row) => row.ReversedDocument !== null);
    expect(others).toEqual([]);
    const original = costs.find((row) => `${row.DocumentNo}/${row.Item}` === correction?.ReversedDocument);
    expect(Number(original?.Amount)).toBe(-Number(correction?.Amount));
    expect(new Set(costs.filter((row) => row.ValueType === '01').map((row) => row.WbsElement))).toEqual(
      new Set(['P-1001', 'P-1002']),
    );
    expect(new Set(costs.map((row) => row.DocumentNo)).size).toBe(costs.length);
  });

  it('has postings on working days only', () => {
    for (const row of projectCosts(storyDates(nowMs))) expect(weekday(atDate(row.PostingDate))).toBeLessThan(5);
  });

  it('goes on from the start that it had when the month changes: its plans were frozen then', () => {
    const [today, later] = [storyDates(nowMs), storyDates(nowMs + 40 * DAY_MS)];
    expect(later.startsOn > today.startsOn).toBe(true);
    const kept = storyDates(nowMs + 40 * DAY_MS, today.startsOn);
    expect([kept.startsOn, kept.liveOn]).toEqual([today.startsOn, today.liveOn]);
    expect(kept.lastDate).toBe(later.lastDate);
  });

  it('has a dollar rate for every working day, the same whenever it is asked for', () => {
    const [today, tomorrow] = [storyDates(nowMs), storyDates(nowMs + DAY_MS)];
    const rates = referenceRates(today);
    expect(referenceRates(tomorrow)).toEqual(expect.arrayContaining(rates));
    for (const { date, usd } of rates) {
      expect(weekday(atDate(date))).toBeLessThan(5);
      expect(Number(usd)).toBeGreaterThan(1);
      expect(Number(usd)).toBeLessThan(1.2);
    }
    expect(rates.at(-1)?.date).toBe(plusDays(today.startsOn, -7));
  });
});
