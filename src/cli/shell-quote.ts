/** A word as a POSIX shell reads it back unchanged; left as it is where nothing in it means anything to a shell. */
export const shellQuote = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
