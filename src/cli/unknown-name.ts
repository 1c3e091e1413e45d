import { nearest, OutturnError, PermanentError } from '#kit';

/** There is nothing of that name: what was probably meant, and what there is. */
export function unknownName(what: string, name: string, known: readonly string[], plural = `${what}s`): PermanentError {
  return new PermanentError('config/unknown-reference', `There is no ${what} "${name}".`, {
    hint: hint(name, known, `Known ${plural}`),
  });
}

/** An option or argument takes one of a few words; ends with status 2. */
export function requireWord<T extends string>(what: string, word: string, words: readonly T[]): T {
  const found = words.find((each) => each === word);
  if (found !== undefined) return found;
  throw new OutturnError('usage', `There is no ${what} "${word}".`, { hint: hint(word, words, 'It can be') });
}

const SHOWN = 20;

function hint(name: string, known: readonly string[], introduction: string): string {
  const meant = nearest(name, known);
  const more = known.length > SHOWN ? `, and ${known.length - SHOWN} more` : '';
  const list = `${introduction}: ${known.slice(0, SHOWN).join(', ') || 'none'}${more}.`;
  return meant === null ? list : `Did you mean ${meant}? ${list}`;
}
