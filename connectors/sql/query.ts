import type { PullWindow, SqlValue } from '#kit';

/** A piece of SQL: what the server alone reads (`quiet`: literals, quoted names, comments), or what means something here. */
interface Token {
  kind: 'code' | 'quiet' | 'parameter' | 'positional' | 'semicolon';
  text: string;
}

/**
 * In order of precedence: comments, dollar quotes, strings (with backslashes only after E), quoted names, casts, parameters.
 * PostgreSQL documentation, "Lexical Structure". Block comments nest, which no regular expression can follow: `endOfComment`.
 */
const TOKEN =
  /--[^\n]*|\/\*|\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$|[eE]'(?:[^'\\]|\\[^]|'')*(?:'|$)|'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|::|:=|:[A-Za-z_]\w*|\$\d+|;|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|[^]/g;

function tokens(sql: string): Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match !== null; match = TOKEN.exec(sql)) {
    let [text] = match;
    const start = match.index;
    if (text === '/*') text = sql.slice(start, endOfComment(sql, start));
    else if (/^\$\w*\$$/.test(text)) {
      const end = sql.indexOf(text, start + text.length);
      text = sql.slice(start, end === -1 ? sql.length : end + text.length);
    }
    TOKEN.lastIndex = start + text.length;
    found.push({ kind: kindOf(text), text });
  }
  return found;
}

function kindOf(text: string): Token['kind'] {
  if (/^(--|\/\*|\$\D|\$$|[eE]?'|")/.test(text)) return 'quiet';
  if (/^:[A-Za-z_]/.test(text)) return 'parameter';
  if (/^\$\d/.test(text)) return 'positional';
  return text === ';' ? 'semicolon' : 'code';
}

function endOfComment(sql: string, start: number): number {
  let depth = 0;
  const sign = /\/\*|\*\//g;
  sign.lastIndex = start;
  for (let match = sign.exec(sql); match !== null; match = sign.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return sign.lastIndex;
  }
  return sql.length;
}

const isBlank = ({ kind, text }: Token): boolean =>
  (kind === 'code' && text.trim() === '') || text.startsWith('--') || text.startsWith('/*');

/** Names of the window's bounds in a query. */
export const windowParameters = ['from', 'to'] as const;

/** The names after a colon, each once. */
export function parametersOf(sql: string): string[] {
  return [...new Set(tokens(sql).flatMap(({ kind, text }) => (kind === 'parameter' ? [text.slice(1)] : [])))];
}

/** What is wrong with a query before any server sees it; null: nothing. */
export function problemOf(sql: string, known: readonly string[]): string | null {
  const all = tokens(sql).filter((token) => !isBlank(token));
  while (all.at(-1)?.kind === 'semicolon') all.pop();
  if (all.some(({ kind }) => kind === 'semicolon'))
    return 'expected one statement, found several (there is a ; inside)';
  const first = all.find(({ text }) => text !== '(')?.text.toLowerCase() ?? '';
  if (!['select', 'with', 'values', 'table'].includes(first))
    return 'expected a query that reads: SELECT, WITH, VALUES or TABLE';
  if (all.some(({ kind }) => kind === 'positional')) return 'expected parameters by name such as :from, found $1';
  const unknown = parametersOf(sql).find((name) => !known.includes(name));
  return unknown === undefined
    ? null
    : `there is no parameter :${unknown}; known are ${known.map((name) => `:${name}`).join(', ')} (others stand under parameters; in an array slice write a space after the colon)`;
}

export interface CompiledQuery {
  text: string;
  parameters: SqlValue[];
}

/**
 * The query as the server gets it: each name becomes a number, its value is bound and never part of the text. `:from` and
 * `:to` are of the type timestamptz, other parameters of the type that their place asks for.
 */
export function compileQuery(
  sql: string,
  values: Readonly<Record<string, string | number | boolean>>,
  window: PullWindow,
): CompiledQuery {
  const numbers = new Map<string, number>();
  const parameters: SqlValue[] = [];
  const bounds: Readonly<Record<string, number>> = { from: window.fromMs, to: window.toMs };
  const bind = (name: string): string => {
    const boundMs = Object.hasOwn(bounds, name) ? bounds[name] : undefined;
    let number = numbers.get(name);
    if (number === undefined) {
      number = parameters.push(boundMs === undefined ? String(values[name]) : new Date(boundMs).toISOString());
      numbers.set(name, number);
    }
    return boundMs === undefined ? `$${number}` : `($${number}::timestamptz)`;
  };
  const all = tokens(sql);
  while (all.length > 0 && (all.at(-1)?.kind === 'semicolon' || all.at(-1)?.text.trim() === '')) all.pop();
  return {
    text: all.map(({ kind, text }) => (kind === 'parameter' ? bind(text.slice(1)) : text)).join(''),
    parameters,
  };
}
