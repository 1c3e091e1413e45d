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
