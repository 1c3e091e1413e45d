import type { PullWindow, SqlValue } from '#kit';
import { isBlank, tokens } from './tokens.ts';
import { whatWrites } from './what-writes.ts';

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
  const writes = whatWrites(all);
  if (writes !== null) return `expected a query that only reads, found ${writes}: the server refuses it`;
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
