import { PermanentError } from '#kit';

/** More files at once are a pattern that is too wide. */
export const MOST_FILES = 10_000;

export const tooManyFiles = (pattern: string): PermanentError =>
  new PermanentError('source/too-large', `${pattern} matches more than ${MOST_FILES} files`, {
    hint: 'Narrow the pattern, or move what was read already into another folder.',
  });
