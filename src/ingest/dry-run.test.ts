import { describe, expect, it } from 'vitest';
import { pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { point, scriptedPull } from '../../test/factories/scripted-pull.ts';

const bench = await pullBenchOfFile();

describe('a dry run', () => {
  it('of more rows than it may hold gives the first and the last thousand, and counts all', async () => {
    const t = scriptedPull(
      bench,
      async function* () {
        for (let page = 0; page < 5; page++)
          yield { measurements: Array.from({ length: 500 }, (_, at) => point(page * 500 + at, page * 500 + at)) };
      },
      { bounds: { rows: 700 } },
    );
    const result = await t.runner.dryRun(t.due, { signal: new AbortController().signal });
    expect(result.counts).toEqual({ measurements: 2_500, costs: 0, quotes: 0 });
    expect(result.measurements.map(({ value }) => value)).toEqual([
      ...Array.from({ length: 1_000 }, (_, at) => at),
      ...Array.from({ length: 1_000 }, (_, at) => 1_500 + at),
    ]);
    expect(result.requests).toHaveLength(5);
    expect(await t.samples()).toEqual([]);
  });

  it('shows what was sent in the body, never a secret in it, and not more than anybody reads', async () => {
    const secret = 'k'.repeat(20);
    const url = 'http://source/search';
    const t = scriptedPull(
      bench,
      async function* ({ http }) {
        await http.request({ method: 'POST', url, body: { key: secret, offset: 10 }, bodyType: 'json' });
        await http.request({ method: 'POST', url, body: `${'x'.repeat(1_990)}${secret}` });
        await http.request({ url });
        yield { measurements: [point(0, 1)] };
      },
      {
        secret,
        http: {
          request: async () => ({
            status: 200,
            headers: {},
            body: '{}',
            url,
            receivedAtMs: 0,
            retryAfterMs: undefined,
            json: () => ({}),
          }),
        },
      },
    );
    const { exchanges } = await t.runner.dryRun(t.due, { signal: new AbortController().signal });
    expect(exchanges.map(({ body }) => body)).toEqual([
      '{"key":"[redacted]","offset":10}',
      `${'x'.repeat(1_990)}[redacted]`,
      undefined,
    ]);
  });
});
