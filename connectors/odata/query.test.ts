import { describe, expect, it } from 'vitest';
import { PermanentError } from '#kit';
import { streamSchema } from './options.ts';
import { cursorBounds, pageQuery } from './query.ts';

const window = { fromMs: Date.parse('2026-06-01T10:30:00Z'), toMs: Date.parse('2026-06-03T22:00:00Z') };
const field = 'At';
const stream = (changes: Record<string, unknown> = {}) =>
  streamSchema.parse({
    entitySet: 'Rows',
    measurements: { at: 'At', value: 'Value', unit: 'h', labels: ['Team'], timeZone: 'UTC' },
    ...changes,
  });

describe('the window as literals', () => {
  it('a date cursor takes in whole local days', () => {
    const bounds = (zone: string | null, toMs = window.toMs) =>
      cursorBounds('v4', { field, type: 'date' }, { ...window, toMs }, zone);
    expect(bounds('UTC')).toEqual({ from: '2026-06-01', before: '2026-06-04' });
    // 22:00 UTC is midnight in Berlin: the day that begins there is not touched yet.
    expect(bounds('Europe/Berlin')).toEqual({ from: '2026-06-01', before: '2026-06-04' });
    expect(bounds('Europe/Berlin', window.toMs + 1)).toEqual({ from: '2026-06-01', before: '2026-06-05' });
    expect(bounds('Pacific/Auckland')).toEqual({ from: '2026-06-01', before: '2026-06-05' });
    expect(bounds('America/Los_Angeles')).toEqual({ from: '2026-06-01', before: '2026-06-04' });
  });

  it('without a time zone it is so wide that no zone loses a row', () => {
    const { from, before } = cursorBounds('v4', { field, type: 'date' }, window, null);
    for (const zone of ['Etc/GMT+12', 'America/New_York', 'UTC', 'Asia/Tokyo', 'Pacific/Kiritimati']) {
      const local = cursorBounds('v4', { field, type: 'date' }, window, zone);
      expect(from <= local.from && local.before <= before).toBe(true);
    }
  });

  it('writes each type in the words of its version', () => {
    const bounds = (version: 'v2' | 'v4', type: 'date' | 'datetime' | 'datetimeoffset' | 'yyyymmdd') =>
      cursorBounds(version, { field, type }, window, 'UTC').from;
    expect(bounds('v4', 'date')).toBe('2026-06-01');
    expect(bounds('v4', 'datetimeoffset')).toBe('2026-06-01T10:30:00Z');
    expect(bounds('v4', 'yyyymmdd')).toBe("'20260601'");
    expect(bounds('v2', 'date')).toBe("datetime'2026-06-01T00:00:00'");
    expect(bounds('v2', 'datetime')).toBe("datetime'2026-06-01T09:30:00'");
    expect(bounds('v2', 'datetimeoffset')).toBe("datetimeoffset'2026-06-01T10:30:00Z'");
    expect(() => bounds('v4', 'datetime')).toThrow(PermanentError);
  });

  it('wall-clock bounds lose nothing in the hour that the clock shows twice', () => {
    // 00:30Z is 02:30 summer time, 01:10Z is 02:10 winter time: taken literally the window would end before it begins.
    const autumn = { fromMs: Date.parse('2026-10-25T00:30:00Z'), toMs: Date.parse('2026-10-25T01:10:00Z') };
    const { from, before } = cursorBounds('v2', { field, type: 'datetime' }, autumn, 'Europe/Berlin');
    expect(from <= "datetime'2026-10-25T02:10:00'" && before >= "datetime'2026-10-25T02:59:59'").toBe(true);
  });
});

describe('the first request', () => {
  it("joins the operator's own conditions in parentheses, asks only for what is mapped, and never sends $top", () => {
    const query = pageQuery(
      { version: 'v4', parameters: { 'sap-client': '100' } },
      stream({ filter: "A eq 1 or B eq 'x'", cursor: { field, type: 'date' } }),
      window,
    );
    expect(query).toEqual({
      'sap-client': '100',
      $filter: "(A eq 1 or B eq 'x') and At ge 2026-06-01 and At lt 2026-06-04",
      $select: 'At,Value,Team',
      $orderby: 'At,Team',
      $count: 'true',
    });
  });

  it('without cursor and filter reads all', () => {
    const query = pageQuery({ version: 'v2', parameters: {} }, stream({ keys: ['No'], count: false }), window);
    expect(query).toEqual({ $select: 'At,Value,Team', $orderby: 'No' });
  });
});
