import { HOUR_MS } from './calendar.ts';
import type { Counter } from './counters.ts';

/** A query that Prometheus refuses too, or a part of PromQL that the sandbox does not know; the text as Prometheus words it. */
export class QueryError extends Error {}

type Aggregation = 'sum' | 'avg' | 'min' | 'max' | 'count';
interface Matcher {
  label: string;
  operator: '=' | '!=' | '=~' | '!~';
  value: string;
}
type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'time' }
  | { kind: 'selector'; name: string | null; matchers: Matcher[]; rangeMs: number | null }
  | { kind: 'growth'; perSecond: boolean; of: Expression & { kind: 'selector' } }
  | { kind: 'aggregate'; by: { without: boolean; labels: string[] } | null; with: Aggregation; of: Expression };

export interface Sample {
  labels: Record<string, string>;
  value: number;
}
export type Evaluated = { type: 'scalar'; value: number } | { type: 'vector'; samples: Sample[] };

const aggregations: readonly string[] = ['sum', 'avg', 'min', 'max', 'count'];
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: HOUR_MS,
  d: 24 * HOUR_MS,
  w: 168 * HOUR_MS,
  y: 8_760 * HOUR_MS,
};

/** `1h30m` in milliseconds, or null. */
export function promDurationMs(text: string): number | null {
  if (!/^(\d+(ms|[smhdwy]))+$/.test(text)) return null;
  return [...text.matchAll(/(\d+)(ms|[smhdwy])/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit ?? ''] ?? 0),
    0,
  );
}

interface Token {
  text: string;
  at: number;
  kind: 'name' | 'number' | 'string' | 'duration' | 'sign' | 'end';
}

function tokens(query: string): Token[] {
  const pattern =
    /\s+|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<duration>\d+(?:ms|[smhdwy])(?:\d+(?:ms|[smhdwy]))*)|(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_:][\w:]*)|(?<sign>=~|!~|!=|[=(){}[\],])/gy;
  const found: Token[] = [];
  while (pattern.lastIndex < query.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(query);
    if (match === null) throw new QueryError(`1:${at + 1}: parse error: unexpected character: '${query[at]}'`);
    const kind = (['string', 'duration', 'number', 'name', 'sign'] as const).find((name) => match.groups?.[name]);
    if (kind !== undefined) found.push({ kind, text: match[0], at });
  }
  return [...found, { kind: 'end', text: '', at: query.length }];
}

/** The part of PromQL that streams of counters need: selectors, rate, increase, aggregations, time() and numbers. */
export function parseQuery(query: string): Expression {
  if (query.trim() === '') throw new QueryError('1:1: parse error: no expression found in input');
  const list = tokens(query);
  let position = 0;
  const peek = (): Token => list[Math.min(position, list.length - 1)] as Token;
  const next = (): Token => list[Math.min(position++, list.length - 1)] as Token;
  const unexpected = (token: Token): QueryError =>
    token.kind === 'end'
      ? new QueryError(`1:${token.at + 1}: parse error: unclosed left parenthesis`)
      : new QueryError(`1:${token.at + 1}: parse error: unexpected ${JSON.stringify(token.text)}`);
  const expect = (text: string): void => {
    const token = next();
    if (token.text !== text) throw unexpected(token);
  };
  const take = (text: string): boolean => {
    if (peek().text !== text || peek().kind === 'string') return false;
    position++;
    return true;
  };
  const listOf = <T>(close: string, item: () => T): T[] => {
    const items: T[] = [];
    while (!take(close)) {
      items.push(item());
      if (!take(',') && peek().text !== close) throw unexpected(peek());
    }
    return items;
  };
  const name = (): string => {
    const token = next();
    if (token.kind !== 'name') throw unexpected(token);
    return token.text;
  };
  const matcher = (): Matcher => {
    const label = name();
    const operator = next();
    const value = next();
    if (!['=', '!=', '=~', '!~'].includes(operator.text)) throw unexpected(operator);
    if (value.kind !== 'string') throw unexpected(value);
    const text = value.text.slice(1, -1).replace(/\\(.)/g, '$1');
    return { label, operator: operator.text as Matcher['operator'], value: text };
  };
  const grouping = (): { without: boolean; labels: string[] } | null => {
    const without = peek().text === 'without';
    if (peek().text !== 'by' && !without) return null;
    position++;
    expect('(');
    return { without, labels: listOf(')', name) };
  };
  const expression = (): Expression => {
    const token = next();
    if (token.text === '(') {
      const inner = expression();
      expect(')');
      return inner;
    }
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.kind !== 'name' && token.text !== '{') throw unexpected(token);
    if (aggregations.includes(token.text) && ['(', 'by', 'without'].includes(peek().text)) {
      const before = grouping();
      expect('(');
      const of = expression();
      expect(')');
      return { kind: 'aggregate', with: token.text as Aggregation, by: before ?? grouping(), of };
    }
    if (take('(')) {
      if (token.text === 'time' && take(')')) return { kind: 'time' };
      if (token.text !== 'rate' && token.text !== 'increase')
        throw new QueryError(
          `1:${token.at + 1}: parse error: unknown function with name ${JSON.stringify(token.text)}`,
        );
      const of = expression();
      expect(')');
      if (of.kind !== 'selector' || of.rangeMs === null)
        throw new QueryError(
          `1:${token.at + token.text.length + 2}: parse error: expected type range vector in call to function "${token.text}", got instant vector`,
        );
      return { kind: 'growth', perSecond: token.text === 'rate', of };
    }
    const matchers = token.text === '{' ? listOf('}', matcher) : take('{') ? listOf('}', matcher) : [];
    let rangeMs: number | null = null;
    if (take('[')) {
      rangeMs = promDurationMs(next().text);
      if (rangeMs === null || rangeMs <= 0) throw new QueryError(`1:${token.at + 1}: parse error: bad duration`);
      expect(']');
    }
    return { kind: 'selector', name: token.text === '{' ? null : token.text, matchers, rangeMs };
  };
  const parsed = expression();
  if (peek().kind !== 'end') throw unexpected(peek());
  return parsed;
}

/** True when the expression is a bare `name[1h]`, which has no value of its own. */
export const isRangeVector = (expression: Expression): boolean =>
  expression.kind === 'selector' && expression.rangeMs !== null;

const SCRAPE_MS = 60_000;
/** A sample counts for five minutes. */
const LOOKBACK_MS = 300_000;

/** The value of the counter at a scrape, risen evenly through each hour. Only for times that it has. */
function totalAt(counter: Counter, atMs: number): number {
  const hours = (atMs - counter.fromMs) / HOUR_MS;
  const index = Math.floor(hours);
  const start = counter.totals[index] ?? 0;
  const end = counter.totals[index + 1] ?? start;
  return Math.floor(start + (end - start) * (hours - index));
}

const endOf = (counter: Counter): number => counter.fromMs + (counter.totals.length - 1) * HOUR_MS;
const scrapeAtOrBefore = (counter: Counter, ms: number): number =>
  Math.min(Math.floor(ms / SCRAPE_MS) * SCRAPE_MS, endOf(counter));

function matches(labels: Readonly<Record<string, string>>, matchers: readonly Matcher[]): boolean {
  return matchers.every(({ label, operator, value }) => {
    const found = labels[label] ?? '';
    const equal = operator.endsWith('~') ? anchored(value).test(found) : found === value;
    return operator.startsWith('!') ? !equal : equal;
  });
}

function anchored(pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`, 'u');
  } catch {
    throw new QueryError(`parse error: error parsing regexp: ${JSON.stringify(pattern)}`);
  }
}

export function select(
  counters: readonly Counter[],
  selector: { name: string | null; matchers: readonly Matcher[] },
): Counter[] {
  return counters.filter(
    (counter) =>
      (selector.name === null || counter.name === selector.name) &&
      matches({ __name__: counter.name, ...counter.labels }, selector.matchers),
  );
}

/** The expression at one moment. */
export function evaluate(expression: Expression, counters: readonly Counter[], atMs: number): Evaluated {
  switch (expression.kind) {
    case 'number':
      return { type: 'scalar', value: expression.value };
    case 'time':
      return { type: 'scalar', value: atMs / 1_000 };
    case 'selector': {
      const samples = select(counters, expression).flatMap((counter) => {
        const scrapedMs = scrapeAtOrBefore(counter, atMs);
        if (scrapedMs < counter.fromMs || atMs - scrapedMs >= LOOKBACK_MS) return [];
        return [{ labels: { __name__: counter.name, ...counter.labels }, value: totalAt(counter, scrapedMs) }];
      });
      return { type: 'vector', samples };
    }
    case 'growth': {
      const rangeMs = expression.of.rangeMs ?? 0;
      const samples = select(counters, expression.of).flatMap((counter) => {
        const firstMs = Math.max(Math.ceil((atMs - rangeMs) / SCRAPE_MS) * SCRAPE_MS, counter.fromMs);
        const lastMs = scrapeAtOrBefore(counter, atMs);
        if (lastMs <= firstMs) return [];
        const increase = totalAt(counter, lastMs) - totalAt(counter, firstMs);
        return [{ labels: counter.labels, value: expression.perSecond ? increase / (rangeMs / 1_000) : increase }];
      });
      return { type: 'vector', samples };
    }
    case 'aggregate': {
      const inner = evaluate(expression.of, counters, atMs);
      if (inner.type === 'scalar')
        throw new QueryError(`parse error: expected type instant vector in aggregation expression, got scalar`);
      return { type: 'vector', samples: aggregate(inner.samples, expression.with, expression.by) };
    }
  }
}

function aggregate(
  samples: readonly Sample[],
  how: Aggregation,
  by: { without: boolean; labels: string[] } | null,
): Sample[] {
  const groups = new Map<string, { labels: Record<string, string>; values: number[] }>();
  for (const sample of samples) {
    const kept = Object.entries(sample.labels).filter(([label]) => {
      if (by === null || label === '__name__') return false;
      return by.labels.includes(label) !== by.without;
    });
    const labels = Object.fromEntries(kept);
    const key = JSON.stringify(kept.sort());
    const group = groups.get(key) ?? { labels, values: [] };
    group.values.push(sample.value);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ labels, values }) => {
    const sum = values.reduce((total, value) => total + value, 0);
    const value = {
      sum,
      avg: sum / values.length,
      min: Math.min(...values),
      max: Math.max(...values),
      count: values.length,
    }[how];
    return { labels, value };
  });
}
