import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Decimal, type MovedFigure, type Project, startOfDayMs } from '#domain';
import { type Config, figuresAt, type IngestRow, type Store, whatMoved } from '#kit';
import { addMoved } from '#src/api/moved';
import { problemOf, sendProblem } from '#src/api/problem';
import { openStore } from '#src/store/index';
import { costWith, metricWith, projectWith } from '../factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';

const DAY = 86_400_000;
/** Days of 24 hours, so that the sums are round. */
const ZONE = 'UTC';
const metric = metricWith({ cadence: 'month' });
const project: Project = projectWith([metric], {
  timeZone: ZONE,
  costSources: [{ connector: 'erp', stream: 'costs', projectRef: 'P-1' }],
});
const dearer: Project = {
  ...project,
  metrics: [{ ...metric, rates: metric.rates.map((rate) => ({ ...rate, amount: '500' })) }],
};

describe('what moved, on PostgreSQL', () => {
  let database: TestDatabase;
  let store: Store;
  let server: FastifyInstance;
  let nowMs = Date.parse('2026-03-02T08:00:00Z');
  let ids = 0;
  const snapshots: string[] = [];
  const newId = () => `${String(++ids).padStart(8, '0')}-0000-4000-8000-000000000000`;
  const ports = () => ({
    config: { projects: [project], connectors: [], fxRates: [] } as unknown as Config,
    registry: { connectorKind: () => undefined },
    store,
    clock: { nowMs: () => nowMs },
  });

  beforeAll(async () => {
    database = await testDatabase();
    store = await openStore({
      url: database.url,
      resolver: {
        resolve: ({ args }) => ({ version: 1, queue: 'compute', args, dedupeKey: null, priority: 'normal' }),
      },
      clock: { nowMs: () => nowMs },
      newId,
      log: silentLog,
      applicationName: 'test',
    });
    server = fastify({ logger: false });
    server.setValidatorCompiler(validatorCompiler);
    server.setSerializerCompiler(serializerCompiler);
    server.setErrorHandler((error: Error, request, reply) => sendProblem(reply, request, problemOf(error)));
    addMoved(server, ports());

    await store.projects.apply([{ project }], { by: 'test' });
    await costs([costWith({ sourceKey: 'a', amount: '10000' })]);
    await samples('2026-01-01', 59, 3);
    snapshots.push(await computed('2026-02-28'));
    // A month more, January corrected, another cost line, and a dearer rate.
    nowMs = Date.parse('2026-04-02T08:00:00Z');
    await samples('2026-03-01', 31, 2);
    await samples('2026-01-10', 1, 1);
    await costs([costWith({ sourceKey: 'b', amount: '700', postingDate: '2026-03-10' })]);
    await store.projects.apply([{ project: dearer }], { by: 'test' });
    snapshots.push(await computed('2026-03-31'));
  });
  afterAll(async () => {
    await server?.close();
    await store?.close();
    await database?.close();
  });

  async function pulled(connector: string, stream: string, write: (pullId: string) => Promise<unknown>) {
    const pullId = newId();
    const name = { connector, stream };
    await store.pulls.start({ id: pullId, jobId: newId(), attempt: 1, ...name, fromMs: 0, toMs: nowMs });
    await write(pullId);
    await store.watermarks.advance({ ...name, watermarkMs: nowMs, pullId });
    await store.pulls.succeed(pullId, { pages: 1, rows: 1, inserted: 1, revisions: 0, expected: null, warnings: [] });
  }
  const samples = (from: string, days: number, value: number) =>
    pulled('shop', 'failures', (pullId) => {
      const rows = Array.from(
        { length: days },
        (_, index): IngestRow => ({
          labels: {},
          unit: 'failures',
          atMs: startOfDayMs(from, ZONE) + index * DAY,
          durationMs: DAY,
          value,
          status: 'final',
          pageHash: 'a'.repeat(64),
        }),
      );
      return store.measurements.ingest({ connector: 'shop', stream: 'failures', pullId, observedAtMs: nowMs, rows });
    });
  const costs = (lines: ReturnType<typeof costWith>[]) =>
    pulled('erp', 'costs', (pullId) =>
      store.costs.ingest({
        connector: 'erp',
        stream: 'costs',
        pullId,
        observedAtMs: nowMs,
        rows: lines.map((line) => ({ ...line, pageHash: 'b'.repeat(64) })),
      }),
    );
  async function computed(asOf: string): Promise<string> {
    const { outputs, inputsHash, knownAtMs, versions } = await figuresAt(ports(), project.id, { asOf });
    const row = {
      projectId: project.id,
      asOf,
      knownAtMs,
      engineVersion: versions.engine,
      inputsHash,
      versions,
      outputs,
    };
    return (await store.snapshots.save({ id: newId(), ...row })).snapshot.id;
  }
  const moved = (request: { from?: string; to?: string; figure?: MovedFigure } = {}) =>
    whatMoved(ports(), { project: project.id, figure: 'npv', ...request });
  const amounts = ({ contributions }: Awaited<ReturnType<typeof moved>>) =>
    Object.fromEntries(contributions.map(({ cause, amount }) => [cause, amount]));

  it('compares the newest snapshot with the one before it, cause by cause, down to the last place', async () => {
    const found = await moved({ figure: 'benefit' });
    expect([found.snapshots.from.id, found.snapshots.to.id]).toEqual(snapshots);
    expect(found.snapshots).toMatchObject({ from: { isRecreated: true }, to: { isRecreated: true } });
    expect(found.notes).toEqual([]);
    // January and February: (119 − 93)·450 and (119 − 84)·450; then March with (119 − 62), two fewer in January, 50 more each.
    expect(found.from.value).toBe('27450');
    expect(found.to.value).toBe('60000');
    expect(amounts(found)).toEqual({
      volume: '27075',
      rate: '4525',
      attribution: '0',
      cost: '0',
      timing: '0',
      fx: '0',
      restatement: '950',
      method: '0',
    });
  });

  it('says in words what each cause was', async () => {
    const { contributions } = await moved();
    const words = Object.fromEntries(
      contributions.map(({ cause, parts }) => [cause, parts.map((part) => part.because)]),
    );
    expect(words).toMatchObject({
      volume: ['1 new period'],
      rate: ['450 → 500 EUR'],
      restatement: ['1 period restated'],
      cost: ['1 new cost line'],
      method: [],
    });
  });

  it.each(['npv', 'roi', 'benefit', 'cost', 'realised-roi'] as const)(
    'sums to the difference of %s',
    async (figure) => {
      const { contributions, change, from, to } = await moved({ figure });
      const sum = contributions.reduce((total, { amount }) => total.plus(amount), new Decimal(0));
      expect(sum.toFixed()).toBe(change);
      expect(change).toBe(new Decimal(to.value).minus(from.value).toFixed());
      expect(change).not.toBe('0');
    },
  );

  it('takes dates and beginnings of ids for the ends, in either direction', async () => {
    const [first, second] = snapshots as [string, string];
    const there = await moved({ from: '2026-03-15', to: second.slice(0, 8) });
    expect(there.snapshots.from.id).toBe(first);
    const back = await moved({ from: second, to: first.slice(0, 8) });
    expect(back.change).toBe(new Decimal(there.change).negated().toFixed());
    expect((await moved({ from: first, to: first })).change).toBe('0');
  });

  it('refuses what is not there, with what to do', async () => {
    await expect(moved({ from: '2026-01-01' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(moved({ to: snapshots[0] as string })).rejects.toMatchObject({
      code: 'not-found',
      message: 'There is no snapshot of checkout before the one as of 2026-02-28.',
    });
    await expect(moved({ from: 'ffff' })).rejects.toMatchObject({ code: 'not-found' });
    await expect(moved({ from: '0' })).rejects.toMatchObject({ code: 'usage' });
    await expect(whatMoved(ports(), { project: 'chekout', figure: 'npv' })).rejects.toMatchObject({
      code: 'not-found',
      hint: 'Did you mean checkout?',
    });
  });

  it('answers over HTTP as in the terminal', async () => {
    const get = (query: string) => server.inject({ url: `/v1/projects/checkout/moved${query}` });
    expect((await get('?from=2026-03-01&figure=roi')).json()).toEqual(await moved({ figure: 'roi' }));
    expect((await get('?figure=irr')).statusCode).toBe(422);
    expect((await get('?from=2020-01-01')).json()).toMatchObject({ status: 404, code: 'not-found' });
    expect((await get('?from=0')).json()).toMatchObject({ status: 422, code: 'usage' });
  });

  it('puts what another engine made of the same inputs under method, and says so', async () => {
    const figures = await figuresAt(ports(), project.id, { asOf: '2026-03-31' });
    const { snapshot } = await store.snapshots.save({
      id: newId(),
      projectId: project.id,
      asOf: '2026-03-31',
      knownAtMs: figures.knownAtMs,
      engineVersion: '1',
      inputsHash: 'made-by-another-engine',
      versions: { ...figures.versions, engine: '1' },
      outputs: { ...figures.outputs, benefitToDate: '59000' },
    });
    const found = await moved({ from: snapshot.id, to: snapshots[1] as string, figure: 'benefit' });
    expect(amounts(found).method).toBe('1000');
    expect(found.contributions.at(-1)?.parts).toMatchObject([{ id: 'engine', amount: '1000' }]);
    expect(found.snapshots.from.isRecreated).toBe(false);
    expect(found.notes[0]).toContain('engine 1 made it');
  });
});
