import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { addDays, daysBetween, epochDay } from './dates.ts';

const date = fc
  .integer({ min: -719_528, max: 2_932_896 })
  .map((day) => Temporal.PlainDate.from('1970-01-01').add({ days: day }).toString());

describe('days of the calendar', () => {
  it('are those of a calendar library, in the years 0 to 9999', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -800_000, max: 800_000 }), (from, days) => {
        const to = Temporal.PlainDate.from(from).add({ days }).toString();
        expect(addDays(from, days)).toBe(to);
        fc.pre(to.length === 10);
        expect(daysBetween(from, to)).toBe(days);
      }),
      { seed: 20260702, numRuns: 500 },
    );
  });
  it.each(['2026-02-29', '2026-13-01', '2026-00-10', '2026-04-31', 'yesterday', ''])('%j is none', (text) => {
    expect(() => epochDay(text)).toThrow(RangeError);
    expect(() => addDays(text, 1)).toThrow(RangeError);
  });
});
