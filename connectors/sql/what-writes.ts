import type { Token } from './tokens.ts';

/** What parentheses hold: `first` decides whether they are a query of their own or the arguments of a function. */
interface Open {
  first: string;
  /** Those of `name AS ( … )` below WITH. */
  isNamedQuery: boolean;
}

const CHANGES = new Set(['insert', 'update', 'delete', 'merge']);
const READS = new Set(['select', 'with', 'values', 'table', '(']);
const STRENGTHS = new Set(['update', 'share', 'no', 'key']);

/**
 * What of one statement changes or locks rows though it begins like a query, in words; null: nothing. Takes its tokens
 * without white space and comments. PostgreSQL documentation, "SELECT" and "Data-Modifying Statements in WITH". These words
 * are names as well (`SELECT delete FROM audit`), so it is their place that counts.
 */
export function whatWrites(all: readonly Token[]): string | null {
  const words = all.map(({ kind, text }) => (kind === 'code' ? text.toLowerCase() : ''));
  const open: Open[] = [{ first: words[0] ?? '', isNamedQuery: false }];
  for (const [index, word] of words.entries()) {
    const before = words[index - 1] ?? '';
    const after = words[index + 1] ?? '';
    if (word === '(') {
      const isNamedQuery = before === 'as' || before === 'materialized';
      if (isNamedQuery && changesRows(words, index + 1)) return `${after.toUpperCase()} below WITH`;
      open.push({ first: after, isNamedQuery });
    } else if (word === ')') {
      const closed = open.length > 1 ? open.pop() : undefined;
      if (closed?.isNamedQuery && changesRows(words, index + 1)) return `${after.toUpperCase()} after WITH`;
    } else if (word === 'into' && before !== 'as' && before !== '.') return 'INTO, which makes a table';
    // In the arguments of substring and overlay, FOR says how many characters.
    else if (word === 'for' && before !== 'as' && before !== '.' && READS.has(open.at(-1)?.first ?? ''))
      if (STRENGTHS.has(after))
        return `FOR ${after === 'no' ? 'NO KEY UPDATE' : after === 'key' ? 'KEY SHARE' : after.toUpperCase()}, which locks rows`;
  }
  return null;
}

/** Whether a statement that changes rows begins at a word: each of them needs a second one, which no list of columns has. */
function changesRows(words: readonly string[], start: number): boolean {
  const word = words[start] ?? '';
  if (!CHANGES.has(word)) return false;
  if (word === 'update') {
    const rest = words.slice(start + 1);
    return rest[rest.findIndex((each) => each === 'set' || each === ',' || each === ')')] === 'set';
  }
  return words[start + 1] === (word === 'delete' ? 'from' : 'into');
}
