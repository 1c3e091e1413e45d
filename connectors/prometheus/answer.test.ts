import { describe, expect, it } from 'vitest';
import { connectorContext } from '../../test/factories/connector.ts';
import { parseMatrix } from './answer.ts';
import { prometheusOptions, prometheusStream } from './options.ts';

const stream = prometheusStream.parse({ query: 'up', step: '1h', sample: 'instant', unit: 'jobs' });

/** The result of a request for the points at 01:00 and 02:00 of 1970. */
function parsed(result: unknown, resultType = 'matrix') {
  return parseMatrix(
    {
      body: JSON.stringify({ status: 'success', data: { resultType, result } }),
      contentType: 'application/json',
      request: { method: 'POST', url: 'http://localhost/' },
      receivedAtMs: 0,
      meta: { stepMs: 3_600_000, sample: 'instant', startMs: 3_600_000, endMs: 7_200_000 },
    },
    { ...connectorContext(prometheusOptions.parse({})), stream, streamId: 's' },
  );
}

// What no server is known to answer.
describe('an answer that is not what was asked for', () => {
  it('is refused where it is of another type', () => {
    expect(() => parsed([], 'vector')).toThrow(/resultType is "vector", expected "matrix"/);
  });
  it('names series and position of a value that is no number', () => {
    const values = [
      [3600, '4'],
      [7200, 'four'],
    ];
    expect(() => parsed([{ metric: { shop: 'de' }, values }])).toThrow(/shop="de".*value 2 is "four"/);
  });
  it('leaves out and counts points outside the range', () => {
    const values = [0, 3600, 7200, 10_800].map((at) => [at, '1']);
    const { measurements, warnings } = parsed([{ metric: {}, values }]);
    expect(measurements.map(({ atMs }) => atMs)).toEqual([3_600_000, 7_200_000]);
    expect(warnings).toEqual([expect.stringMatching(/^left out 2 samples that do not lie between/)]);
  });
});

// https://github.com/GreptimeTeam/greptimedb/blob/main/src/servers/src/http/result/prometheus_resp.rs
it('takes the infinities of GreptimeDB for no numbers, not for a broken answer', () => {
  const values = [
    [3600, 'inf'],
    [7200, '-inf'],
  ];
  const { measurements, warnings } = parsed([{ metric: {}, values }]);
  expect(measurements).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^left out 2 samples of \{\}/)]);
});
