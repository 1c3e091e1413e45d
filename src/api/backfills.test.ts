import fastify, { type FastifyInstance } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackfills } from '#src/ingest/index';
import { HOUR, openPullBench, type PullBench, START, scriptedPull } from '../../test/factories/scripted-pull.ts';
import { addBackfills } from './backfills.ts';
import { problemOf, sendProblem } from './problem.ts';

let bench: PullBench;
let server: FastifyInstance;
let t: ReturnType<typeof scriptedPull>;
beforeAll(async () => {
  bench = await openPullBench();
  bench.clock.nowMs = START + 1_000 * HOUR;
  t = scriptedPull(
    bench,
    async function* () {
      yield { measurements: [] };
    },
    { intervalMs: HOUR },
  );
  server = fastify({ logger: false });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  server.setErrorHandler((error: Error, request, reply) => sendProblem(reply, request, problemOf(error)));
  addBackfills(server, { config: t.parts.config, store: bench.store, backfills: createBackfills(t.parts) });
});
afterAll(async () => {
  await server?.close();
  await bench?.close();
});

const call = async (method: 'GET' | 'POST', url: string, body?: Record<string, unknown>) => {
  const answer = await server.inject({ method, url, ...(body === undefined ? {} : { payload: body }) });
  return { status: answer.statusCode, headers: answer.headers, body: answer.json() };
};
const wanted = (changes: Record<string, unknown> = {}) => ({
  connector: t.id,
  from: '2026-06-01',
  to: '2026-06-03T12:00:00+02:00',
  chunk: '1d',
  ...changes,
});

describe('/v1/backfills', () => {
  it('plans without writing', async () => {
    const { status, body } = await call('POST', '/v1/backfills', wanted({ plan: true }));
    expect(status).toBe(200);
    expect(body.plans).toMatchObject([
      {
        stream: 'hours',
        from: '2026-06-01T00:00:00.000Z',
        to: '2026-06-03T10:00:00.000Z',
        chunk: '1d',
        chunks: [{ seq: 1, stored: { samples: 0, costs: 0 }, isPulled: false }, { seq: 2 }, { seq: 3 }],
        requests: { count: 3, isLeast: true, perMinute: 30 },
      },
    ]);
    expect((await call('GET', '/v1/backfills')).body).toEqual({ backfills: [] });
  });

  it('starts, shows, cancels and resumes', async () => {
    const started = await call('POST', '/v1/backfills', wanted({ stream: 'hours' }));
    expect(started).toMatchObject({ status: 202, body: { backfills: [{ state: 'running', progress: { total: 3 } }] } });
    const location = String(started.headers['location']);
    await t.runChunk(location.split('/').at(-1) ?? '');
    const shown = await call('GET', location);
    expect(shown).toMatchObject({
      status: 200,
      body: { state: 'running', progress: { done: 1, total: 3 }, current: { seq: 2 } },
    });
    expect(shown.body.chunks.map(({ state }: { state: string }) => state)).toEqual(['done', 'queued', 'waiting']);
    expect(await call('POST', `${location}/cancel`)).toMatchObject({ status: 200, body: { outcome: 'cancelled' } });
    expect(await call('POST', `${location}/cancel`)).toMatchObject({ status: 200, body: { outcome: 'had-ended' } });
    expect((await call('GET', '/v1/backfills?state=cancelled')).body.backfills).toHaveLength(1);
    expect((await call('GET', '/v1/backfills?state=done')).body.backfills).toHaveLength(0);
    expect(await call('POST', `${location}/resume`)).toMatchObject({ status: 202, body: { outcome: 'resumed' } });
    expect(await call('POST', `${location}/resume`)).toMatchObject({ status: 200, body: { outcome: 'was-running' } });
  });

  it('refuses what cannot be, as problem details', async () => {
    const refused = await Promise.all([
      call('POST', '/v1/backfills', wanted({ connector: 'nowhere' })),
      call('POST', '/v1/backfills', wanted({ stream: 'minutes' })),
      call('POST', '/v1/backfills', wanted({ from: '2026-07-01' })),
      call('POST', '/v1/backfills', wanted({ chunk: 'a week' })),
      call('POST', '/v1/backfills', wanted({ from: 'yesterday' })),
      call('POST', '/v1/backfills', wanted({ form: '2026-06-01' })),
      call('GET', '/v1/backfills/none'),
    ]);
    expect(refused.map(({ status, body }) => [status, body.code])).toEqual([
      [422, 'config/unknown-reference'],
      [422, 'config/unknown-reference'],
      [422, 'queue/invalid-arguments'],
      [422, 'api/invalid-request'],
      [422, 'api/invalid-request'],
      [422, 'api/invalid-request'],
      [404, 'not-found'],
    ]);
  });
});
