import { describe, expect, it } from 'vitest';
import { failure, pages, pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { cost, HOUR, metric, point, project, START, scriptedPull } from '../../test/factories/scripted-pull.ts';

const bench = await pullBenchOfFile();

describe('odd answers', () => {
  it('the last of two rows for the same time counts, with a warning when they differ', async () => {
    const t = scriptedPull(bench, () =>
      pages({ measurements: [point(0, 1), point(1, 1)] }, { measurements: [point(0, 3), point(1, 1)] }),
    );
    const { warnings, rows } = await t.run();
    expect(rows).toBe(2);
    expect(warnings.join()).toContain('1 row came twice with another value');
    expect((await t.samples()).map(({ value }) => value)).toEqual([3, 1]);
  });

  it('a unit that the metric does not have is an error and stores nothing', async () => {
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1, { unit: 'min' })] }), {
      projects: [project('checkout', { metrics: [metric('failed')] })],
    });
    const error = await failure(t.run());
    expect(error.code).toBe('source/unit-mismatch');
    expect(error.message).toContain('gives min, but metric failed of project checkout is declared in h');
    expect(await t.samples()).toEqual([]);
  });

  it('no rows from a source with a cadence: the window is asked for again', async () => {
    const t = scriptedPull(bench, () => pages({}), { intervalMs: HOUR });
    const { warnings, pullId } = await t.run();
    expect(warnings).toEqual(['the source answered, but with no sample, cost line or exchange rate for this window']);
    expect(await t.watermark()).toBeNull();
    expect(await bench.store.pulls.get(pullId)).toMatchObject({ state: 'succeeded', expected: 10, rows: 0 });
  });

  it('missing points are counted', async () => {
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1), point(1, 0)] }), { intervalMs: HOUR });
    expect((await t.run()).warnings).toEqual([
      '2 of 10 expected points came; the others count as missing, not as zero',
    ]);
  });

  it('a connector or stream that is not configured is named with those that are', async () => {
    const t = scriptedPull(bench, () => pages({}));
    const context = { signal: new AbortController().signal };
    const error = await failure(t.runner.dryRun({ ...t.due, stream: 'weeks' }, context));
    expect([error.code, error.hint]).toEqual(['config/unknown-reference', 'It has: hours.']);
  });
});

describe('windows and watermark', () => {
  it('a window by hand neither moves the watermark back nor over a gap', async () => {
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1)] }));
    await t.run({ fromMs: START + HOUR, toMs: START + 2 * HOUR });
    expect(await t.watermark()).toBeNull();
    await t.run();
    const reached = await t.watermark();
    await t.run({ fromMs: START, toMs: START + HOUR });
    expect(await t.watermark()).toBe(reached);
  });
});

describe('a time that is no date', () => {
  it('of milliseconds taken for seconds stores nothing and says so', async () => {
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1), point(0, 2, { atMs: START * 1000 })] }));
    await expect(t.run()).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'source/bad-shape',
      message: expect.stringContaining(`${t.id}/hours: a sample lies at ${START * 1000} ms`),
    });
    expect(await t.samples()).toEqual([]);
  });
});

describe('a dry run', () => {
  it('shows requests and rows, and writes nothing', async () => {
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1)], costs: [cost('k')] }), {
      secret: 'swordfish-4711',
    });
    const result = await t.runner.dryRun(t.due, { signal: new AbortController().signal });
    expect(result).toMatchObject({
      fromMs: START,
      toMs: bench.clock.nowMs,
      measurements: [point(0, 1)],
      costs: [cost('k')],
    });
    expect(result.requests).toEqual([
      { method: 'GET', url: 'http://source/?key=[redacted]', bytes: expect.any(Number) },
    ]);
    expect(await bench.store.pulls.latest(t.id, 'hours')).toBeNull();
    expect(await t.samples()).toEqual([]);
    expect(t.objects.size).toBe(0);
  });
});
