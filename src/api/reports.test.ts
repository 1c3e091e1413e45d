import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildReport } from '#jobs/build-report';
import {
  type Backfills,
  type Config,
  composeDigest,
  type JobContext,
  type JobOperations,
  type JobPorts,
  type Logger,
  type ObjectStore,
  RetryableError,
  type ScheduleAdmin,
  type SecretAdmin,
  type Store,
  type SubscriptionConfig,
} from '#kit';
import { openObjectStore } from '#src/objects/index';
import { createIntentResolver } from '#src/queue/index';
import { createRenderer } from '#src/render/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { NOW_MS, project, roiOutputs } from '../../test/factories/digest.ts';
import { byTest, draftsOf } from '../../test/factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { type Api, createApi } from './index.ts';

const TOKEN = 'right-token';
const subscription = {
  id: 'weekly',
  project: project().id,
  portfolio: null,
  locale: 'en-GB',
  timeZone: 'UTC',
  targets: [],
} as unknown as SubscriptionConfig;
const configWith = (publicUrl: string | null, token: string | null) =>
  ({
    settings: { publicUrl, api: { token } },
    projects: [project()],
    stakeholders: [],
    subscriptions: [subscription],
  }) as unknown as Config;

describe('the report that a digest leads to', () => {
  let database: TestDatabase;
  let store: Store;
  let api: Api;
  let url = '';
  let folder = '';
  let folderStore: ObjectStore;
  let trouble: Error | null = null;
  const logged: string[] = [];
  const log: Logger = { ...silentLog, error: (facts) => void logged.push(JSON.stringify(facts)) };
  const renderer = createRenderer();
  const clock = { nowMs: () => NOW_MS };
  let ids = 0;
  const newId = () => `id-${++ids}`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outturn-reports-'));
    folderStore = openObjectStore({ kind: 'folder', path: folder });
    const objects: ObjectStore = {
      ...folderStore,
      get: (key) => (trouble === null ? folderStore.get(key) : Promise.reject(trouble)),
    };
    database = await testDatabase();
    const resolver = createIntentResolver([buildReport]);
    store = await openStore({ url: database.url, resolver, clock, newId, log, applicationName: 'test' });
    await store.projects.apply(draftsOf(project()), byTest);
    const config = configWith(null, TOKEN);
    const readiness = async () => ({});
    const schedules = {} as ScheduleAdmin;
    const operations = {} as JobOperations;
    const backfills = {} as Backfills;
    const secrets = {} as SecretAdmin;
    api = createApi({
      registry: { connectorKind: () => undefined },
      clock: { nowMs: () => Date.now() },
      config,
      store,
      objects,
      schedules,
      operations,
      backfills,
      secrets,
      metrics: createMetrics(),
      log,
      token: TOKEN,
      readiness,
      newId,
    });
    ({ url } = await api.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(async () => {
    await api.close();
    await renderer.close();
    await store.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(() => {
    trouble = null;
    logged.length = 0;
  });

  let snapshots = 0;
  const saveSnapshot = async () => {
    const outputs = roiOutputs();
    const row = { id: newId(), projectId: project().id, asOf: outputs.asOf, knownAtMs: NOW_MS + ++snapshots, outputs };
    return (await store.snapshots.save({ ...row, engineVersion: '1', inputsHash: `hash-${snapshots}` })).snapshot;
  };
  const build = async (snapshotId: string) => {
    const ports = { config: configWith(null, null), store, objects: folderStore, reports: renderer, newId };
    const signal = new AbortController().signal;
    const context = {
      jobId: 'job',
      attempt: 1,
      fence: { jobId: 'job', token: 1 },
      signal,
      ports: ports as unknown as JobPorts,
      progress: () => undefined,
    };
    await buildReport.run({ project: project().id, snapshotId }, context satisfies JobContext);
  };
  const linksWith = async (config: Config): Promise<string[]> =>
    (
      await composeDigest({ config, store, clock, registry: { connectorKind: () => undefined } }, subscription)
    ).facts.links.map((link) => link.url);
  const linksOfDigest = () => linksWith(configWith(url, TOKEN));
  const problemAt = async (address: string) => {
    const response = await fetch(address);
    const body = (await response.json()) as { detail: string; hint?: string };
    return { status: response.status, cache: response.headers.get('cache-control'), ...body };
  };

  it('opens from the link in the digest, as a page that runs nothing and tells nobody its address', async () => {
    const snapshot = await saveSnapshot();
    await build(snapshot.id);
    const [page = ''] = await linksOfDigest();
    const response = await fetch(page);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(`This report was made from snapshot ${snapshot.id}.`);
    const header = (name: string) => response.headers.get(name);
    expect(header('content-type')).toBe('text/html; charset=utf-8');
    expect(header('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'unsafe-inline'; img-src data:; .*frame-ancestors 'none'/,
    );
    expect(header('referrer-policy')).toBe('no-referrer');
    expect(header('x-content-type-options')).toBe('nosniff');
    expect(header('cache-control')).toMatch(/^private/);
  });

  it('is there as CSV beside it, to be saved', async () => {
    const snapshot = await saveSnapshot();
    await build(snapshot.id);
    const [, table = ''] = await linksOfDigest();
    const response = await fetch(table);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="${project().id}-${snapshot.id}.csv"`,
    );
    const row = await store.reports.find(snapshot.id, 'csv');
    expect(Buffer.from(await response.arrayBuffer()).equals(await folderStore.get(row?.objectKey ?? ''))).toBe(true);
  });

  it('keeps opening from an older digest after newer figures came', async () => {
    const older = await saveSnapshot();
    await build(older.id);
    const [link = ''] = await linksOfDigest();
    await saveSnapshot();
    expect((await linksOfDigest())[0]).not.toBe(link);
    expect(await (await fetch(link)).text()).toContain(older.id);
  });

  it('does not open without the right key, and nobody learns what there is', async () => {
    await build((await saveSnapshot()).id);
    const [good = ''] = await linksOfDigest();
    const key = new URL(good).searchParams.get('key') ?? '';
    const wrong = [
      good.replace(/\?key=.*/, ''),
      good.replace(key, ''),
      good.replace(key, key.slice(0, -1)),
      good.replace(key, `${key.startsWith('A') ? 'B' : 'A'}${key.slice(1)}`),
      good.replace(key, `${key}&key=${key}`),
      good.replace(key, 'x'.repeat(5_000)),
      good.replace(/snapshots\/[^?]+/, 'snapshots/another'),
      good.replace(`/projects/${project().id}/`, '/projects/another/'),
    ];
    const answers = await Promise.all(wrong.map(problemAt));
    expect(answers.map(({ status }) => status)).toEqual(wrong.map(() => 404));
    expect(new Set(answers.map(({ detail, hint }) => `${detail} ${hint}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ code: 'not-found', cache: 'no-store' });
  });

  it('says that it is not built yet', async () => {
    await saveSnapshot();
    const [link = ''] = await linksOfDigest();
    expect(await problemAt(link)).toMatchObject({
      status: 404,
      code: 'not-found',
      cache: 'no-store',
      detail: expect.stringContaining('not built yet'),
    });
  });

  it('says that it is gone or cannot be read, and where it lies only in the log', async () => {
    const snapshot = await saveSnapshot();
    await build(snapshot.id);
    const [link = ''] = await linksOfDigest();
    trouble = new RetryableError('object/unavailable', 's3://inner-bucket at http://10.1.2.3 does not answer');
    const away = await problemAt(link);
    expect(away).toMatchObject({ status: 503, code: 'object/unavailable', cache: 'no-store' });
    expect(JSON.stringify(away)).not.toContain('inner-bucket');
    expect(logged.join()).toContain('inner-bucket');
    trouble = null;
    await rm(join(folder, 'reports'), { recursive: true });
    const gone = await problemAt(link);
    expect(gone).toMatchObject({ status: 404, detail: expect.stringContaining('no longer kept') });
    expect(JSON.stringify(gone)).not.toContain(folder);
  });

  it.each([
    ['without a public address', null, TOKEN],
    ['without an API token', 'https://outturn.example.com', null],
  ])('has no link %s', async (_when, publicUrl, token) => {
    await saveSnapshot();
    expect(await linksWith(configWith(publicUrl, token))).toEqual([]);
  });
});
