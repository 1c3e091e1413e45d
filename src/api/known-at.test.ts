import { describe, expect, it } from 'vitest';
import { businessDate, instant, knownAtOf } from './known-at.ts';

const nowMs = Date.parse('2026-07-05T10:00:00Z');

describe('by when something was known', () => {
  it('is an instant, or the end of a day in its time zone; of today it is now', () => {
    expect(knownAtOf(undefined, nowMs)).toBeUndefined();
    expect(knownAtOf('2026-07-01T12:00:00+02:00', nowMs)).toBe(Date.parse('2026-07-01T10:00:00Z'));
    expect(knownAtOf('2026-07-01', nowMs, 'Europe/Berlin')).toBe(Date.parse('2026-07-01T22:00:00Z') - 1);
    expect(knownAtOf('2026-07-05', nowMs, 'Europe/Berlin')).toBe(nowMs);
  });

  it('is refused when it is to come: nobody knows yet what will be recorded', () => {
    for (const text of ['2026-07-06', '2026-07-05T10:00:01Z', '2099-01-01T00:00:00Z'])
      expect(() => knownAtOf(text, nowMs, 'Europe/Berlin')).toThrow('is to come');
  });

  it('is never taken for now because it cannot be read', () => {
    expect(instant.safeParse('2026-07-01T12:00:00.1234567890Z').success).toBe(false);
    expect(instant.safeParse('2026-07-01T12:00:00.123Z').success).toBe(true);
    expect(businessDate.safeParse('0000-01-01').success).toBe(false);
    expect(businessDate.safeParse('2026-06-30').success).toBe(true);
  });
});
