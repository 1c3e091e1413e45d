import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { type Answer, cost, HOUR, project, scriptedPull } from '../../test/factories/scripted-pull.ts';

const bench = await pullBenchOfFile();

const JUNE = [{ sourceKeyPrefix: '2026-06/' }];
type Options = NonNullable<Parameters<typeof scriptedPull>[2]>;
function bill(answers: () => Answer[], options: Options = {}) {
  const t = scriptedPull(
    bench,
    async function* () {
      yield* answers();
    },
    options,
  );
  const amounts = async (projectRef: string, knownAtMs?: number) =>
    (await bench.store.costs.read({ connector: t.id, stream: 'hours', projectRef, knownAtMs })).map(
      ({ sourceKey, amount }) => [sourceKey, Number(amount)],
    );
  return { ...t, amounts };
}

describe('a document of cost lines that is delivered anew as a whole', () => {
  it('takes away what it holds no more: the line counts as 0, says so, and what was known before is still known', async () => {
    const name = `p-${randomUUID()}`;
    let answers: Answer[] = [
      { costs: [cost('2026-06/a'), cost('2026-06/b', { projectRef: 'P-2', text: 'Usage' })], complete: JUNE },
    ];
    const t = bill(() => answers, {
      projects: [project(name, { costSources: [{ connector: 'c', stream: 'hours', projectRef: 'P-2' }] })],
    });
    await t.run();
    const asked = await t.recomputes(name);
    const beforeMs = bench.clock.nowMs;
    bench.clock.nowMs += HOUR;
    answers = [{ costs: [cost('2026-06/a')], complete: JUNE }];
    const summary = await t.run();
    expect(summary.revisions).toBe(1);
    expect(summary.projects).toEqual([name]);
    expect(await t.amounts('P-1')).toEqual([['2026-06/a', 12.5]]);
    expect(await t.amounts('P-2')).toEqual([['2026-06/b', 0]]);
    expect(await t.amounts('P-2', beforeMs)).toEqual([['2026-06/b', 12.5]]);
    expect(await t.recomputes(name)).toBe(asked + 1);
    const [line] = await bench.store.costs.read({ connector: t.id, stream: 'hours', projectRef: 'P-2' });
    expect(line).toMatchObject({ revision: 2, pullId: summary.pullId, pageHash: null });
    expect(line?.text).toBe('Usage; withdrawn by the source: not in what was read on 2026-06-01');
    expect((await bench.store.pulls.get(summary.pullId))?.warnings).toEqual([
      '1 cost line is no longer in what the source delivered anew, and counts as 0 from now on (first: 2026-06/b)',
    ]);
    // Once more changes nothing; what comes back counts again.
    bench.clock.nowMs += HOUR;
    expect((await t.run()).revisions).toBe(0);
    answers = [{ costs: [cost('2026-06/a'), cost('2026-06/b', { projectRef: 'P-2', text: 'Usage' })], complete: JUNE }];
    bench.clock.nowMs += HOUR;
    await t.run();
    expect(await t.amounts('P-2')).toEqual([['2026-06/b', 12.5]]);
  });

  it('leaves other documents, other streams and sources that say nothing of the kind alone', async () => {
    let answers: Answer[] = [{ costs: [cost('2026-05/a'), cost('2026-06/a'), cost('2026-06')], complete: JUNE }];
    const t = bill(() => answers);
    await t.run();
    bench.clock.nowMs += HOUR;
    answers = [{ costs: [] }];
    await t.run();
    expect(await t.amounts('P-1')).toContainEqual(['2026-06/a', 12.5]);
    answers = [{ costs: [], complete: JUNE }];
    bench.clock.nowMs += HOUR;
    await t.run();
    expect(await t.amounts('P-1')).toEqual([
      ['2026-05/a', 12.5],
      ['2026-06', 12.5],
      ['2026-06/a', 0],
    ]);
  });

  it('takes nothing away before all of it is there: lines of earlier parts count, and a failed pull withdraws none', async () => {
    const lines = Array.from({ length: 6 }, (_, at) => cost(`2026-06/${at}`));
    let answers: Answer[] = [{ costs: lines, complete: JUNE }];
    const t = bill(() => answers, { bounds: { rows: 1, pages: 1 } });
    await t.run();
    bench.clock.nowMs += HOUR;
    answers = [
      { costs: lines.slice(0, 2), complete: JUNE },
      { costs: [], complete: JUNE, note: 'broken' },
    ];
    await expect(t.run()).rejects.toMatchObject({ code: 'source/bad-shape' });
    expect((await t.amounts('P-1')).filter(([, amount]) => amount === 0)).toEqual([]);
    bench.clock.nowMs += HOUR;
    answers = [0, 2, 4].map((at) => ({ costs: lines.slice(at, at + 1), complete: JUNE }));
    await t.run();
    expect((await t.amounts('P-1')).filter(([, amount]) => amount === 0).map(([key]) => key)).toEqual([
      '2026-06/1',
      '2026-06/3',
      '2026-06/5',
    ]);
  });
});
