import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backfills, Config, JobPorts, ObjectStore, ScheduleAdmin, SecretAdmin, Store } from '#kit';
import { createDeadLetterAdmin } from '#src/main/dead-letters';
import { jobKinds } from '#src/main/registry';
import { settleDelivery } from '#src/main/settle-delivery';
import { createMetrics } from '#src/telemetry/index';
import { digestWithDelivery, failedJob, outcomeUnknown, productStore } from '../../test/factories/failures.ts';
import { silentLog, type TestDatabase, testDatabase } from '../../test/harness/database.ts';
import { type Api, createApi } from './index.ts';

const config = { projects: [], connectors: [], subscriptions: [] } as unknown as Config;

describe('decisions about jobs over HTTP', () => {
  let database: TestDatabase;
  let store: Store;
  let api: Api;
  let url: string;
  const paused: string[] = [];
  beforeAll(async () => {
    database = await testDatabase();
    store = await productStore(database.url);
    const ports = { store, config, clock: { nowMs: Date.now }, redact: (text: string) => text } as unknown as JobPorts;
    api = createApi({
      registry: { connectorKind: () => undefined },
      clock: { nowMs: () => Date.now() },
      config,
      store,
      objects: {} as ObjectStore,
      schedules: {} as ScheduleAdmin,
      backfills: {} as Backfills,
      secrets: {} as SecretAdmin,
      operations: {
        deadLetters: createDeadLetterAdmin(ports, jobKinds),
        cancel: async (id) => ((await store.outbox.cancel(id)) ? 'cancelled' : 'was-done'),
        settle: (delivery, verdict) => settleDelivery(store, delivery, verdict),
        queue: async () => ({ backend: 'postgres', target: 'host:5432', queues: {} as never }),
        pause: async (queues) => void paused.push(...(queues ?? ['all'])),
        resume: async () => void paused.splice(0),
      },
      metrics: createMetrics(),
      log: silentLog,
      token: 'token',
      readiness: async () => ({}),
      newId: () => crypto.randomUUID(),
    });
    ({ url } = await api.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(async () => {
    await api.close();
    await store.close();
    await database.close();
  });
  const call = async (method: string, route: string, body?: unknown) => {
    const response = await fetch(`${url}${route}`, {
      method,
      headers: { authorization: 'Bearer token', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('jobs are listed page by page, filtered, and one is shown with its runs and what it led to', async () => {
    const parent = await failedJob(store, { kind: 'pull', args: { connector: 'c', stream: 's' } });
    for (const asOf of ['2026-01-01', '2026-01-02', '2026-01-03'])
      await store.outbox.enqueue({
        kind: 'recompute-roi',
        args: { project: 'p', asOf },
        cause: 'test',
        parentId: parent.id,
      });
    const first = await call('GET', '/v1/jobs?kind=recompute-roi&limit=2');
    const second = await call('GET', `/v1/jobs?kind=recompute-roi&limit=2&after=${first.body['next']}`);
    const asOf = (page: { body: Record<string, unknown> }) =>
      (page.body['jobs'] as { args: { asOf: string } }[]).map(({ args }) => args.asOf);
    expect([asOf(first), asOf(second), second.body['next']]).toEqual([
      ['2026-01-03', '2026-01-02'],
      ['2026-01-01'],
      null,
    ]);
    expect(await call('GET', `/v1/jobs/${parent.id}`)).toMatchObject({
      status: 200,
      body: { runs: [{ attempt: 1, instance: 'host:1', outcome: 'failed' }], descendants: [{}, {}, {}], ancestors: [] },
    });
    expect(await call('GET', '/v1/jobs?stat=failed')).toMatchObject({ status: 422 });
  });

  it('a job is cancelled once', async () => {
    const { id } = await store.outbox.enqueue({ kind: 'pull', args: { connector: 'c', stream: 'x' }, cause: 'test' });
    expect(await call('POST', `/v1/jobs/${id}/cancel`)).toMatchObject({ body: { outcome: 'cancelled' } });
    expect(await call('POST', `/v1/jobs/${id}/cancel`)).toMatchObject({ body: { outcome: 'was-done' } });
  });

  it('a failed job is shown with what a replay would do, replayed once, and refused in words afterwards', async () => {
    const { deliveryId } = await digestWithDelivery(store, { slot: 'tuesday' });
    const job = await failedJob(store, { kind: 'deliver-message', args: { deliveryId } });
    const { body } = await call('GET', '/v1/dead-letters?kind=deliver-message');
    expect(body['deadLetters']).toMatchObject([{ jobId: job.id, state: 'open' }]);
    expect(await call('GET', `/v1/dead-letters/${job.id}`)).toMatchObject({
      body: {
        replay: {
          verdict: 'replay',
          effects: [{ state: 'to-do', effect: 'message to sponsor@example.com by e-mail' }],
        },
      },
    });
    expect(await call('POST', `/v1/dead-letters/${job.id}/replay`, { by: 'ops' })).toMatchObject({ status: 202 });
    expect(await call('POST', `/v1/dead-letters/${job.id}/replay`)).toMatchObject({
      status: 409,
      body: { code: 'api/conflict', detail: 'It runs again already.' },
    });
    expect(await call('GET', `/v1/dead-letters/${job.id}`)).toMatchObject({
      body: { state: 'replaying', replays: 1, replayed: { by: 'ops' } },
    });
  });

  it('what was sent already is not sent again: the replay is not needed, and done only by force', async () => {
    const { deliveryId } = await digestWithDelivery(store, { slot: 'wednesday' });
    await store.deliveries.beginSending(deliveryId, 0);
    await store.deliveries.finish(deliveryId, { state: 'sent', messageId: '<1@example.com>' });
    const job = await failedJob(store, { kind: 'deliver-message', args: { deliveryId } });
    expect(await call('POST', `/v1/dead-letters/${job.id}/replay`)).toMatchObject({
      status: 409,
      body: { detail: 'All that it would do is done.' },
    });
    expect(await call('POST', `/v1/dead-letters/${job.id}/replay`, { force: true })).toMatchObject({
      status: 202,
      body: { replay: { effects: [{ state: 'done', detail: 'sent as <1@example.com>; it is not sent again' }] } },
    });
  });

  it('arguments that no version takes any more make a replay impossible', async () => {
    const job = await failedJob(store, { kind: 'pull', args: { connector: 'c', stream: 'old' } });
    const { Client } = await import('pg');
    const client = new Client({ connectionString: database.url });
    await client.connect();
    await client.query(`UPDATE outbox SET args = '{"connector":""}' WHERE id = $1`, [job.id]);
    await client.end();
    expect(await call('GET', `/v1/dead-letters/${job.id}`)).toMatchObject({
      body: { replay: { verdict: 'impossible', reason: expect.stringContaining('do not fit any more') } },
    });
  });

  it('a failed job is discarded with a reason, and opens again when it fails anew', async () => {
    const job = await failedJob(store, { kind: 'pull', args: { connector: 'c', stream: 'gone' } });
    expect(await call('POST', `/v1/dead-letters/${job.id}/discard`, {})).toMatchObject({ status: 422 });
    const discarded = await call('POST', `/v1/dead-letters/${job.id}/discard`, { reason: 'source is gone', by: 'ops' });
    expect(discarded).toMatchObject({ status: 200, body: { state: 'discarded', discarded: { by: 'ops' } } });
    expect(await call('POST', `/v1/dead-letters/${job.id}/discard`, { reason: 'again' })).toMatchObject({
      status: 409,
    });
    const failure = {
      jobId: job.id,
      kind: 'pull',
      args: job.args,
      errorCode: 'internal',
      errorMessage: 'm',
      stack: null,
    };
    await store.deadLetters.record({ ...failure, attempts: 2, firstFailedAtMs: 1, lastFailedAtMs: Date.now() });
    expect(await call('GET', `/v1/dead-letters/${job.id}`)).toMatchObject({
      body: { state: 'open', discarded: null, replay: { verdict: 'replay', problem: expect.any(String) } },
    });
  });

  it('a message of unknown outcome is settled once; one that arrived is never sent', async () => {
    const { deliveryId } = await digestWithDelivery(store, { slot: 'thursday' });
    expect(await call('POST', `/v1/deliveries/${deliveryId}/settle`, { arrived: true })).toMatchObject({ status: 409 });
    await outcomeUnknown(store, deliveryId);
    expect(await call('GET', '/v1/deliveries?state=unknown')).toMatchObject({
      body: { deliveries: [{ id: deliveryId }] },
    });
    expect(
      await call('POST', `/v1/deliveries/${deliveryId}/settle`, { arrived: true, by: 'ops', reason: 'asked' }),
    ).toMatchObject({ status: 200, body: { state: 'sent', jobId: null, settled: { by: 'ops', reason: 'asked' } } });
    expect(await store.deliveries.beginSending(deliveryId, 1)).toBeNull();
  });

  it('queues are paused by name', async () => {
    expect(await call('POST', '/v1/queue/pause', { queues: ['pull'] })).toMatchObject({ status: 200 });
    expect(paused).toEqual(['pull']);
    expect(await call('POST', '/v1/queue/pause', { queues: ['pul'] })).toMatchObject({ status: 422 });
    expect(await call('GET', '/v1/queue')).toMatchObject({ body: { backend: 'postgres', target: 'host:5432' } });
  });
});
