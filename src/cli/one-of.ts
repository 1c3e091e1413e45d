import { OutturnError } from '#kit';

/** The one thing that an id, or its beginning, means. Throws `not-found`, or `usage` when several begin so. */
export function oneOf<T>(
  { what, id, list }: { what: string; id: string; list: string },
  matches: readonly T[],
  idOf: (match: T) => string,
): T {
  const exact = matches.find((match) => idOf(match) === id);
  const [first] = matches;
  if (exact !== undefined) return exact;
  if (first === undefined)
    throw new OutturnError('not-found', `There is no ${what} "${id}".`, { hint: `\`${list}\` lists them.` });
  if (matches.length === 1) return first;
  throw new OutturnError('usage', `Several ${what}s begin with "${id}".`, {
    hint: `Give more of the id: ${matches.slice(0, 3).map(idOf).join(', ')}${matches.length > 3 ? ' …' : ''}`,
  });
}
/** So many matches of a beginning are read: one is meant, the others are told. */
export const MATCHES = 10;
