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
});
