import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { CostLine, Measurement, Project } from '#domain';
import {
  type AnyConnectorKind,
  asOutturnError,
  type Config,
  defineConnector,
  type IntentResolver,
  type Metrics,
  type ObjectStore,
  PermanentError,
  type PullContext,
  type RawPage,
  RetryableError,
  type Store,
} from '#kit';
import { openStore } from '#src/store/index';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { createPullRunner } from './index.ts';

const HOUR = 3_600_000;
const START = Date.parse('2026-06-01T00:00:00Z');

interface Answer {
  measurements?: Measurement[];
  costs?: CostLine[];
  /** Extra text in the body, such as a secret that the source repeats. */
  note?: string;
}
const point = (hour: number, value: number, changes: Partial<Measurement> = {}): Measurement => ({
  labels: { team: 'a' },
  unit: 'h',
  atMs: START + hour * HOUR,
  durationMs: HOUR,
  value,
  status: 'final',
  ...changes,
});
const cost = (sourceKey: string, changes: Partial<CostLine> = {}): CostLine => ({
  sourceKey,
  projectRef: 'P-1',
  kind: 'actual',
  capitalisation: 'opex',
  recurrence: 'one-off',
  pool: null,
  amount: '12.5',
  currency: 'EUR',
  postingDate: '2026-06-01',
  cashDate: null,
  document: null,
  correctionOf: null,
  text: null,
  ...changes,
});

const metric = (id: string, changes: Partial<Project['metrics'][number]> = {}): Project['metrics'][number] => ({
  id,
  name: id,
  owner: null,
  benefitClass: 'cash-releasing',
  kind: 'flow',
  unit: 'h',
  direction: 'down',
  source: { connector: 'c', stream: 'hours', labels: { team: 'a' } },
  denominator: null,
  exposure: null,
  cadence: 'week',
  freshnessLimitMs: HOUR,
  baseline: null,
  counterfactual: { kind: 'constant' },
  target: null,
  rates: [],
  attribution: '1',
  deadweight: '0',
  displacement: '0',
  confidence: '1',
  startsOn: '2026-06-01',
  endsOn: null,
  ...changes,
});
const project = (id: string, changes: Partial<Project> = {}): Project => ({
  id,
  name: id,
  portfolio: null,
  sponsor: null,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  startsOn: '2026-06-01',
  horizonYears: 3,
  discountRate: '0.08',
  timing: 'end',
  metrics: [],
  costSources: [],
  manualCosts: [],
  ...changes,
});

let database: TestDatabase;
let store: Store;
let nowMs = START + 10 * HOUR;

const resolver: IntentResolver = {
  resolve: ({ kind, args }) => ({ version: 1, queue: 'compute', args, dedupeKey: `${kind} ${JSON.stringify(args)}` }),
};
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({
    url: database.url,
    resolver,
    clock: { nowMs: () => nowMs },
    newId: randomUUID,
    log: silentLog,
    applicationName: 'ingest-test',
  });
});
afterAll(async () => {
  await store?.close();
  await database?.close();
});

/** A runner whose source gives what `answers` says; every test has a connector of its own, so that none sees another's rows. */
function setUp(
  pull: (ctx: PullContext<unknown, unknown>) => AsyncIterable<Answer>,
  options: { projects?: Project[]; intervalMs?: number; finalAfterMs?: number; secret?: string } = {},
) {
  const id = `c-${randomUUID().slice(0, 8)}`;
  const kind: AnyConnectorKind = defineConnector({
    kind: 'scripted',
    summary: 'a source whose answers a test writes',
    options: z.unknown(),
    stream: z.unknown(),
    capabilities: { measurements: true, costs: true, discover: false, http: false },
    timing: () => ({ intervalMs: options.intervalMs ?? 0 }),
    check: async () => [],
    checkStream: async () => [],
    discover: async () => [],
    async *pull(ctx): AsyncIterable<RawPage> {
      for await (const answer of pull(ctx))
        yield {
          body: JSON.stringify(answer),
          contentType: 'application/json',
          request: { method: 'GET', url: `http://source/?key=${options.secret ?? ''}` },
          receivedAtMs: nowMs,
          meta: { secret: options.secret ?? '' },
        };
    },
    parse(page) {
      const answer: Answer = JSON.parse(page.body);
      if (answer.note === 'broken') throw new PermanentError('source/bad-shape', 'row 1 is no row');
      return { measurements: answer.measurements ?? [], costs: answer.costs ?? [], warnings: [] };
    },
  });
  const objects = new Map<string, string>();
  const objectStore: ObjectStore = {
    async put(key, body) {
      objects.set(key, body.toString());
      return { key, location: key, bytes: body.length, sha256: '' };
    },
    get: async (key) => Buffer.from(objects.get(key) ?? ''),
    check: async () => {},
  };
  const rename = (source: { connector: string }) => (source.connector === 'c' ? { ...source, connector: id } : source);
  const projects = (options.projects ?? []).map((p) => ({
    ...p,
    metrics: p.metrics.map((m) => ({ ...m, source: { ...m.source, ...rename(m.source) } })),
    costSources: p.costSources.map((source) => ({ ...source, ...rename(source) })),
  }));
  const stream = {
    options: {},
    sinceMs: { kind: 'instant' as const, atMs: START },
    lookbackMs: 100 * HOUR,
    finalAfterMs: options.finalAfterMs ?? 0,
  };
  const metrics: Metrics = {
    jobFinished() {},
    pullFinished() {},
    deliveryFinished() {},
    fireRecorded() {},
    gauge() {},
    expose: async () => ({ contentType: '', body: '' }),
  };
  const config = {
    connectors: [{ id, kind: 'scripted', options: {}, streams: [{ id: 'hours', ...stream }] }],
    projects,
  } as unknown as Config;
  const runner = createPullRunner({
    config,
    registry: { connectorKind: (name) => (name === 'scripted' ? kind : undefined) },
    store,
    objects: objectStore,
    fetch: { client: () => ({ request: () => Promise.reject(new Error('nobody asks')) }) },
    files: { list: async () => [], readText: async () => '' },
    clock: { nowMs: () => nowMs },
    log: silentLog,
    metrics,
    newId: randomUUID,
    redact: (text) => (options.secret === undefined ? text : text.replaceAll(options.secret, '[redacted]')),
  });
  const due = { connector: id, stream: 'hours', fromMs: null, toMs: null };
  const run = (changes: { fromMs?: number; toMs?: number; signal?: AbortSignal } = {}) => {
    const { signal = new AbortController().signal, ...window } = changes;
    return runner.run({ ...due, jobId: randomUUID(), attempt: 1, ...window }, { signal, progress: () => {} });
  };
  const samples = () =>
    store.measurements.read({ connector: id, stream: 'hours', labels: {} }, { fromMs: 0, toMs: START + 1e12 });
  const watermark = async () => (await store.watermarks.get(id, 'hours'))?.watermarkMs ?? null;
  const recomputes = async (name: string) =>
    (await store.outbox.list({ kind: 'recompute-roi', limit: 1000 })).filter(
      (row) => JSON.stringify(row.args) === JSON.stringify({ project: name }),
    ).length;
  return { id, run, runner, due, samples, watermark, recomputes, objects };
}
async function* pages(...answers: Answer[]): AsyncIterable<Answer> {
  yield* answers;
}
const failure = (work: Promise<unknown>) =>
  work.then(
    () => {
      throw new Error('it did not fail');
    },
    (thrown: unknown) => asOutturnError(thrown),
  );

describe('a pull', () => {
  it('stores the rows of all pages, the watermark, the pages and a recompute for each project concerned', async () => {
    const name = `p-${randomUUID()}`;
    const t = setUp(() => pages({ measurements: [point(0, 1)] }, { measurements: [point(1, 2)] }), {
      projects: [project(name, { metrics: [metric('m')] }), project(`${name}-other`)],
    });
    const summary = await t.run();
    expect(summary).toMatchObject({ pages: 2, rows: 2, inserted: 2, revisions: 0, projects: [name] });
    expect((await t.samples()).map((sample) => sample.value)).toEqual([1, 2]);
    expect(await t.watermark()).toBe(nowMs);
    expect(await t.recomputes(name)).toBe(1);
    expect(await t.recomputes(`${name}-other`)).toBe(0);
    const stored = await store.pulls.pages(summary.pullId);
    expect(stored).toHaveLength(2);
    for (const page of stored) expect(t.objects.get(`pages/${page.sha256}`)).toContain('measurements');
    expect(JSON.parse(t.objects.get(`pulls/${summary.pullId}.json`) ?? '').pages).toHaveLength(2);
    expect(await store.pulls.get(summary.pullId)).toMatchObject({ state: 'succeeded', rows: 2, inserted: 2, pages: 2 });
    const dirty = (await store.dirty.list()).filter((row) => row.projectId === name);
    expect(dirty).toEqual([{ projectId: name, metricId: 'm', period: '2026-06-01' }]);
  });

  it('that fails midway stores nothing, keeps the watermark, and says why; the retry stores all', async () => {
    const name = `p-${randomUUID()}`;
    let broken = true;
    const t = setUp(
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
    expect(await store.pulls.latest(t.id, 'hours')).toMatchObject({
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
    const t = setUp(() => pages({ measurements: [point(0, 1)] }), {
      projects: [project(name, { metrics: [metric('m')] })],
    });
    const refuse = resolver.resolve;
    resolver.resolve = () => {
      throw new PermanentError('queue/unknown-kind', 'no such job');
    };
    try {
      expect((await failure(t.run())).code).toBe('queue/unknown-kind');
    } finally {
      resolver.resolve = refuse;
    }
    expect(await t.samples()).toEqual([]);
    expect(await t.watermark()).toBeNull();
    expect(await store.pulls.latest(t.id, 'hours')).toMatchObject({ state: 'failed' });
  });

  it('of the same window twice adds no row and asks for no recompute', async () => {
    const name = `p-${randomUUID()}`;
    const t = setUp(() => pages({ measurements: [point(0, 1), point(1, 2)], costs: [cost('k')] }), {
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
    const t = setUp(() => pages({ measurements: [point(0, value)] }), {
      projects: [project(name, { metrics: [metric('m')] })],
    });
    await t.run();
    await store.dirty.take(name);
    value = 5;
    expect(await t.run()).toMatchObject({ inserted: 0, revisions: 1, projects: [name] });
    expect(await t.samples()).toMatchObject([{ value: 5, revision: 2 }]);
    expect(await t.recomputes(name)).toBe(2);
    expect(await store.dirty.take(name)).toHaveLength(1);
  });

  it('a changed cost line asks for a recompute of the projects that count it, and of no other', async () => {
    const name = `p-${randomUUID()}`;
    let amount = '10';
    const source = { connector: 'c', stream: 'hours' };
    const t = setUp(() => pages({ costs: [cost('k', { amount })] }), {
      projects: [
        project(name, { costSources: [{ ...source, projectRef: 'P-1' }] }),
        project(`${name}-other`, { costSources: [{ ...source, projectRef: 'P-2' }] }),
      ],
    });
    expect((await t.run()).projects).toEqual([name]);
    amount = '11';
    expect(await t.run()).toMatchObject({ revisions: 1, projects: [name] });
  });

  it('takes young samples as provisional and, seen again when old, as final', async () => {
    const before = nowMs;
    const t = setUp(() => pages({ measurements: [point(0, 1), point(9, 2)] }), { finalAfterMs: 2 * HOUR });
    await t.run();
    expect((await t.samples()).map(({ status }) => status)).toEqual(['final', 'provisional']);
    nowMs += 2 * HOUR;
    await t.run();
    nowMs = before;
    expect((await t.samples()).map(({ status }) => status)).toEqual(['final', 'final']);
  });

  it('archives no secret, neither in bodies nor in addresses', async () => {
    const secret = 'swordfish-4711';
    const t = setUp(() => pages({ measurements: [point(0, 1)], note: secret }), { secret });
    const { pullId } = await t.run();
    const archived = [...t.objects.values(), JSON.stringify(await store.pulls.pages(pullId))].join('\n');
    expect(archived).toContain('[redacted]');
    expect(archived).not.toContain(secret);
  });

  it('keeps the page that could not be parsed, and stores nothing of the pull', async () => {
    const t = setUp(() => pages({ measurements: [point(0, 1)] }, { note: 'broken' }));
    expect((await failure(t.run())).message).toBe(`${t.id}/hours: row 1 is no row`);
    expect([...t.objects.values()].some((body) => body.includes('broken'))).toBe(true);
    expect(await t.samples()).toEqual([]);
  });

  it('ends at once when it is cancelled, even while the source hangs', async () => {
    const controller = new AbortController();
    const t = setUp(async function* () {
      yield { measurements: [point(0, 1)] };
      controller.abort();
      await new Promise(() => {});
    });
    expect((await failure(t.run({ signal: controller.signal }))).code).toBe('queue/cancelled');
    expect(await t.samples()).toEqual([]);
    expect(await store.pulls.latest(t.id, 'hours')).toMatchObject({ state: 'failed', errorCode: 'queue/cancelled' });
  });

  it('of one stream waits for the one that runs; another stream does not wait', async () => {
    let running = 0;
    let most = 0;
    const t = setUp(async function* () {
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

describe('odd answers', () => {
  it('the last of two rows for the same time counts, with a warning when they differ', async () => {
    const t = setUp(() =>
      pages({ measurements: [point(0, 1), point(1, 1)] }, { measurements: [point(0, 3), point(1, 1)] }),
    );
    const { warnings, rows } = await t.run();
    expect(rows).toBe(2);
    expect(warnings.join()).toContain('1 row came twice with another value');
    expect((await t.samples()).map(({ value }) => value)).toEqual([3, 1]);
  });

  it('a unit that the metric does not have is an error and stores nothing', async () => {
    const t = setUp(() => pages({ measurements: [point(0, 1, { unit: 'min' })] }), {
      projects: [project('checkout', { metrics: [metric('failed')] })],
    });
    const error = await failure(t.run());
    expect(error.code).toBe('source/unit-mismatch');
    expect(error.message).toContain('gives min, but metric failed of project checkout is declared in h');
    expect(await t.samples()).toEqual([]);
  });

  it('no rows from a source with a cadence: the window is asked for again', async () => {
    const t = setUp(() => pages({}), { intervalMs: HOUR });
    const { warnings, pullId } = await t.run();
    expect(warnings).toEqual(['the source answered, but with no sample and no cost line for this window']);
    expect(await t.watermark()).toBeNull();
    expect(await store.pulls.get(pullId)).toMatchObject({ state: 'succeeded', expected: 10, rows: 0 });
  });

  it('missing points are counted', async () => {
    const t = setUp(() => pages({ measurements: [point(0, 1), point(1, 0)] }), { intervalMs: HOUR });
    expect((await t.run()).warnings).toEqual([
      '2 of 10 expected points came; the others count as missing, not as zero',
    ]);
  });

  it('a connector or stream that is not configured is named with those that are', async () => {
    const t = setUp(() => pages({}));
    const context = { signal: new AbortController().signal };
    const error = await failure(t.runner.dryRun({ ...t.due, stream: 'weeks' }, context));
    expect([error.code, error.hint]).toEqual(['config/unknown-reference', 'It has: hours.']);
  });
});

describe('windows and watermark', () => {
  it('a window by hand neither moves the watermark back nor over a gap', async () => {
    const t = setUp(() => pages({ measurements: [point(0, 1)] }));
    await t.run({ fromMs: START + HOUR, toMs: START + 2 * HOUR });
    expect(await t.watermark()).toBeNull();
    await t.run();
    const reached = await t.watermark();
    await t.run({ fromMs: START, toMs: START + HOUR });
    expect(await t.watermark()).toBe(reached);
  });
});

describe('a dry run', () => {
  it('shows requests and rows, and writes nothing', async () => {
    const t = setUp(() => pages({ measurements: [point(0, 1)], costs: [cost('k')] }), { secret: 'swordfish-4711' });
    const result = await t.runner.dryRun(t.due, { signal: new AbortController().signal });
    expect(result).toMatchObject({ fromMs: START, toMs: nowMs, measurements: [point(0, 1)], costs: [cost('k')] });
    expect(result.requests).toEqual([
      { method: 'GET', url: 'http://source/?key=[redacted]', bytes: expect.any(Number) },
    ]);
    expect(await store.pulls.latest(t.id, 'hours')).toBeNull();
    expect(await t.samples()).toEqual([]);
    expect(t.objects.size).toBe(0);
  });
});
