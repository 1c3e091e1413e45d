import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startOfDayMs } from '#domain';
import { recomputeRoi } from '#jobs/recompute-roi';
import type { AnyConnectorKind, Config, JobContext, JobPorts, Store } from '#kit';
import { openStore } from '#src/store/index';
import { baselineOf, byTest, costWith, draftsOf, metricWith, projectWith } from '../test/factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../test/harness/database.ts';

const DAY = 86_400_000;
const project = projectWith([metricWith({ baseline: baselineOf('100') })], { manualCosts: [costWith()] });

describe('recompute-roi on PostgreSQL', () => {
  let database: TestDatabase;
  let store: Store;
  let ids = 0;
  let nowMs = Date.parse('2026-03-01T08:00:00Z');
  const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`;

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
    await store.projects.apply(draftsOf(project), byTest);
    await pull(1);
  });
  afterAll(async () => {
    await store?.close();
    await database?.close();
  });

  async function pull(value: number): Promise<void> {
    const pullId = newId();
    await store.pulls.start({
      id: pullId,
      jobId: newId(),
      attempt: 1,
      connector: 'shop',
      stream: 'failures',
      fromMs: 0,
      toMs: nowMs,
    });
    await store.transaction(async (repositories) => {
      const rows = Array.from({ length: 31 }, (_, index) => ({
        labels: {},
        unit: 'failures',
        atMs: startOfDayMs('2026-01-01', 'Europe/Berlin') + index * DAY,
        durationMs: DAY,
        value: index === 30 ? value : 1,
        status: 'final' as const,
        pageHash: 'a'.repeat(64),
      }));
      await repositories.measurements.ingest({
        connector: 'shop',
        stream: 'failures',
        pullId,
        observedAtMs: nowMs,
        rows,
      });
      await repositories.dirty.mark([{ projectId: project.id, metricId: 'failures', period: '2026-01-01' }], pullId);
    });
  }

  function context(): JobContext {
    const ports: Pick<JobPorts, 'config' | 'store' | 'registry' | 'clock' | 'newId'> = {
      config: { projects: [project], connectors: [], fxRates: [] } as unknown as Config,
      store,
      registry: { connectorKind: (): AnyConnectorKind | undefined => undefined },
      clock: { nowMs: () => nowMs },
      newId,
    };
    return {
      jobId: newId(),
      attempt: 1,
      fence: { jobId: 'job', token: 1 },
      signal: new AbortController().signal,
      ports: ports as JobPorts,
      progress: () => undefined,
    };
  }

  it('makes a snapshot of what is known, asks for its report, and takes the dirty periods', async () => {
    expect(await recomputeRoi.run({ project: project.id }, context())).toMatchObject({
      created: true,
      asOf: '2026-03-01',
      dirty: 1,
    });
    const snapshot = await store.snapshots.latest(project.id);
    expect(snapshot?.outputs).toMatchObject({
      benefitToDate: String(69 * 450),
      costToDate: '1000',
      realisedRoi: '30.05',
    });
    const [intent] = await store.outbox.list({ kind: 'build-report', limit: 10 });
    expect(intent?.args).toEqual({ project: project.id, snapshotId: snapshot?.id });
    expect(await store.dirty.list()).toEqual([]);
  });
  it('again with the same inputs, later the same day: the same snapshot, no second report', async () => {
    nowMs += 3_600_000;
    const before = await store.snapshots.latest(project.id);
    expect(await recomputeRoi.run({ project: project.id }, context())).toMatchObject({
      created: false,
      snapshotId: before?.id,
    });
    expect(await store.outbox.list({ kind: 'build-report', limit: 10 })).toHaveLength(1);
  });
  it('after a correction: another snapshot, the corrected period marked by its revision', async () => {
    await pull(11);
    expect(await recomputeRoi.run({ project: project.id }, context())).toMatchObject({ created: true });
    const snapshot = await store.snapshots.latest(project.id);
    expect(snapshot?.outputs.metrics[0]?.periods[0]).toMatchObject({ actual: '41', revision: 2 });
    expect(await store.outbox.list({ kind: 'build-report', limit: 10 })).toHaveLength(2);
  });
  it('for a date in the past leaves the dirty periods to the recompute of today', async () => {
    await pull(12);
    expect(await recomputeRoi.run({ project: project.id, asOf: '2026-02-01' }, context())).toMatchObject({
      asOf: '2026-02-01',
      dirty: 0,
    });
    expect(await store.dirty.list()).toHaveLength(1);
  });
  it('as of the last day of a month in the past counts that month whole, its benefit as well as its costs', async () => {
    await recomputeRoi.run({ project: project.id, asOf: '2026-01-31' }, context());
    const [snapshot] = (await store.snapshots.history(project.id, 50)).filter(({ asOf }) => asOf === '2026-01-31');
    expect(snapshot?.outputs.metrics[0]?.periods[0]).toMatchObject({ from: '2026-01-01', status: 'closed' });
    expect(snapshot?.outputs.basis).toContain('closed periods to 31 Jan 2026');
  });
  it('reads all metrics as of one instant, also when a pull is stored in between; the next recompute has it', async () => {
    const twice = { ...project, id: 'twice', metrics: [project.metrics[0]!, { ...project.metrics[0]!, id: 'again' }] };
    await store.projects.apply(draftsOf(project, twice), byTest);
    const base = context();
    let interrupt = true;
    const interrupted: Store = {
      ...store,
      transaction: (work, options) =>
        store.transaction(
          (repositories) =>
            work({
              ...repositories,
              measurements: {
                ...repositories.measurements,
                read: async (source, range) => {
                  const samples = await repositories.measurements.read(source, range);
                  if (interrupt) await pull(200);
                  interrupt = false;
                  return samples;
                },
              },
            }),
          options,
        ),
    };
    const ports = { ...base.ports, store: interrupted, config: { ...base.ports.config, projects: [twice] } };
    const actuals = async () => {
      await recomputeRoi.run({ project: 'twice' }, { ...base, ports });
      const snapshot = await store.snapshots.latest('twice');
      return snapshot?.outputs.metrics.map((metric) => metric.periods[0]?.actual);
    };
    expect(await actuals()).toEqual(['42', '42']);
    expect(await actuals()).toEqual(['230', '230']);
  });
  it('refuses a day to come, whose figures would pass for the newest until then', async () => {
    const before = await store.snapshots.latest(project.id);
    await expect(recomputeRoi.run({ project: project.id, asOf: '2026-03-02' }, context())).rejects.toMatchObject({
      code: 'queue/invalid-arguments',
    });
    expect((await store.snapshots.latest(project.id))?.id).toBe(before?.id);
  });
  it('for an unknown project is a permanent error that names those it knows', async () => {
    await expect(recomputeRoi.run({ project: 'nope' }, context())).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('checkout'),
    });
  });
});
