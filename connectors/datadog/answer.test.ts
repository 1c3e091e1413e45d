import { describe, expect, it } from 'vitest';
import { connectorContext } from '../../test/factories/connector.ts';
import { parsePoints } from './answer.ts';
import { datadogOptions, datadogStream } from './options.ts';

const hourMs = 3_600_000;
const context = {
  ...connectorContext(datadogOptions.parse({})),
  stream: datadogStream.parse({ query: 'sum:a{*}.as_count()', step: '1h', unit: 'x' }),
  streamId: 's',
};

/** Durations of what v2 answers with these starts, asked for `hours` from 0. */
function durationsOf(hours: number, starts: readonly number[]): Set<number> {
  const attributes = { series: [{ group_tags: [] }], times: starts, values: [starts.map(() => 1)] };
  const page = {
    body: JSON.stringify({ data: { attributes } }),
    contentType: 'application/json',
    request: { method: 'POST', url: 'http://localhost/' },
    receivedAtMs: 0,
    meta: { api: 'v2', stepMs: hourMs, fromMs: 0, toMs: hours * hourMs },
  };
  return new Set(parsePoints(page, context).measurements.map(({ durationMs }) => durationMs / hourMs));
}
const every = (hours: number, count: number, firstHour = 0): number[] =>
  Array.from({ length: count }, (_, index) => (firstHour + index * hours) * hourMs);

/** What v2 answers with series of these tags, each with its points, asked for ten hours from 0. */
function parsed(series: readonly { tags: readonly string[]; values: readonly number[] }[], starts: readonly number[]) {
  const attributes = {
    series: series.map(({ tags }) => ({ group_tags: tags })),
    times: starts,
    values: series.map(({ values }) => values),
  };
  const page = {
    body: JSON.stringify({ data: { attributes } }),
    contentType: 'application/json',
    request: { method: 'POST', url: 'http://localhost/' },
    receivedAtMs: 0,
    meta: { api: 'v2', stepMs: hourMs, fromMs: 0, toMs: 10 * hourMs },
  };
  return (limit?: number) => {
    if (limit === undefined) return parsePoints(page, context);
    const logs = { data_source: 'logs', group_by: [{ facet: 'shop', limit }] };
    const stream = datadogStream.parse({ queries: { a: logs }, formula: 'a', step: '1h', unit: 'x' });
    return parsePoints(page, { ...context, stream });
  };
}

describe('a series of v2', () => {
  it('whose intervals are shorter than the step is refused: they would overlap', () => {
    expect(() => parsed([{ tags: [], values: [1, 1, 1] }], [0, hourMs / 2, hourMs])()).toThrow(/does not begin/);
  });
  it('that has two values of one tag is the same in whatever order they come', () => {
    const labels = [
      ['role:a', 'role:b'],
      ['role:b', 'role:a'],
    ].map((tags) => parsed([{ tags, values: [1] }], [0])().measurements[0]?.labels);
    expect(labels).toEqual([{ role: 'a,b' }, { role: 'a,b' }]);
  });
});

describe('groups of logs', () => {
  const two = parsed(
    [
      { tags: ['shop:de'], values: [1] },
      { tags: ['shop:fr'], values: [2] },
    ],
    [0],
  );
  it('that are as many as were asked for may not be all: that is said', () => {
    expect(two(2).warnings.join()).toContain('some may be missing');
    expect(two(3).warnings).toEqual([]);
  });
});

describe('how long an interval of v2 is, which does not say so', () => {
  it('is longer than asked for where longer ones fill a long request', () => {
    expect(durationsOf(1200, every(4, 300))).toEqual(new Set([4]));
  });
  it('is not longer because nothing happened in between', () => {
    expect(durationsOf(1200, every(4, 250))).toEqual(new Set([1]));
    expect(durationsOf(1200, every(24, 50, 3))).toEqual(new Set([1]));
    expect(durationsOf(1200, [...every(4, 299), 1197 * hourMs])).toEqual(new Set([1]));
  });
  it('is as asked for in a short request, whatever is missing', () => {
    expect(durationsOf(48, every(4, 12))).toEqual(new Set([1]));
  });
});
