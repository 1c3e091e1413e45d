import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { PermanentError, RetryableError } from '#kit';
import { failure, pages, pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import { cost, HOUR, metric, point, project, scriptedPull } from '../../test/factories/scripted-pull.ts';

const bench = await pullBenchOfFile();

describe('a pull', () => {
  it('stores the rows of all pages, the watermark, the pages and a recompute for each project concerned', async () => {
    const name = `p-${randomUUID()}`;
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1)] }, { measurements: [point(1, 2)] }), {
      projects: [project(name, { metrics: [metric('m')] }), project(`${name}-other`)],
    });
    const summary = await t.run();
    expect(summary).toMatchObject({ pages: 2, rows: 2, inserted: 2, revisions: 0, projects: [name] });
    expect((await t.samples()).map((sample) => sample.value)).toEqual([1, 2]);
    expect(await t.watermark()).toBe(bench.clock.nowMs);
    expect(await t.recomputes(name)).toBe(1);
    expect(await t.recomputes(`${name}-other`)).toBe(0);
    const stored = await bench.store.pulls.pages(summary.pullId);
    expect(stored).toHaveLength(2);
    for (const page of stored) expect(t.objects.get(`pages/${page.sha256}`)).toContain('measurements');
    expect(await bench.store.pulls.get(summary.pullId)).toMatchObject({
      state: 'succeeded',
      rows: 2,
      inserted: 2,
      pages: 2,
    });
    const dirty = (await bench.store.dirty.list()).filter((row) => row.projectId === name);
    expect(dirty).toEqual([{ projectId: name, metricId: 'm', period: '2026-06-01' }]);
  });

  it('that fails midway stores nothing, keeps the watermark, and says why; the retry stores all', async () => {
    const name = `p-${randomUUID()}`;
    let broken = true;
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: [point(0, 1)] };
        if (broken) throw new RetryableError('source/unreachable', 'the source broke the connection off');
        yield { measurements: [point(1, 2)] };
      },
      { projects: [project(name, { metrics: [metric('m')] })] },
    );
    const error = await failure(t.run());
    expect(error).toBeInstanceOf(RetryableError);
    expect(error.code).toBe('source/unreachable');
    expect(await t.samples()).toEqual([]);
    expect(await t.watermark()).toBeNull();
    expect(await t.recomputes(name)).toBe(0);
    expect(await bench.store.pulls.latest(t.id, 'hours')).toMatchObject({
      state: 'failed',
      pages: 1,
      errorCode: 'source/unreachable',
      errorMessage: `${t.id}/hours: the source broke the connection off`,
    });
    broken = false;
    expect(await t.run()).toMatchObject({ inserted: 2 });
  });

  it('whose storing fails leaves nothing half, not even the watermark', async () => {
    const name = `p-${randomUUID()}`;
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1)] }), {
      projects: [project(name, { metrics: [metric('m')] })],
    });
    const refuse = bench.resolver.resolve;
    bench.resolver.resolve = (intent) => {
      if (intent.kind === 'pull') return refuse(intent);
      throw new PermanentError('queue/unknown-kind', 'no such job');
    };
    try {
      expect((await failure(t.run())).code).toBe('queue/unknown-kind');
    } finally {
      bench.resolver.resolve = refuse;
    }
    expect(await t.samples()).toEqual([]);
    expect(await t.watermark()).toBeNull();
    expect(await bench.store.pulls.latest(t.id, 'hours')).toMatchObject({ state: 'failed' });
  });

  it('of the same window twice adds no row and asks for no recompute', async () => {
    const name = `p-${randomUUID()}`;
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1), point(1, 2)], costs: [cost('k')] }), {
      projects: [
        project(name, {
          metrics: [metric('m')],
          costSources: [{ connector: 'c', stream: 'hours', projectRef: 'P-1' }],
        }),
      ],
    });
    await t.run();
    expect(await t.run()).toMatchObject({ rows: 3, inserted: 0, revisions: 0, projects: [] });
    expect(await t.samples()).toHaveLength(2);
    expect(await t.recomputes(name)).toBe(1);
  });

  it('that finds a changed sample makes a revision and asks for a recompute', async () => {
    const name = `p-${randomUUID()}`;
    let value = 1;
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, value)] }), {
      projects: [project(name, { metrics: [metric('m')] })],
    });
    await t.run();
    await bench.store.dirty.take(name);
    value = 5;
    expect(await t.run()).toMatchObject({ inserted: 0, revisions: 1, projects: [name] });
    expect(await t.samples()).toMatchObject([{ value: 5, revision: 2 }]);
    expect(await t.recomputes(name)).toBe(2);
    expect(await bench.store.dirty.take(name)).toHaveLength(1);
  });

  it('a changed cost line asks for a recompute of the projects that count it, and of no other', async () => {
    const name = `p-${randomUUID()}`;
    let amount = '10';
    const source = { connector: 'c', stream: 'hours' };
    const t = scriptedPull(bench, () => pages({ costs: [cost('k', { amount })] }), {
      projects: [
        project(name, { costSources: [{ ...source, projectRef: 'P-1' }] }),
        project(`${name}-other`, { costSources: [{ ...source, projectRef: 'P-2' }] }),
      ],
    });
    // The first pull of a cost source makes the costs of every project known that counts on it.
    expect((await t.run()).projects).toEqual([name, `${name}-other`]);
    amount = '11';
    expect(await t.run()).toMatchObject({ revisions: 1, projects: [name] });
  });

  it('takes young samples as provisional and, seen again when old, as final', async () => {
    const before = bench.clock.nowMs;
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1), point(9, 2)] }), {
      finalAfterMs: 2 * HOUR,
    });
    await t.run();
    expect((await t.samples()).map(({ status }) => status)).toEqual(['final', 'provisional']);
    bench.clock.nowMs += 2 * HOUR;
    await t.run();
    bench.clock.nowMs = before;
    expect((await t.samples()).map(({ status }) => status)).toEqual(['final', 'final']);
  });

  it('keeps no secret: not in bodies, addresses or warnings', async () => {
    const secret = '471147';
    const answer = {
      measurements: [point(0, 1)],
      note: `key ${secret}`,
      warnings: [`the key ${secret} expires soon`],
      // A number is no text: masked, it would be no JSON any more.
      meta: { key: secret, bytes: Number(secret) + 1_000_000 },
    };
    const t = scriptedPull(bench, () => pages(answer), { secret });
    const { pullId, warnings } = await t.run();
    const rows = [await bench.store.pulls.pages(pullId), await bench.store.pulls.get(pullId), warnings];
    const [page] = await bench.store.pulls.archivedPages(pullId, { beforeSeq: null, limit: 10 });
    if (page === undefined) throw new Error('the page is kept');
    const { meta, ...archived } = page;
    expect(meta).toEqual({ secret: '[redacted]', key: '[redacted]', bytes: 1_471_147 });
    const body = t.objects.get(`pages/${archived.sha256}`);
    const kept = JSON.stringify([body, archived, rows]);
    expect(kept).toContain('[redacted]');
    expect(kept).not.toContain(secret);
  });

  it('keeps the page that could not be parsed, and stores nothing of the pull', async () => {
    const t = scriptedPull(bench, () => pages({ measurements: [point(0, 1)] }, { note: 'broken' }));
    expect((await failure(t.run())).message).toBe(`${t.id}/hours: row 1 is no row`);
    expect([...t.objects.values()].some((body) => body.includes('broken'))).toBe(true);
    expect(await t.samples()).toEqual([]);
  });

  it('ends at once when it is cancelled, even while the source hangs', async () => {
    const controller = new AbortController();
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 1)] };
      controller.abort();
      await new Promise(() => {});
    });
    expect((await failure(t.run({ signal: controller.signal }))).code).toBe('queue/cancelled');
    expect(await t.samples()).toEqual([]);
    expect(await bench.store.pulls.latest(t.id, 'hours')).toMatchObject({
      state: 'failed',
      errorCode: 'queue/cancelled',
    });
  });

  it('of one stream waits for the one that runs; another stream does not wait', async () => {
    let running = 0;
    let most = 0;
    const t = scriptedPull(bench, async function* () {
      running++;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      yield { measurements: [point(0, 1)] };
      running--;
    });
    await Promise.all([t.run(), t.run(), t.run()]);
    expect(most).toBe(1);
    expect(await t.samples()).toHaveLength(1);
  });
});
