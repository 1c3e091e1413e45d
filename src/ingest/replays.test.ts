import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { asOutturnError, type ReplayRequest, streamIdentity } from '#kit';
import { pullBenchOfFile } from '../../test/factories/pull-tests.ts';
import {
  type Answer,
  cost,
  HOUR,
  metric,
  point,
  project,
  START,
  scriptedPull,
} from '../../test/factories/scripted-pull.ts';
import { createReplays } from './index.ts';

const bench = await pullBenchOfFile();

type Scripted = ReturnType<typeof scriptedPull>;
const context = { signal: new AbortController().signal, progress: () => {} };
const replayOf = (t: Scripted, changes: Partial<ReplayRequest> = {}) =>
  createReplays(t.parts).replay(
    {
      connector: t.id,
      stream: 'hours',
      fromMs: null,
      toMs: null,
      pullId: null,
      apply: false,
      withdraw: false,
      limit: 50,
      ...changes,
    },
    context,
  );
/** The same connector and archive with the parser of a newer release. */
function upgraded(t: Scripted, options: NonNullable<Parameters<typeof scriptedPull>[2]>): Scripted {
  const next = scriptedPull(bench, async function* () {}, { ...options, id: t.id });
  next.parts.objects = t.parts.objects;
  return next;
}
const halved = (answer: Answer): Answer => ({
  ...answer,
  measurements: (answer.measurements ?? []).map((row) => ({
    ...row,
    value: row.value === null ? null : row.value / 2,
  })),
});

describe('a replay', () => {
  it('shows what a newer parser would make of the archived pages, and writes nothing', async () => {
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 10), point(1, 20)], costs: [cost('k')] };
    });
    const { pullId } = await t.run();
    const next = upgraded(t, {
      parse: (answer) => ({
        measurements: [{ ...point(0, 5) }, point(2, 7)],
        costs: (answer.costs ?? []).map((line) => ({ ...line, amount: '13.75' })),
      }),
    });
    const result = await replayOf(next);
    const [page] = await bench.store.pulls.pages(pullId);
    expect(result.counts).toEqual({ revisions: 2, inserts: 1, vanished: 1, finalised: 0, unchanged: 0 });
    expect(
      result.changes.map(({ what, of, atMs, oldValue, newValue }) => [
        what,
        of,
        (atMs - START) / HOUR,
        oldValue,
        newValue,
      ]),
    ).toEqual([
      ['revision', 'sample', 0, '10', '5'],
      ['revision', 'cost', 0, '12.5', '13.75'],
      ['insert', 'sample', 2, null, '7'],
      ['vanished', 'sample', 1, '20', null],
    ]);
    expect(result.changes[0]).toMatchObject({ pullId, pageHash: page?.sha256, unit: 'h', name: '{"team": "a"}' });
    expect(result.applied).toBeNull();
    expect((await t.samples()).map(({ value }) => value)).toEqual([10, 20]);
  });

  it('applied stores revisions with the archived page as evidence, asks for recomputes, and leaves the watermark', async () => {
    const name = `p-${randomUUID()}`;
    const options = { projects: [project(name, { metrics: [metric('m')] })] };
    const t = scriptedPull(
      bench,
      async function* () {
        yield { measurements: [point(0, 10), point(1, 20)] };
      },
      options,
    );
    const { pullId } = await t.run();
    await bench.store.dirty.take(name);
    const before = await t.watermark();
    bench.clock.nowMs += HOUR;
    const next = upgraded(t, { ...options, parse: halved });
    expect((await replayOf(next, { apply: true })).applied).toEqual({
      inserted: 0,
      revisions: 2,
      withdrawn: 0,
      projects: [name],
    });
    const [page] = await bench.store.pulls.pages(pullId);
    expect(await t.samples()).toMatchObject([
      { value: 5, revision: 2, pullId, pageHash: page?.sha256, recordedAtMs: bench.clock.nowMs },
      { value: 10, revision: 2 },
    ]);
    expect(await t.watermark()).toBe(before);
    expect(await t.recomputes(name)).toBe(2);
    expect(await bench.store.dirty.take(name)).toHaveLength(1);
    // The same once more changes nothing.
    expect((await replayOf(next, { apply: true })).counts).toMatchObject({ revisions: 0, inserts: 0, unchanged: 2 });
  });

  it('counts of several pulls the newest that has the sample, also when that one cannot be read', async () => {
    let value = 10;
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, value)] };
    });
    await t.run();
    value = 20;
    bench.clock.nowMs += 1;
    const { pullId } = await t.run();
    expect((await replayOf(t)).counts).toMatchObject({ revisions: 0, unchanged: 1 });
    const [page] = await bench.store.pulls.pages(pullId);
    t.objects.delete(page?.objectKey ?? '');
    const result = await replayOf(t, { apply: true });
    expect(result.problems).toMatchObject([{ pullId, seq: 0, code: 'object/not-found' }]);
    expect(result.counts).toMatchObject({ revisions: 0, inserts: 0, vanished: 0 });
    expect((await t.samples()).map((sample) => sample.value)).toEqual([20]);
  });

  it('names pages that do not parse and goes on with the others; a mended parser brings a failed pull in', async () => {
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 1)] };
      yield { measurements: [point(1, 2)], note: 'broken' };
    });
    await t.run().catch((thrown: unknown) => asOutturnError(thrown));
    const broken = await replayOf(t);
    expect(broken.problems).toMatchObject([{ seq: 1, code: 'source/bad-shape', message: 'row 1 is no row' }]);
    expect(broken.counts).toMatchObject({ inserts: 1 });
    const mended = upgraded(t, { parse: (answer) => ({ ...answer, note: '' }) });
    expect((await replayOf(mended, { apply: true })).applied).toMatchObject({ inserted: 2 });
    expect(await t.samples()).toHaveLength(2);
  });

  it('keeps to the window and to the pull that is named', async () => {
    const t = scriptedPull(bench, async function* ({ window }) {
      const hour = (window.fromMs - START) / HOUR;
      yield { measurements: [point(hour, 10), point(hour + 1, 10)] };
    });
    const first = await t.run({ fromMs: START, toMs: START + 2 * HOUR });
    await t.run({ fromMs: START + 2 * HOUR, toMs: START + 4 * HOUR });
    const next = upgraded(t, { parse: halved });
    expect((await replayOf(next)).counts.revisions).toBe(4);
    expect((await replayOf(next, { fromMs: START + HOUR, toMs: START + 3 * HOUR })).counts.revisions).toBe(2);
    const named = await replayOf(next, { pullId: first.pullId });
    expect(new Set(named.changes.map(({ pullId }) => pullId))).toEqual(new Set([first.pullId]));
  });

  it('makes samples missing that the parser gives no more, when that is asked for', async () => {
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 10), point(1, 20)] };
    });
    await t.run();
    bench.clock.nowMs += 1;
    const next = upgraded(t, { parse: () => ({ measurements: [point(0, 10)] }) });
    expect((await replayOf(next, { apply: true })).applied).toMatchObject({ withdrawn: 0 });
    expect((await replayOf(next, { apply: true, withdraw: true })).applied).toMatchObject({ withdrawn: 1 });
    expect((await t.samples()).map(({ value, status }) => [value, status])).toEqual([
      [10, 'final'],
      [null, 'missing'],
    ]);
    expect((await replayOf(next)).counts.vanished).toBe(0);
  });

  it('reads what earlier releases archived, which kept what the parser needs in a manifest', async () => {
    const id = `old-${randomUUID()}`;
    const jobId = randomUUID();
    const t = scriptedPull(bench, async function* () {});
    const name = { connector: t.id, stream: 'hours' };
    await bench.store.pulls.start({ id, jobId, attempt: 1, ...name, fromMs: START, toMs: START + HOUR });
    for (const [seq, value] of [10, 20].entries()) {
      t.objects.set(`pages/${seq}`, JSON.stringify({ measurements: [point(seq, value)] }));
      await bench.store.pulls.addPage({
        pullId: id,
        seq,
        sha256: String(seq).repeat(64),
        bytes: 1,
        requestMethod: 'GET',
        requestUrl: 'http://source/',
        objectKey: `pages/${seq}`,
        receivedAtMs: START + HOUR,
      });
    }
    await bench.store.pulls.fail(id, { errorCode: 'source/bad-shape', errorMessage: 'row 1 is no row', pages: 2 });
    const manifest = { pages: [{ seq: 0, contentType: 'application/json', meta: { step: 60 } }] };
    t.objects.set(`pulls/${id}.json`, JSON.stringify(manifest));
    const result = await replayOf(t);
    expect(result.counts).toMatchObject({ inserts: 1 });
    expect(result.problems).toMatchObject([
      { pullId: id, seq: 1, code: 'object/unavailable', message: expect.stringContaining('page 1') },
    ]);
    expect(result.definitions).toEqual([{ version: null, isToday: false, pulls: 1 }]);
  });

  it('says by which definitions of the stream the pages were asked for, and leaves out what asked something else', async () => {
    const id = `c-${randomUUID().slice(0, 8)}`;
    const of = (query: string): Scripted =>
      scriptedPull(
        bench,
        async function* () {
          yield { measurements: [point(0, 10)] };
        },
        { id, streamOptions: { query } },
      );
    const first = await of('sum(a)').run();
    await of('sum(b)').run();
    await of('sum(b)').run();
    const versionOf = async (pullId: string) => (await bench.store.pulls.get(pullId))?.streamVersion;
    const result = await replayOf(of('sum(b)'));
    expect(result.definitions).toEqual([
      { version: expect.any(String), isToday: true, pulls: 2 },
      { version: await versionOf(first.pullId), isToday: false, pulls: 1 },
    ]);
    expect(result.earlier).toBeNull();
    for (const identity of ['sum(b)', 'sum(c)']) {
      bench.clock.nowMs += 1;
      await bench.store.transaction((tx) => tx.connectors.setIdentity({ connector: id, stream: 'hours', identity }));
    }
    await of('sum(c)').run();
    expect(await replayOf(of('sum(c)'))).toMatchObject({
      pulls: 1,
      definitions: [{ isToday: true, pulls: 1 }],
      earlier: { pulls: 3 },
    });
  });

  it('reads pages of earlier definitions when told, once what changed is in force; before that it only shows', async () => {
    const id = `c-${randomUUID().slice(0, 8)}`;
    const of = (unit: string, parse?: (answer: Answer) => Answer): Scripted =>
      scriptedPull(
        bench,
        async function* () {
          yield { measurements: [point(0, 10), point(1, 20)] };
        },
        { id, streamOptions: { unit }, ...(parse === undefined ? {} : { parse }) },
      );
    const inForce = async (t: Scripted): Promise<void> => {
      const [connector] = t.parts.config.connectors;
      const [stream] = connector?.streams ?? [];
      if (connector === undefined || stream === undefined) throw new Error('no stream');
      const identity = streamIdentity(connector, stream, t.parts.registry.connectorKind(connector.kind));
      bench.clock.nowMs += 1;
      await bench.store.transaction((tx) => tx.connectors.setIdentity({ connector: id, stream: 'hours', identity }));
      bench.clock.nowMs += 1;
    };
    const old = of('double');
    await inForce(old);
    await old.run();
    const edited = of('single', halved);
    edited.parts.objects = old.parts.objects;

    expect(await replayOf(edited)).toMatchObject({
      notInForce: { sinceMs: expect.any(Number) },
      earlier: null,
      counts: { revisions: 2 },
    });
    await expect(replayOf(edited, { apply: true })).rejects.toMatchObject({ code: 'config/not-applied' });

    await inForce(edited);
    expect(await replayOf(edited)).toMatchObject({ notInForce: null, pages: 0, earlier: { pulls: 1 } });
    expect(await replayOf(edited, { earlier: true })).toMatchObject({
      pages: 1,
      counts: { inserts: 2 },
      applied: null,
    });
    expect((await replayOf(edited, { earlier: true, apply: true })).applied).toMatchObject({ inserted: 2 });
    expect((await edited.samples()).map(({ value }) => value)).toEqual([5, 10]);
  });

  it('ends when it is cancelled, and leaves nothing behind', async () => {
    const t = scriptedPull(bench, async function* () {
      yield { measurements: [point(0, 10)] };
    });
    await t.run();
    const controller = new AbortController();
    controller.abort();
    const replaying = createReplays(t.parts).replay(
      {
        connector: t.id,
        stream: 'hours',
        fromMs: null,
        toMs: null,
        pullId: null,
        apply: true,
        withdraw: false,
        limit: 5,
      },
      { signal: controller.signal, progress: () => {} },
    );
    await expect(replaying).rejects.toMatchObject({ code: 'queue/cancelled' });
  });
});
