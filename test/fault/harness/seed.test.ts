import { describe, expect, it } from 'vitest';
import { faultSeed, seededRandom } from './seed.ts';

const draw = (seed: number): number[] => {
  const random = seededRandom(seed);
  return Array.from({ length: 50 }, () => random.integer(1, 6));
};

describe('the seed of the faults', () => {
  it('gives the same plan again, and another seed another', () => {
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
    expect(new Set(draw(42))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  });

  it('branches into sequences that do not shift each other', () => {
    const one = seededRandom(7);
    one.next();
    expect(one.branch('kills').next()).toBe(seededRandom(7).branch('kills').next());
    expect(one.branch('kills').next()).not.toBe(one.branch('jobs').next());
  });

  it('is taken from outside, and refused when it is no seed', () => {
    expect(faultSeed('17')).toBe(17);
    expect(() => faultSeed('x')).toThrow('not “x”');
    expect(() => faultSeed('99999999999')).toThrow('whole number');
  });
});
