import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backfills, Config, JobOperations, Logger, ObjectStore, ScheduleAdmin, SecretAdmin, Store } from '#kit';
import { jobKinds } from '#src/main/registry';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { createMetrics } from '#src/telemetry/index';
import { byTest, draftsOf, projectWith } from '../../test/factories/value.ts';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { type Api, createApi } from './index.ts';

const TOKEN = 'right-token';
const noObjects = {} as ObjectStore;
const noSchedules = {} as ScheduleAdmin;
const noOperations = {} as JobOperations;
const noBackfills = {} as Backfills;
const config = {
  projects: [{ id: 'checkout' }],
  connectors: [
    { id: 'shop', streams: [{ id: 'failures' }] },
    { id: 'sap', streams: [{ id: 'costs' }, { id: 'hours' }] },
  ],
} as unknown as Config;

describe('the admin HTTP interface', () => {
  let database: TestDatabase;
  let store: Store;
  let api: Api;
  let url: string;
  const trouble: Record<string, string | null> = { database: null };
  const logged: Record<string, unknown>[] = [];
  const log: Logger = { ...silentLog, error: (facts) => void logged.push(facts) };
  let ids = 0;

  beforeAll(async () => {
    database = await testDatabase();
    store = await openStore({
      url: database.url,
      resolver: createIntentResolver(jobKinds),
      clock: { nowMs: Date.now },
      newId: () => crypto.randomUUID(),
      log,
      applicationName: 'test',
    });
    await store.projects.apply(draftsOf(projectWith([])), byTest);
    api = createApi({
      registry: { connectorKind: () => undefined },
      clock: { nowMs: () => Date.now() },
      config,
      store,
      objects: noObjects,
      schedules: noSchedules,
      operations: noOperations,
      backfills: noBackfills,
      secrets: {} as SecretAdmin,
      metrics: createMetrics(),
      log,
      token: TOKEN,
      readiness: async () => trouble,
      newId: () => `request-${++ids}`,
    });
    ({ url } = await api.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(async () => {
    await api.close();
    await store.close();
    await database.close();
  });

  const call = async (
    method: string,
    route: string,
    body?: unknown,
    headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
  ) => {
    const response = await fetch(`${url}${route}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
      text,
    };
  };

  it('a recalculation is accepted with its job, which can be followed', async () => {
    const accepted = await call('POST', '/v1/recalculations', { project: 'checkout', asOf: '2026-09-30' });
    expect(accepted.status).toBe(202);
    expect(accepted.body).toMatchObject({
      kind: 'recompute-roi',
      state: 'pending',
      args: { project: 'checkout', asOf: '2026-09-30' },
      cause: 'api',
    });
    const location = accepted.headers.get('location') ?? '';
    expect(location).toBe(`/v1/jobs/${accepted.body['id']}`);
    const followed = await call('GET', location);
    expect(followed).toMatchObject({ status: 200, body: { id: accepted.body['id'], kind: 'recompute-roi' } });
  });

  it('a pull names its stream, which may be left out where there is only one', async () => {
    expect(await call('POST', '/v1/pulls', { connector: 'shop' })).toMatchObject({
      status: 202,
      body: { args: { connector: 'shop', stream: 'failures' } },
    });
    const ambiguous = await call('POST', '/v1/pulls', { connector: 'sap' });
    expect(ambiguous).toMatchObject({
      status: 422,
      body: { code: 'config/unknown-reference', hint: 'Its streams: costs, hours.' },
    });
  });

  it('a number out of range is told with its bound', async () => {
    const errors = async (limit: string) => (await call('GET', `/v1/jobs?limit=${limit}`)).body['errors'];
    expect(await errors('0')).toEqual([{ path: 'limit', message: 'must be at least 1' }]);
    expect(await errors('100000')).toEqual([{ path: 'limit', message: 'must be at most 1000' }]);
  });

  it('every invalid field is told at once as problem details', async () => {
    const { status, body, headers } = await call('POST', '/v1/pulls', { connector: '', from: 'yesterday', extra: 1 });
    expect(status).toBe(422);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body['code']).toBe('api/invalid-request');
    expect(body['errors']).toEqual([
      { path: 'connector', message: 'must not be empty' },
      { path: 'from', message: 'must be a date-time with its zone such as 2026-09-30T06:00:00Z' },
      { path: 'extra', message: 'is not a known field' },
    ]);
  });

  it.each([
    ['a missing field', {}, 'project: is required'],
    ['no body at all', undefined, '(body): is required'],
    ['a number for a text', { project: 7 }, 'project: must be text'],
    ['a list for an object', [1], '(body): must be a JSON object'],
    ['a day that no calendar has', { project: 'checkout', asOf: '2026-02-30' }, 'asOf: must be a date of the calendar'],
    ['a name without end', { project: 'x'.repeat(201) }, 'project: must have at most 200 characters'],
  ])('%s is told in plain words', async (_what, sent, words) => {
    const { status, body } = await call('POST', '/v1/recalculations', sent);
    expect({ status, code: body['code'] }).toEqual({ status: 422, code: 'api/invalid-request' });
    expect(body['detail']).toContain(words);
    expect(body['detail']).not.toMatch(/Invalid|expected|received/);
  });

  it.each([
    ['GET', '/v1/pulls', 'POST'],
    ['PUT', '/v1/recalculations?dry=1', 'POST'],
    ['DELETE', '/v1/jobs/00000000-0000-4000-8000-000000000000', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('%s %s is told that the address takes another method', async (method, route, allow) => {
    const answer = await call(method, route, undefined, {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'text/xml',
    });
    expect(answer).toMatchObject({ status: 405, body: { status: 405, code: 'api/method-not-allowed' } });
    expect(answer.headers.get('allow')).toBe(allow);
  });

  it('a body that is no JSON by its own account is refused as such', async () => {
    const response = await fetch(`${url}/v1/pulls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/xml' },
      body: '<pull/>',
    });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({ code: 'api/unsupported-media-type' });
  });

  it.each([
    ['an unknown project', 'POST', '/v1/recalculations', { project: 'nope' }, 422, 'config/unknown-reference'],
    ['an unknown connector', 'POST', '/v1/pulls', { connector: 'nope' }, 422, 'config/unknown-reference'],
    ['a job that is not there', 'GET', '/v1/jobs/00000000-0000-4000-8000-000000000000', undefined, 404, 'not-found'],
    ['something that is no id', 'GET', '/v1/jobs/latest', undefined, 422, 'api/invalid-request'],
    ['no JSON', 'POST', '/v1/pulls', '{"connector":', 400, 'api/bad-request'],
    ['a body over the limit', 'POST', '/v1/pulls', { connector: 'x'.repeat(70_000) }, 413, 'api/too-large'],
    ['another address', 'GET', '/v1/nothing', undefined, 404, 'not-found'],
  ])('%s is refused with a stable code', async (_what, method, route, body, status, code) => {
    expect(await call(method, route, body)).toMatchObject({ status, body: { status, code } });
  });

  it.each([
    ['without a token', {}],
    ['with a wrong token', { authorization: 'Bearer wrong' }],
    ['with another scheme', { authorization: `Basic ${TOKEN}` }],
  ])('%s nothing but the health checks answers', async (_how, headers) => {
    for (const [method, route] of [
      ['POST', '/v1/pulls'],
      ['POST', '/v1/recalculations'],
      ['GET', '/v1/jobs/00000000-0000-4000-8000-000000000000'],
      ['GET', '/metrics'],
    ] as const)
      expect(
        await call(method, route, method === 'POST' ? {} : undefined, headers as Record<string, string>),
      ).toMatchObject({ status: 401, body: { code: 'api/unauthorised' } });
    expect(await call('GET', '/healthz', undefined, headers as Record<string, string>)).toMatchObject({ status: 200 });
  });

  it('is ready only while everything it needs answers, and says what does not', async () => {
    expect(await call('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ready', checks: { database: 'ok' } },
    });
    trouble['database'] = 'does not answer';
    expect(await call('GET', '/readyz')).toMatchObject({
      status: 503,
      body: { checks: { database: 'does not answer' } },
    });
    trouble['database'] = null;
  });

  it('metrics are in Prometheus’ text form', async () => {
    const { status, headers, text } = await call('GET', '/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toContain('# TYPE outturn_');
  });

  it('a port in use is told with what to do', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    const { port } = holder.address() as AddressInfo;
    const second = createApi({
      registry: { connectorKind: () => undefined },
      clock: { nowMs: () => Date.now() },
      config,
      store,
      objects: noObjects,
      schedules: noSchedules,
      operations: noOperations,
      backfills: noBackfills,
      secrets: {} as SecretAdmin,
      metrics: createMetrics(),
      log,
      token: TOKEN,
      readiness: async () => ({}),
      newId: () => 'x',
    });
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
      code: 'api/port-in-use',
      message: expect.stringContaining(String(port)),
    });
    await second.close();
    holder.close();
  });
});
