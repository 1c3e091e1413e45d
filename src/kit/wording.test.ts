import { expect, it } from 'vitest';
import { listWords } from './wording.ts';

it('a list tells all kinds of connectors, and cuts what is longer', () => {
  const words = (count: number): string[] => Array.from({ length: count }, (_, index) => `w${index}`);
  expect(listWords(words(40))).not.toContain('more');
  expect(listWords(words(50))).toMatch(/w38 or 11 more$/);
});
