import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/**
 * Uniform numbers in [0, 1) of one driver. Its state is made from the seed and the driver's name and nothing else, so that two
 * valuations differ by their inputs and not by luck, and a further driver changes none of the others' draws.
 */
export function uniformsOf(seed: number, driver: string): () => number {
  const digest = createHash('sha256').update(`${seed}/${driver}`).digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
  return () => uniformFloat64(generator);
}
