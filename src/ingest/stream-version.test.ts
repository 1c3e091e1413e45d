import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { point, scriptedPull } from '../../test/factories/scripted-pull.ts';

const bench = await pullBenchOfFile();

describe('the definition of a stream', () => {
  it('is kept with each pull; a changed one is said at the first pull with it, and at no other', async () => {
    const id = `c-${randomUUID().slice(0, 8)}`;
    const run = async (query: string) => {
      const answers = async function* () {
        yield { measurements: [point(0, 1)] };
      };
      const summary = await scriptedPull(bench, answers, { id, streamOptions: { query } }).run();
      const pull = await bench.store.pulls.get(summary.pullId);
      return { version: pull?.streamVersion, warnings: summary.warnings };
    };
    const first = await run('sum(a)');
    const same = await run('sum(a)');
    const changed = await run('sum(b)');
    const again = await run('sum(b)');
    expect([first.warnings, same.warnings, again.warnings]).toEqual([[], [], []]);
    expect(changed.warnings).toEqual([expect.stringContaining('may not be comparable')]);
    expect(same.version).toBe(first.version);
    expect(changed.version).not.toBe(first.version);
    expect(again.version).toBe(changed.version);
  });
});
