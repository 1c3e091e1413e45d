import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backfills, Config, JobOperations, ObjectStore, SecretAdmin } from '#kit';
import { createMetrics } from '#src/telemetry/index';
import { silentLog } from '../../test/harness/database.ts';
import { openScheduleWorld, type ScheduleWorld, scheduleOf } from '../../test/harness/schedules.ts';
import { type Api, createApi } from './index.ts';

const hourly = scheduleOf('0 * * * *', { id: 'pull:sap.costs' });

describe('schedules by HTTP', () => {
  let world: ScheduleWorld;
  let api: Api;
  let url: string;
  beforeAll(async () => {
    world = await openScheduleWorld();
    await world.startAt([hourly], '2026-07-01T08:00:10Z');
    await world.startAt([hourly], '2026-07-01T10:20:00Z');
    api = createApi({
      registry: { connectorKind: () => undefined },
      clock: { nowMs: () => Date.now() },
      config: { projects: [], connectors: [] } as unknown as Config,
      store: world.store,
      objects: {} as ObjectStore,
      schedules: world.adminAt([hourly], '2026-07-01T10:30:00Z'),
      operations: {} as JobOperations,
      backfills: {} as Backfills,
      secrets: {} as SecretAdmin,
      metrics: createMetrics({ processMetrics: false }),
      log: silentLog,
      token: 'right',
      readiness: async () => ({}),
      newId: () => crypto.randomUUID(),
    });
    ({ url } = await api.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(async () => {
    await api.close();
    await world.close();
  });

  async function call(method: string, route: string, body?: unknown, token = 'right') {
    const response = await fetch(`${url}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as unknown };
  }

  it('lists them with next and last runs, and whether a scheduler runs', async () => {
    expect((await call('GET', '/v1/schedules')).body).toMatchObject({
      schedules: [
        {
          id: 'pull:sap.costs',
          inWords: 'every hour',
          next: ['2026-07-01T13:00+02:00', '2026-07-01T14:00+02:00', '2026-07-01T15:00+02:00'],
          lastFire: { slot: '2026-07-01T12:00[Europe/Berlin]', outcome: 'caught-up', job: { state: 'pending' } },
          overdue: [],
        },
      ],
      scheduler: { instance: 'one', isRunning: false },
    });
  });

  it('shows the ledger, filtered, and says why a slot was skipped', async () => {
    const skipped = await call('GET', '/v1/schedules/pull:sap.costs/fires?outcome=skipped&slot=2026-07-01');
    expect(skipped.body).toMatchObject({ fires: [{ slot: '2026-07-01T11:00[Europe/Berlin]', job: null }] });
    expect((await call('GET', '/v1/fires?limit=1')).body).toMatchObject({ fires: [{ outcome: 'caught-up' }] });
    const why = await call('GET', '/v1/schedules/pull%3Asap.costs/why?slot=2026-07-01T11:00');
    expect(why.body).toMatchObject({
      answer: 'recorded',
      why: [expect.stringContaining('only the latest missed slot is run'), expect.any(String)],
    });
  });

  it('runs one now, pauses and resumes it, with or without a body', async () => {
    const run = await call('POST', '/v1/schedules/pull:sap.costs/run');
    expect(run.status).toBe(202);
    expect(run.headers.get('location')).toBe(`/v1/jobs/${(run.body as { id: string }).id}`);
    const pause = { by: 'ops', reason: 'SAP moves', until: '2026-07-01T18:30:00+02:00' };
    const paused = await call('POST', '/v1/schedules/pull:sap.costs/pause', pause);
    expect(paused.body).toMatchObject({
      paused: { by: 'ops', reason: 'SAP moves', until: '2026-07-01T16:30:00.000Z' },
      next: '2026-07-01T17:00:00.000Z',
    });
    expect((await call('POST', '/v1/schedules/pull:sap.costs/pause')).status).toBe(422);
    const resume = () => call('POST', '/v1/schedules/pull:sap.costs/resume', {});
    expect([(await resume()).body, (await resume()).body]).toMatchObject([{ wasPaused: true }, { wasPaused: false }]);
  });

  it('answers mistakes by problems', async () => {
    const answers = await Promise.all([
      call('GET', '/v1/schedules', undefined, 'wrong'),
      call('GET', '/v1/schedules/pull:sap.cost/fires'),
      call('POST', '/v1/schedules/pull:sap.cost/run'),
      call('GET', '/v1/schedules/pull:sap.costs/why?slot=yesterday'),
      call('GET', '/v1/fires?outcome=lost'),
      call('POST', '/v1/schedules/pull:sap.costs/pause', { until: '2020-01-01T00:00:00Z' }),
      call('POST', '/v1/schedules/pull:sap.costs/pause', { untill: '2027-01-01T00:00:00Z' }),
      call('DELETE', '/v1/schedules/pull:sap.costs/pause'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 404, 404, 422, 422, 422, 422, 405]);
    expect(answers[1]?.body).toMatchObject({ hint: expect.stringContaining('Did you mean pull:sap.costs?') });
  });

  it('are found by names as long as the configuration allows, encoded or not', async () => {
    const name = `pull:${'c'.repeat(63)}.${'s'.repeat(63)}`;
    for (const id of [name, encodeURIComponent(name)]) {
      const { status, body } = await call('GET', `/v1/schedules/${id}/fires`);
      expect([status, JSON.stringify(body)]).toEqual([404, expect.stringContaining(`There is no schedule \\"${name}`)]);
    }
  });
});
