import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlanVersion, Project } from '#domain';
import { byTest, draftsOf, metricWith, projectWith } from '../../factories/value.ts';
import { dayMs, type StoreFixture, storeFixture } from './fixtures.ts';

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await storeFixture();
});
afterEach(() => fixture.close());

const project = (id: string, changes: Partial<Project> = {}): Project =>
  projectWith([metricWith()], { id, ...changes });
const byApi = { by: 'api:dashboard', reason: 'new business case' };

const planWith = (changes: Partial<PlanVersion> = {}): PlanVersion => ({
  id: 'v1',
  frozenOn: '2025-12-15',
  approvedBy: 'Investment board',
  note: null,
  fxRates: [],
  costs: [
    {
      date: '2026-02-01',
      amount: '12000',
      currency: 'EUR',
      pool: null,
      capitalisation: 'capex',
      recurrence: 'one-off',
      text: null,
    },
  ],
  benefits: [
    {
      metricId: 'failures',
      curve: [{ from: '2026-01-01', value: '80' }],
      interpolation: 'step',
      counterfactual: '119',
      counterfactualChange: '0',
      rate: { amount: '450', currency: 'EUR', perPeriod: null },
      exposure: null,
      attribution: '0.8',
      deadweight: '0',
      displacement: '0',
      confidence: '1',
      dropOff: '0',
      ramp: [],
      startsOn: '2026-01-01',
      endsOn: null,
    },
  ],
  ...changes,
});

describe('the history of projects', () => {
  it('keeps what was in force at any instant, who changed it and why, also after it left the configuration', async () => {
    const { store, clock } = fixture;
    const { projects } = store;
    const first = project('a');
    const second = { ...first, name: 'Renamed' };
    const startMs = clock.nowMs();
    await projects.apply(draftsOf(first), { by: 'config' });
    clock.advance(dayMs);
    await projects.apply(draftsOf(second), { by: 'cli (ops)', reason: 'a better name' });
    clock.advance(dayMs);
    expect(await projects.apply([], { by: 'config' })).toMatchObject({ retired: ['a'] });

    expect(await projects.versionAt('a', startMs - 1)).toBeNull();
    expect((await projects.versionAt('a', startMs))?.project).toEqual(first);
    expect((await projects.versionAt('a', startMs + dayMs - 1))?.project).toEqual(first);
    expect((await projects.versionAt('a', startMs + dayMs))?.project).toEqual(second);
    expect(await projects.versionAt('a', startMs + 9 * dayMs)).toMatchObject({ version: 3, isRetired: true });
    expect(
      (await projects.versions('a')).map(({ version, recordedBy, reason }) => [version, recordedBy, reason]),
    ).toEqual([
      [3, 'config', null],
      [2, 'cli (ops)', 'a better name'],
      [1, 'config', null],
    ]);
    expect((await projects.versions('a', { before: 3, limit: 1 })).map(({ version }) => version)).toEqual([2]);
    expect(await projects.list()).toEqual([]);
    expect(await projects.get('a')).toEqual(second);
  });

  it('writes no version where nothing differs, but one where a connector gives samples at other distances', async () => {
    const { projects } = fixture.store;
    const intervals = [{ connector: 'shop', stream: 'failures', intervalMs: 60_000 }];
    await projects.apply([{ project: project('a'), intervals }], byTest);
    expect(await projects.apply([{ project: project('a'), intervals }], byTest)).toEqual({
      created: [],
      changed: [],
      retired: [],
    });
    const other = [{ connector: 'shop', stream: 'failures', intervalMs: 300_000 }];
    expect(await projects.apply([{ project: project('a'), intervals: other }], byTest)).toMatchObject({
      changed: ['a'],
    });
    expect((await projects.versions('a')).map((each) => each.intervals)).toEqual([other, intervals]);
  });

  it('is told the same though the clock was put back between two versions', async () => {
    const { store, clock } = fixture;
    const startMs = clock.nowMs();
    await store.projects.apply(draftsOf(project('a')), byTest);
    clock.set(startMs - dayMs);
    await store.projects.apply(draftsOf(project('a', { name: 'Later' })), byTest);
    expect(await store.projects.versionAt('a', startMs - 1)).toBeNull();
    expect((await store.projects.versionAt('a', startMs))?.project.name).not.toBe('Later');
    expect((await store.projects.versionAt('a', startMs + 1))?.project.name).toBe('Later');
  });

  it('cannot be changed, deleted or forged by anybody who can write to the database', async () => {
    await fixture.store.projects.apply(draftsOf(project('a', { plans: [planWith()] })), byTest);
    const client = new Client({ connectionString: fixture.database.url });
    await client.connect();
    try {
      for (const statement of [
        "UPDATE project_version SET recorded_by = 'x'",
        'DELETE FROM project_version',
        'TRUNCATE project_version',
        "UPDATE plan_version SET content = '{}'",
        'DELETE FROM plan_version',
        'TRUNCATE plan_version CASCADE',
      ])
        await expect(client.query(statement), statement).rejects.toThrow('append-only');
      await expect(
        client.query(`INSERT INTO project_version (project_id, version, definition, definition_hash, managed,
          is_retired, intervals, recorded_at, recorded_by, reason) SELECT project_id, 2, '{"id":"a"}', definition_hash, managed, is_retired,
          intervals, recorded_at, recorded_by, reason FROM project_version`),
      ).rejects.toThrow('project_version_hash_of_definition');
    } finally {
      await client.end();
    }
  });
});

describe('projects made by API', () => {
  it('are created, replaced in the version that was read, and taken out of force; the configuration leaves them alone', async () => {
    const { projects } = fixture.store;
    const made = project('mine', { managed: 'api' });
    expect(await projects.put({ project: made }, { ...byApi, ifVersion: null })).toMatchObject({
      outcome: 'created',
      version: { version: 1, managed: 'api', recordedBy: 'api:dashboard', reason: 'new business case' },
    });
    expect(await projects.put({ project: made }, { ...byApi, ifVersion: 1 })).toMatchObject({ outcome: 'unchanged' });
    const renamed = { ...made, name: 'Renamed' };
    expect(await projects.put({ project: renamed }, { ...byApi, ifVersion: 1 })).toMatchObject({
      outcome: 'changed',
      version: { version: 2 },
    });
    for (const ifVersion of [1, 3, null])
      await expect(projects.put({ project: made }, { ...byApi, ifVersion })).rejects.toMatchObject({
        code: 'api/precondition-failed',
      });
    await projects.apply(draftsOf(project('a')), byTest);
    expect((await projects.list()).map(({ id }) => id)).toEqual(['a', 'mine']);
    await expect(projects.retire('mine', { ...byApi, ifVersion: 1 })).rejects.toMatchObject({
      code: 'api/precondition-failed',
    });
    expect(await projects.retire('mine', { ...byApi, ifVersion: 2 })).toMatchObject({ version: 3, isRetired: true });
    await expect(projects.retire('mine', { ...byApi, ifVersion: 3 })).rejects.toMatchObject({ code: 'not-found' });
    expect((await projects.page({ limit: 10 })).map((each) => each.project.id)).toEqual(['a']);
    expect((await projects.page({ limit: 1, after: 'a', retired: true })).map((each) => each.project.id)).toEqual([
      'mine',
    ]);
    expect(await projects.put({ project: made }, { ...byApi, ifVersion: null })).toMatchObject({
      outcome: 'created',
      version: { version: 4 },
    });
  });

  it('never share an id with a project of the configuration', async () => {
    const { projects } = fixture.store;
    await projects.apply(draftsOf(project('a')), byTest);
    await expect(
      projects.put({ project: project('a', { managed: 'api' }) }, { ...byApi, ifVersion: 1 }),
    ).rejects.toMatchObject({ code: 'api/conflict' });
    await expect(projects.retire('a', { ...byApi, ifVersion: 1 })).rejects.toMatchObject({ code: 'api/conflict' });
    await projects.put({ project: project('mine', { managed: 'api' }) }, { ...byApi, ifVersion: null });
    await expect(projects.apply(draftsOf(project('a'), project('mine')), byTest)).rejects.toMatchObject({
      code: 'config/duplicate-id',
    });
  });

  it('are written by one of several at once; the others learn that they came late', async () => {
    const other = await fixture.another();
    const results = await Promise.allSettled(
      [fixture.store, other, fixture.store, other].map((store, index) =>
        store.projects.put(
          { project: project('racing', { managed: 'api', name: `Racer ${index}` }) },
          { ...byApi, ifVersion: null },
        ),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'api/precondition-failed' });
  });
});

describe('frozen plans', () => {
  const plan = planWith();
  const written = { v1: { frozenOn: '2025-12-15', benefits: { failures: {} } } };

  it('stay as they were when the metrics that they took their figures from change', async () => {
    const { projects } = fixture.store;
    await projects.apply([{ project: project('a', { plans: [plan] }), writtenPlans: written }], byTest);
    const [benefit] = plan.benefits;
    const later = { ...plan, benefits: [{ ...benefit!, attribution: '0.5' }] };
    await projects.apply([{ project: project('a', { name: 'New', plans: [later] }), writtenPlans: written }], byTest);
    expect(await projects.get('a')).toMatchObject({ name: 'New', plans: [plan] });
    expect(await projects.frozenPlans('a')).toMatchObject([{ plan, written: written.v1, recordedBy: 'test' }]);
  });

  it('are refused with plan, place, old and new value when a person changes or removes them; nothing is applied', async () => {
    const { projects } = fixture.store;
    await projects.apply([{ project: project('a', { plans: [plan] }), writtenPlans: written }], byTest);
    const later = { ...plan, frozenOn: '2026-01-15' };
    await expect(
      projects.apply(
        [
          { project: project('b') },
          {
            project: project('a', { plans: [later] }),
            writtenPlans: { v1: { ...written.v1, frozenOn: '2026-01-15' } },
          },
        ],
        byTest,
      ),
    ).rejects.toMatchObject({
      code: 'config/frozen-plan',
      message: 'project a: plan v1 is frozen: frozenOn 2025-12-15 → 2026-01-15',
      hint: expect.stringContaining('new version'),
    });
    await expect(projects.apply([{ project: project('a') }], byTest)).rejects.toMatchObject({
      message: 'project a: plan v1 is frozen and must not be taken away',
    });
    expect((await projects.list()).map(({ id }) => id)).toEqual(['a']);
    const second = planWith({ id: 'v2', frozenOn: '2026-06-15' });
    expect(await projects.apply(draftsOf(project('a', { plans: [plan, second] })), byTest)).toMatchObject({
      changed: ['a'],
    });
  });
});
