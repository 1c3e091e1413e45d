import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { CostLine, Measurement, Project } from '#domain';
import {
  type AnyConnectorKind,
  type AnyJobKind,
  type Config,
  defineConnector,
  type HttpClient,
  type IntentResolver,
  type Metrics,
  type ObjectStore,
  type ParsedPage,
  PermanentError,
  type PullContext,
  type RawPage,
  type Store,
} from '#kit';
import { createExtractor } from '#src/extract/index';
import { createSqlSource } from '#src/fetch/index';
import { createPullRunner } from '#src/ingest/index';
import type { PullRunnerParts } from '#src/ingest/runner-parts';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';
import { metricDefaults, projectDefaults } from './value.ts';

export const HOUR = 3_600_000;
export const START = Date.parse('2026-06-01T00:00:00Z');

export interface Answer {
  measurements?: Measurement[];
  costs?: CostLine[];
  /** Extra text in the body, such as a secret that the source repeats. */
  note?: string;
  warnings?: string[];
  meta?: Record<string, unknown>;
  complete?: ParsedPage['complete'];
  /** With this answer all before this instant was given. */
  completeToMs?: number;
}
export const point = (hour: number, value: number, changes: Partial<Measurement> = {}): Measurement => ({
  labels: { team: 'a' },
  unit: 'h',
  atMs: START + hour * HOUR,
  durationMs: HOUR,
  value,
  status: 'final',
  ...changes,
});
export const cost = (sourceKey: string, changes: Partial<CostLine> = {}): CostLine => ({
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

export const metric = (id: string, changes: Partial<Project['metrics'][number]> = {}): Project['metrics'][number] => ({
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
  ...metricDefaults,
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
export const project = (id: string, changes: Partial<Project> = {}): Project => ({
  id,
  name: id,
  portfolio: null,
  sponsor: null,
  currency: 'EUR',
  timeZone: 'Europe/Berlin',
  startsOn: '2026-06-01',
  horizonEndsOn: '2029-01-01',
  ...projectDefaults,
  timing: 'end',
  metrics: [],
  costSources: [],
  manualCosts: [],
  ...changes,
});

export interface PullBench {
  databaseUrl: string;
  store: Store;
  resolver: IntentResolver;
  clock: { nowMs: number };
  close(): Promise<void>;
}

/** A store on a database of its own; `clock.nowMs` can be set. `jobs`: as the queue knows them, else whatever is asked for. */
export async function openPullBench({ jobs }: { jobs?: readonly AnyJobKind[] } = {}): Promise<PullBench> {
  const clock = { nowMs: START + 10 * HOUR };
  const known = jobs === undefined ? null : createIntentResolver(jobs);
  const resolver: IntentResolver = known ?? {
    resolve: ({ kind, args }) => ({
      version: 1,
      queue: 'compute',
      args,
      dedupeKey: `${kind} ${JSON.stringify(args)}`,
      priority: 'normal',
    }),
  };
  const database: TestDatabase = await testDatabase();
  const store = await openStore({
    url: database.url,
    resolver: { resolve: (intent) => resolver.resolve(intent) },
    clock: { nowMs: () => clock.nowMs },
    newId: randomUUID,
    log: silentLog,
    applicationName: 'ingest-test',
  });
  return {
    databaseUrl: database.url,
    store,
    resolver,
    clock,
    async close() {
      await store.close();
      await database.close();
    },
  };
}

/** A runner whose source gives what `answers` says; every test has a connector of its own, so that none sees another's rows. */
export function scriptedPull(
  { store, clock }: Pick<PullBench, 'store' | 'clock'>,
  pull: (ctx: PullContext<unknown, unknown>) => AsyncIterable<Answer>,
  options: {
    id?: string;
    projects?: Project[];
    intervalMs?: number;
    finalAfterMs?: number;
    secret?: string;
    streamOptions?: Record<string, unknown>;
    lookbackMs?: number;
    bounds?: PullRunnerParts['bounds'];
    parser?: PullRunnerParts['parser'];
    objects?: ObjectStore;
    http?: HttpClient;
    /** Instead of reading the body as it is: a parser of another release. */
    parse?: (answer: Answer) => Answer;
  } = {},
) {
  const id = options.id ?? `c-${randomUUID().slice(0, 8)}`;
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
          receivedAtMs: clock.nowMs,
          meta: { secret: options.secret ?? '', ...answer.meta },
          completeToMs: answer.completeToMs,
        };
    },
    parse(page) {
      const written: Answer = JSON.parse(page.body);
      const answer = options.parse?.(written) ?? written;
      if (answer.note === 'broken') throw new PermanentError('source/bad-shape', 'row 1 is no row');
      const { measurements = [], costs = [], warnings = [], complete } = answer;
      return { measurements, costs, warnings, complete };
    },
  });
  const objects = new Map<string, string>();
  const objectStore: ObjectStore = {
    async put(key, body) {
      objects.set(key, body.toString());
      return { key, location: key, bytes: body.length, sha256: '' };
    },
    async get(key) {
      const body = objects.get(key);
      if (body === undefined) throw new PermanentError('object/not-found', `No object ${key}`);
      return Buffer.from(body);
    },
    async delete(key) {
      objects.delete(key);
    },
    check: async () => {},
  };
  const rename = (source: { connector: string }) => (source.connector === 'c' ? { ...source, connector: id } : source);
  const projects = (options.projects ?? []).map((p) => ({
    ...p,
    metrics: p.metrics.map((m) => ({ ...m, source: { ...m.source, ...rename(m.source) } })),
    costSources: p.costSources.map((source) => ({ ...source, ...rename(source) })),
  }));
  const stream = {
    options: options.streamOptions ?? {},
    sinceMs: { kind: 'instant' as const, atMs: START },
    lookbackMs: options.lookbackMs ?? 100 * HOUR,
    finalAfterMs: options.finalAfterMs ?? 0,
  };
  const metrics: Metrics = {
    jobFinished() {},
    jobIncident() {},
    pullFinished() {},
    deliveryFinished() {},
    fireRecorded() {},
    budgetTurn() {},
    gauge() {},
    expose: async () => ({ contentType: '', body: '' }),
  };
  const config = {
    connectors: [
      {
        id,
        kind: 'scripted',
        http: { budget: { requestsPerMinute: 30, requestsPerDay: null } },
        options: {},
        streams: [{ id: 'hours', ...stream }],
      },
    ],
    projects,
  } as unknown as Config;
  const parts: PullRunnerParts = {
    config,
    registry: { connectorKind: (name) => (name === 'scripted' ? kind : undefined) },
    store,
    objects: options.objects ?? objectStore,
    fetch: { client: () => options.http ?? { request: () => Promise.reject(new Error('nobody asks')) } },
    files: { list: async () => [], read: async function* () {} },
    sql: createSqlSource(),
    extract: createExtractor(),
    clock: { nowMs: () => clock.nowMs },
    log: silentLog,
    metrics,
    newId: randomUUID,
    bounds: options.bounds,
    parser: options.parser,
    redact: (text) => (options.secret === undefined ? text : text.replaceAll(options.secret, '[redacted]')),
  };
  const runner = createPullRunner(parts);
  const due = { connector: id, stream: 'hours', fromMs: null, toMs: null };
  /** As `outturn apply` would have them: whom a pull touches is read from the store. */
  const define = async (): Promise<void> => {
    for (const project of projects) {
      const [inForce] = await store.projects.versions(project.id, { limit: 1 });
      const draft = { project: { ...project, managed: 'api' as const } };
      await store.projects.put(draft, { by: 'test', ifVersion: inForce?.version ?? null });
    }
  };
  const enqueue = async (): Promise<string> =>
    (await store.outbox.enqueue({ kind: 'pull', args: { id, run: randomUUID() }, cause: 'test' })).id;
  /** As a job of its own, or as the next attempt of `job`. */
  const run = async (changes: { fromMs?: number; toMs?: number; signal?: AbortSignal; job?: string } = {}) => {
    await define();
    const { signal = new AbortController().signal, job, ...window } = changes;
    const jobId = job ?? (await enqueue());
    const start = await store.outbox.started(jobId, { attempt: 1, instance: 'test:1' });
    if (start === null) throw new Error('a new job can be begun');
    const { fence } = start;
    return runner.run({ ...due, jobId, attempt: 1, fence, ...window }, { signal, progress: () => {} });
  };
  /** Runs the chunk that is queued, as its job would; gives back what the runner says. */
  const runChunk = async (backfill: string, signal = new AbortController().signal) => {
    await define();
    const chunk = (await store.backfills.get(backfill))?.current;
    if (chunk == null) throw new Error('no chunk is queued');
    const start = await store.outbox.started(chunk.jobId, { attempt: 1, instance: 'test:1' });
    const begun = await store.backfills.begin(backfill, chunk.seq, chunk.jobId);
    if (start === null || begun === null) throw new Error('the chunk can be begun');
    const { fromMs, toMs, jobId, seq } = chunk;
    const request = { ...due, fromMs, toMs, jobId, attempt: 1, fence: start.fence, backfill: { id: backfill, seq } };
    const summary = await runner.run(request, { signal, progress: () => {} });
    await store.outbox.succeeded(start.fence, {});
    return summary;
  };
  const samples = () =>
    store.measurements.read({ connector: id, stream: 'hours', labels: {} }, { fromMs: 0, toMs: START + 1e12 });
  const watermark = async () => (await store.watermarks.get(id, 'hours'))?.watermarkMs ?? null;
  const recomputes = async (name: string) =>
    (await store.outbox.list({ kind: 'recompute-roi', limit: 1000 })).filter(
      (row) => JSON.stringify(row.args) === JSON.stringify({ project: name }),
    ).length;
  return { id, parts, define, enqueue, run, runChunk, runner, due, samples, watermark, recomputes, objects };
}
