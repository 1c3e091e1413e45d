import { describe, expect, it } from 'vitest';
import { connectorContext } from '../../test/factories/connector.ts';
import { parseFrames } from './answer.ts';
import { grafanaOptions, grafanaStream } from './options.ts';

const stream = grafanaStream.parse({
  dataSource: { uid: 'x' },
  query: { expr: 'x' },
  labels: ['shop'],
  step: '1h',
  sample: 'interval',
  stamp: 'start',
  unit: 'failures',
});

/** A frame for each host of one shop, all with the value 3. */
function parsed(...hosts: readonly string[]) {
  const frames = hosts.map((host) => ({
    schema: {
      fields: [
        { name: 'Time', type: 'time' },
        { name: 'Value', type: 'number', labels: { shop: 'de', host } },
      ],
    },
    data: { values: [[0], [3]] },
  }));
  return parseFrames(
    {
      body: JSON.stringify({ results: { A: { frames } } }),
      contentType: 'application/json',
      request: { method: 'POST', url: 'http://localhost/' },
      receivedAtMs: 0,
      meta: { stepMs: 3_600_000, sample: 'interval', stamp: 'start', fromMs: 0, toMs: 3_600_000 },
    },
    { ...connectorContext(grafanaOptions.parse({})), stream, streamId: 's' },
  );
}

describe('two series under the same labels', () => {
  it('are refused though they happen to have the same value: one of them would be lost', () => {
    expect(() => parsed('a', 'b')).toThrow(/cannot be told apart/);
  });
  it('are one where the same frame comes twice', () => {
    expect(parsed('a', 'a').measurements.map(({ value }) => value)).toEqual([3]);
  });
});
