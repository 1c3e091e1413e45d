import { expect, it } from 'vitest';
import { instantOption } from './point-in-time.ts';

const nowMs = Date.parse('2026-07-05T10:00:00Z');
const known = (text: string) => instantOption('--known-at', text, 'Europe/Berlin', nowMs);

it('by when something was known: the end of a day, of today now, and never a time to come', () => {
  expect(known('2026-07-01')).toBe(Date.parse('2026-07-01T22:00:00Z') - 1);
  expect(known('2026-07-05')).toBe(nowMs);
  expect(known('2026-07-05T11:00:00+02:00')).toBe(Date.parse('2026-07-05T09:00:00Z'));
  for (const text of ['2026-07-06', '2026-07-05T10:00:01Z']) expect(() => known(text)).toThrow(`${text} is to come`);
  expect(() => known('yesterday')).toThrow('takes a date like');
});
