import { expect, it } from 'vitest';
import { shownValue, textOfScalar } from './shown-value.ts';

const nested: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));

it('what a source sent is shown whatever it is', () => {
  expect([4711, 'a', null, true].map(textOfScalar)).toEqual(['4711', 'a', 'null', 'true']);
  expect(textOfScalar({ toString: 1, valueOf: 2 })).toBe('{"toString":1,"valueOf":2}');
  expect(textOfScalar(nested)).toBe('a list of 1');
  expect(shownValue(nested)).toBe('a list of 1');
});
