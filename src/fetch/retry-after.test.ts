import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs } from './retry-after.ts';

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-10-25T00:00:00Z');
  it.each([
    ['120', 120_000],
    ['0', 0],
    ['1.5', 1500],
    ['Sun, 25 Oct 2026 00:01:00 GMT', 60_000],
    ['Sunday, 25-Oct-26 00:01:00 GMT', 60_000],
    ['Sat, 24 Oct 2026 00:00:00 GMT', 0],
    ['9999999', 86_400_000],
    ['-5', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (header, expected) => {
    expect(parseRetryAfterMs(header, nowMs)).toBe(expected);
  });
});
