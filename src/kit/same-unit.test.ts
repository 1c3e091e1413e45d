import { describe, expect, it } from 'vitest';
import { unitsDisagree } from './same-unit.ts';

describe('the unit that a source declares', () => {
  it.each([
    ['ms', 's'],
    ['B/s', 'B'],
    ['B', 'B/s'],
    ['B/s', 'B/min'],
    ['%', 'ratio'],
    ['h', 'GiB'],
  ])('%s is not %s', (declared, written) => expect(unitsDisagree(declared, written)).toBe(true));
  it.each([
    ['s', 's'],
    ['bytes', 'B'],
    ['bytes/s', 'B/s'],
    ['request', 'orders'],
    ['request/s', 'B'],
    ['', 's'],
  ])('%s does not contradict %s', (declared, written) => expect(unitsDisagree(declared, written)).toBe(false));
});
