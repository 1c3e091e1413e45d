import type { SeededRandom } from './seed.ts';

const kinds = [
  'fault-measure',
  'fault-measure',
  'fault-register',
  'fault-object',
  'fault-announce',
  'fault-keyed',
  'fault-keyed',
  'fault-flaky',
  'fault-hopeless',
] as const;

/** One intent of the ordinary mix: quick and slow, with and without a key, of which some fail and some are asked for again. */
export function mixedIntent(
  random: SeededRandom,
  key: string,
  { longestMs }: { longestMs: number },
): { kind: string; args: Record<string, unknown> } {
  const kind = random.pick(kinds);
  const args: Record<string, unknown> = {
    key,
    ms: random.chance(0.7) ? random.integer(0, 50) : random.integer(50, longestMs),
  };
  if (kind === 'fault-measure') args['follow'] = random.chance(0.5);
  if (kind === 'fault-keyed') args['group'] = `group ${random.integer(1, 5)}`;
  if (kind === 'fault-flaky') args['failures'] = random.integer(0, 3);
  return { kind, args };
}
