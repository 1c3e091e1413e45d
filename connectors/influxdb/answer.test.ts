import { describe, expect, it } from 'vitest';
import { connectorContext } from '../../test/factories/connector.ts';
import { parseAnswer } from './answer.ts';
import { influxdbOptions, influxdbStream } from './options.ts';
import type { PageForm } from './points.ts';

const options = {
  series: { version: 1, database: 'shop' },
  rows: { version: 3, database: 'shop' },
  flux: { version: 2, organisation: 'acme' },
} as const;
const stream = influxdbStream.parse({
  query: 'SELECT value FROM x WHERE time >= $from AND time < $to',
  labels: ['shop'],
  step: '1h',
  sample: 'interval',
  stamp: 'start',
  unit: 'failures',
});

/** One point of two hosts of one shop, both with the value 3. */
const answers: Readonly<Record<PageForm, (first: string, second: string) => string>> = {
  series: (...hosts) =>
    JSON.stringify({
      results: [
        {
          series: hosts.map((host) => ({
            name: 'x',
            tags: { shop: 'de', host },
            columns: ['time', 'value'],
            values: [[0, 3]],
          })),
        },
      ],
    }),
  rows: (...hosts) =>
    JSON.stringify(hosts.map((host) => ({ time: '1970-01-01T00:00:00', shop: 'de', host, value: 3 }))),
  flux: (...hosts) =>
    [
      '#datatype,string,long,dateTime:RFC3339,double,string,string',
      '#group,false,false,false,false,true,true',
      '#default,_result,,,,,',
      ',result,table,_time,_value,shop,host',
      ...hosts.map((host) => `,,${host === 'a' ? 0 : 1},1970-01-01T00:00:00Z,3,de,${host}`),
      '',
    ].join('\r\n'),
};

describe.each(['series', 'rows', 'flux'] as const)('two series under the same labels, as %s', (form) => {
  const parsed = async (first: string, second: string) =>
    await parseAnswer(
      {
        body: answers[form](first, second),
        contentType: 'application/json',
        request: { method: 'POST', url: 'http://localhost/' },
        receivedAtMs: 0,
        meta: { form, stepMs: 3_600_000, sample: 'interval', stamp: 'start', fromMs: 0, toMs: 3_600_000 },
      },
      { ...connectorContext(influxdbOptions.parse(options[form])), stream, streamId: 's' },
    );
  it('are refused though they happen to have the same value: one of them would be lost', async () => {
    await expect(parsed('a', 'b')).rejects.toThrow(/cannot be told apart/);
  });
  it('are one where the same point comes twice', async () => {
    const { measurements } = await parsed('a', 'a');
    expect(measurements.map(({ value }) => value)).toEqual([3]);
  });
});
