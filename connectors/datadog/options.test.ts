import { describe, expect, it } from 'vitest';
import { datadogStream } from './options.ts';
import { withRollup } from './rollup.ts';

const problemsOf = (stream: Record<string, unknown>): string[] =>
  datadogStream.safeParse({ step: '1h', unit: 'x', ...stream }).error?.issues.map(({ message }) => message) ?? [];

describe('how the points of a metrics query become one', () => {
  it.each([
    'sum:a.b{env:prod} by {shop}.as_count()',
    'sum:a.b{env:prod}.rollup(sum, 3600)',
    'top(sum:a.b{*} by {shop}.rollup(sum, 3600), 10, "mean", "desc")',
    'avg:a{*}.rollup(avg, 3600) / avg:b{*}.rollup(avg,3600)',
  ])('is said by %s', (query) => expect(problemsOf({ query })).toEqual([]));

  it.each([
    ['sum:a.b{env:prod}', 'the source takes the average'],
    ['sum:a.b{*}.rollup(sum, 60)', 'another interval than step, which is 3600 seconds'],
    ['sum:a.b{*}.rollup(60)', 'another interval than step'],
    ['sum:a.b{*}.rollup(sum)', 'expected the interval in it too'],
    ['sum:a{*}.as_count() / sum:b{*}.as_count()', 'the source takes the average'],
  ])('is not said by %s', (query, problem) => expect(problemsOf({ query }).join()).toContain(problem));

  it('is said beside a plain query, and cannot be beside one with functions', () => {
    expect(problemsOf({ query: 'avg:a{*}', rollup: 'avg' })).toEqual([]);
    expect(problemsOf({ query: 'abs(avg:a{*})', rollup: 'avg' }).join()).toContain('functions around it');
  });

  it('is said of each of several queries; what is asked of logs says it in its own way', () => {
    const logs = { data_source: 'logs', compute: { aggregation: 'count' } };
    expect(problemsOf({ queries: { a: 'sum:a{*}.as_count()', b: logs }, formula: 'a / b' })).toEqual([]);
    expect(problemsOf({ queries: { a: 'sum:a{*}' }, formula: 'a' }).join()).toContain('takes the average');
  });

  it.each([
    ['sum:a{x:y}.as_count()', undefined, 'sum:a{x:y}.as_count().rollup(sum, 3600)'],
    ['avg:a{*} by {b}', 'max', 'avg:a{*} by {b}.rollup(max, 3600)'],
    ['avg:a{*}.rollup(min, 3600)', 'max', 'avg:a{*}.rollup(min, 3600)'],
    ['avg:a{*}.fill(zero)', 'avg', 'avg:a{*}.fill(zero).rollup(avg, 3600)'],
  ])('%s with %s is asked as %s', (query, method, asked) => expect(withRollup(query, method, 3_600_000)).toBe(asked));
});

describe('a stream', () => {
  it.each([
    [{}, 'either query, or queries'],
    [{ query: 'avg:a{*}', rollup: 'avg', queries: { a: 'avg:a{*}' } }, 'either query, or queries'],
    [{ query: 'avg:a{*}', rollup: 'avg', formula: 'a' }, 'needs queries with names'],
    [{ queries: { a: 'avg:a{*}' }, rollup: 'avg' }, 'expected a formula'],
    [{ queries: { a: 'avg:a{*}' }, rollup: 'avg', formula: 'a', api: 'v1' }, 'v1 knows one query'],
    [{ queries: { a: { data_source: 'logs', name: 'b' } }, formula: 'a' }, 'leave `name` out'],
    [{ query: 'avg:a{*}', rollup: 'avg', sourceUnit: 'ms', unit: 'GiB' }, 'cannot be converted'],
    [{ queries: { a: { data_source: 'logs', group_by: [{ facet: '@shop' }] } }, formula: 'a' }, 'expected a limit'],
    [
      { queries: { a: { data_source: 'logs', compute: { interval: 60_000 } } }, formula: 'a' },
      'another interval than step',
    ],
  ])('%j is refused', (stream, problem) => expect(problemsOf(stream).join()).toContain(problem));
});
