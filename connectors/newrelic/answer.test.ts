import { describe, expect, it } from 'vitest';
import { connectorContext } from '../../test/factories/connector.ts';
import { parseBuckets } from './answer.ts';
import { newrelicOptions, newrelicStream } from './options.ts';

const context = {
  ...connectorContext(newrelicOptions.parse({ accounts: [1] })),
  stream: newrelicStream.parse({
    nrql: 'SELECT count(*) FROM Transaction FACET appName, host',
    labels: ['appName'],
    step: '1h',
    unit: 'errors',
  }),
  streamId: 's',
};

function parsed(rows: readonly (readonly [host: string, count: number])[]) {
  const results = rows.map(([host, count]) => ({
    beginTimeSeconds: 0,
    endTimeSeconds: 3600,
    facet: ['shop', host],
    count,
  }));
  const nrql = { results, metadata: { facets: ['appName', 'host'] } };
  return parseBuckets(
    {
      body: JSON.stringify({ data: { actor: { account: { nrql } } } }),
      contentType: 'application/json',
      request: { method: 'POST', url: 'http://localhost/' },
      receivedAtMs: 0,
      meta: { stepMs: 3_600_000, fromMs: 0, toMs: 3_600_000 },
    },
    context,
  );
}

describe('two series under the same labels', () => {
  it('are refused though they happen to have the same value: one of them would be lost', () => {
    expect(() =>
      parsed([
        ['a', 3],
        ['b', 3],
      ]),
    ).toThrow(/cannot be told apart/);
  });
  it('are one where the same row comes twice', () => {
    const { measurements } = parsed([
      ['a', 3],
      ['a', 3],
    ]);
    expect(measurements.map(({ value }) => value)).toEqual([3]);
  });
});
