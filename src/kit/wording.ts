const MAX_QUOTED = 60;
/** A text in quotes, on one line, cut where it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

const MAX_WORDS = 40;
/** `a, b or c`; long lists are cut, but not that of the connectors' kinds. */
export function listWords(words: readonly string[]): string {
  const shown =
    words.length > MAX_WORDS ? [...words.slice(0, MAX_WORDS - 1), `${words.length - MAX_WORDS + 1} more`] : words;
  return shown.length < 2 ? (shown[0] ?? '') : `${shown.slice(0, -1).join(', ')} or ${shown.at(-1)}`;
}
