/** What the parser finds, in words that say how to mend it; usual mistakes first. */
const MISTAKES: readonly [found: RegExp, message: string][] = [
  [/^Unexpected alias at node end/, 'a value that begins with * must stand in quotes, such as "*/15 * * * *"'],
  [
    /^Unexpected flow-(map|seq)-start at node end/,
    'a value with { or [ in it must stand in quotes here, such as "${env:NAME}"',
  ],
  [
    /^All (mapping|sequence|collection) items must start at the same column/,
    'indented differently from its neighbours: what belongs together begins in the same column',
  ],
  [
    /^Nested mappings are not allowed in compact mappings/,
    'a text with ": " in it must stand in quotes; a mapping begins on a line of its own',
  ],
  [
    /^Implicit (keys need to be on a single line|map keys need to be followed by map values)/,
    'this is no "key: value"; a colon and a plain space must follow the key',
  ],
  [/^Missing closing (?:"|\')quote/, 'a quote that was opened further up is never closed'],
];

/** The library's message where it says what to do, without pieces of the file: they could be a password. */
export function syntaxMessage(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab cannot indent YAML; use spaces';
    case 'TAG_RESOLVE_FAILED':
      return 'tags ("!…") are not supported';
    case 'NON_STRING_KEY':
      return 'a key must be a plain word or text';
    case 'BAD_SCALAR_START':
      return 'a value that begins with this character must stand in quotes';
    case 'BAD_DQ_ESCAPE':
      return 'not an escape of double-quoted text; write \\\\ for a backslash, or use single quotes';
    default:
      for (const [found, said] of MISTAKES) if (found.test(message)) return said;
      return `not valid YAML: ${message.replace(/(["'`])(?:(?!\1).){3,}\1/g, '…')}`;
  }
}

/** After an unclosed or misread value the parser complains of each line that follows: only the first says anything. */
export const isEcho = (message: string): boolean => /^Unexpected \S+ token in YAML stream/.test(message);
