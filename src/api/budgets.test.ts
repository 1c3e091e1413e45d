import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config, Store } from '#kit';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { budget } from '../../test/factories/budget.ts';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { type Api, createApi } from './index.ts';

const sap = budget({ account: 'sap-prod', concurrency: 2, requestsPerMinute: 5, requestsPerDay: 100 });
const config = {
  projects: [],
  connectors: [
    { id: 'costs', http: { url: 'http://127.0.0.1:9', budget: sap }, streams: [] },
    { id: 'hours', http: { url: 'http://127.0.0.1:9', budget: sap }, streams: [] },
    { id: 'files', http: { url: null, budget: budget() }, streams: [] },
  ],
} as unknown as Config;

describe('budgets over HTTP', () => {
  let database: TestDatabase;
  let store: Store;
  let api: Api;
  let url: string;
  beforeAll(async () => {
    database = await testDatabase();
    store = await openStore({
      url: database.url,
      resolver: createIntentResolver([]),
      clock: { nowMs: Date.now },
      newId: () => crypto.randomUUID(),
      log: silentLog,
      applicationName: 'test',
    });
    const options = { config, store, log: silentLog, token: 'right', newId: () => crypto.randomUUID() };
    api = createApi(options as unknown as Parameters<typeof createApi>[0]);
    ({ url } = await api.listen({ host: '127.0.0.1', port: 0 }));
    const queue = { id: 'host:1', live: 1, backfill: 0 };
    const claim = { limits: sap, purpose: 'live', leaseId: 'one', leaseMs: 45_000, queue, waitedMs: 0 } as const;
    await store.budgets.claim(claim);
    const signal = { refused: true, pauseMs: 600_000, pauseReason: '429 with Retry-After', perMinute: 3 };
    await store.budgets.release(sap, 'one', { sent: true, begunWithinMs: 1, signal });
  });
  afterAll(async () => {
    await api?.close();
    await store?.close();
    await database?.close();
  });
  const ask = async (path: string, method = 'GET', token = 'right') => {
    const response = await fetch(url + path, { method, headers: { authorization: `Bearer ${token}` } });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('tell how each account stands, and who shares it', async () => {
    const { status, body } = await ask('/v1/budgets');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      budgets: [
        {
          account: 'sap-prod',
          connectors: ['costs', 'hours'],
          limits: { concurrency: 2, requestsPerMinute: 5, requestsPerDay: 100, resetsAt: '00:00', timeZone: 'UTC' },
          inUse: 0,
          lastMinute: { used: 1, allowed: 3, allowedBySource: 3, easedUntil: null },
          today: { used: 1, allowed: 100, endsAt: expect.stringMatching(/T00:00:00.000Z$/) },
          blocked: { until: expect.any(String), reason: '429 with Retry-After' },
          waiting: { live: 0, backfill: 0, since: null },
        },
      ],
    });
  });

  it('are unblocked, and unknown accounts told', async () => {
    expect(await ask('/v1/budgets/sap-prod/unblock', 'POST')).toMatchObject({ status: 200, body: { blocked: null } });
    expect(await ask('/v1/budgets/sap-prod')).toMatchObject({ body: { lastMinute: { allowed: 5 } } });
    expect(await ask('/v1/budgets/sap-prid')).toMatchObject({
      status: 404,
      body: { code: 'not-found', hint: expect.stringContaining('Did you mean sap-prod?') },
    });
    expect((await ask('/v1/budgets', 'GET', 'wrong')).status).toBe(401);
  });
});
