import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { PushStream } from '#kit';
import { createBackfills, createPullRunner } from '#src/ingest/index';
import type { PullRunnerParts } from '#src/ingest/runner-parts';
import { ADMIN_TOKEN, openPushBench, PUSH_TOKEN, type PushBench } from '../../test/factories/push.ts';
import { HOUR, metric, openPullBench, type PullBench, project, START } from '../../test/factories/scripted-pull.ts';

const at = (hour: number): string => new Date(START + hour * HOUR).toISOString();
const orders: PushStream = {
  accepts: 'measurements',
  unit: 'orders',
  interval: HOUR,
  labels: ['shop'],
  optionalLabels: ['channel'],
};
const row = (hour: number, value: unknown, changes: Record<string, unknown> = {}) => ({
  stream: 'orders',
  at: at(hour),
  value,
  labels: { shop: 'web' },
  ...changes,
});
const lines = (rows: readonly unknown[]): string => rows.map((each) => JSON.stringify(each)).join('\n');
const NDJSON = { 'content-type': 'application/x-ndjson' };

// What docs/push.md says of single requests is in the cases of connectors/push; here is what takes more than one.
describe('what senders push', () => {
  let bench: PullBench;
  let there: PushBench;
  beforeAll(async () => {
    bench = await openPullBench();
  });
  afterAll(() => bench.close());
  afterEach(() => there.close());

  const stored = (hours = 100) =>
    bench.store.measurements.read(
      { connector: there.id, stream: 'orders', labels: {} },
      { fromMs: START - 2000 * HOUR, toMs: START + hours * HOUR },
    );
  const open = async (...rest: Parameters<typeof openPushBench> extends [unknown, ...infer R] ? R : never) => {
    there = await openPushBench(bench, ...rest);
  };

  it('one sample is stored before it is answered, with the body as its evidence', async () => {
    await open({ orders });
    const answer = await there.post('/v1/measurements', JSON.stringify(row(1, 12.5)));
    expect(answer).toMatchObject({ status: 200, body: { connector: there.id, rows: 1, inserted: 1, revisions: 0 } });
    const [sample] = await stored();
    expect(sample).toMatchObject({ value: 12.5, atMs: START + HOUR, durationMs: HOUR, status: 'final', revision: 1 });
    expect(there.objects.get(`pages/${sample?.pageHash}`)).toBe(JSON.stringify(row(1, 12.5)));
    expect(await bench.store.pulls.get(sample?.pullId ?? '')).toMatchObject({
      kind: 'push',
      state: 'succeeded',
      rows: 1,
    });
  });

  it('the same Idempotency-Key gives the same answer, with another body it is refused', async () => {
    await open({ orders });
    const headers = { 'idempotency-key': 'delivery-1' };
    const first = await there.post('/v1/measurements', JSON.stringify(row(1, 1)), headers);
    const again = await there.post('/v1/measurements', JSON.stringify(row(1, 1)), headers);
    expect(again.body).toEqual({ ...first.body, repeated: true });
    const other = await there.post('/v1/measurements', JSON.stringify(row(1, 2)), headers);
    expect(other).toMatchObject({ status: 422, body: { code: 'api/key-reused' } });
    expect(
      await bench.store.pulls.list(50).then((all) => all.filter(({ connector }) => connector === there.id)),
    ).toHaveLength(1);
  });

  it('two of the same push at the same moment store it once', async () => {
    await open({ orders });
    const send = () => there.post('/v1/measurements', JSON.stringify(row(1, 1)), { 'idempotency-key': 'twin' });
    const answers = await Promise.all([send(), send(), send()]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(answers.filter(({ body }) => body['repeated'] === false)).toHaveLength(1);
  });

  it('lines are stored as they come; the answer to a bad one says how many are, and the rest may follow', async () => {
    await open({ orders });
    const good = Array.from({ length: 1500 }, (_, index) => row(-index, index));
    const answer = await there.post('/v1/measurements', lines([...good, row(1, 'bad'), row(2, {})]), NDJSON);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ storedLines: 1000, code: 'api/invalid-request' });
    expect(answer.body['detail']).toContain('the lines up to 1000 are stored, nothing from line 1001 on');
    expect(answer.body.errors?.map(({ line, pointer }) => [line, pointer])).toEqual([
      [1501, '/value'],
      [1502, '/value'],
    ]);
    expect(await stored()).toHaveLength(1000);
    const rest = await there.post('/v1/measurements?stream=orders', lines(good.slice(1000)), NDJSON);
    expect(rest).toMatchObject({ status: 200, body: { storedLines: 500, inserted: 500 } });
    expect(await stored()).toHaveLength(1500);
  });

  it('a part is committed while the sender has not sent the next one', async () => {
    await open({ orders });
    let push = (_text: string | null): void => {};
    const body = new ReadableStream({
      start(controller) {
        push = (text) => (text === null ? controller.close() : controller.enqueue(new TextEncoder().encode(text)));
      },
    });
    const answering = there.post('/v1/measurements', body, NDJSON);
    push(`${lines(Array.from({ length: 1000 }, (_, index) => row(-index, index)))}\n`);
    await expect.poll(async () => (await stored()).length, { timeout: 20_000 }).toBe(1000);
    push(`${JSON.stringify(row(2, 2))}\n`);
    push(null);
    expect(await answering).toMatchObject({ status: 200, body: { storedLines: 1001, inserted: 1001 } });
  });

  it('gzip is unpacked, and what unpacks beyond the limit is refused', async () => {
    await open({ orders });
    const gzip = { 'content-encoding': 'gzip' };
    const answer = await there.post('/v1/measurements', gzipSync(JSON.stringify(row(1, 1))), gzip);
    expect(answer).toMatchObject({ status: 200, body: { inserted: 1 } });
    const bomb = await there.post('/v1/measurements', gzipSync(Buffer.alloc(50 * 1024 ** 2, 0x20)), gzip);
    expect(bomb).toMatchObject({ status: 413, body: { code: 'api/too-large' } });
    const broken = await there.post('/v1/measurements', Buffer.from('no gzip'), gzip);
    expect(broken).toMatchObject({ status: 400, body: { code: 'api/bad-request' } });
    expect(broken.body['hint']).toContain('Content-Encoding says gzip');
    const cut = gzipSync(JSON.stringify(row(1, 1))).subarray(0, -12);
    const whole = await there.post('/v1/measurements', cut, gzip);
    expect(whole).toMatchObject({ status: 400, body: { code: 'api/bad-request' } });
    expect(whole.body['hint']).toContain('pack the body whole');
  });

  it('a sender that is still sending gets the answer to what is too long or wrong', async () => {
    await open({ orders });
    const endless = (text: string) => {
      const piece = new TextEncoder().encode(text);
      let left = Math.ceil((8 * 1024 ** 2) / piece.length);
      return new ReadableStream({
        pull: (controller) => (left-- > 0 ? controller.enqueue(piece) : controller.close()),
      });
    };
    const batch = await there.post('/v1/measurements', endless(' '.repeat(64 * 1024)));
    expect(batch).toMatchObject({ status: 413, body: { code: 'api/too-large' } });
    const bad = await there.post('/v1/measurements', endless(`${'{}\n'.repeat(20_000)}`), NDJSON);
    expect(bad).toMatchObject({ status: 422, body: { code: 'api/invalid-request', storedLines: 0 } });
    const long = await there.post('/v1/measurements', endless('x'.repeat(64 * 1024)), NDJSON);
    expect(long).toMatchObject({ status: 413, body: { storedLines: 0 } });
  });

  it('costs keep their digits, and an unknown posting is named', async () => {
    await open({ invoices: { accepts: 'costs' } });
    const line = {
      stream: 'invoices',
      sourceKey: '4711/1',
      projectRef: 'P-1',
      currency: 'EUR',
      postingDate: '2026-06-01',
    };
    const body = `[${JSON.stringify(line).slice(0, -1)},"amount":12345678901234.123456789}]`;
    expect(await there.post('/v1/costs', body)).toMatchObject({ status: 200, body: { inserted: 1 } });
    const [cost] = await bench.store.costs.read({ connector: there.id, stream: 'invoices', projectRef: 'P-1' });
    expect(cost).toMatchObject({ amount: '12345678901234.123456789', kind: 'actual', sourceKey: '4711/1' });
    const wrong = await there.post('/v1/costs', JSON.stringify({ ...line, amount: '1,5', kind: 'actuals' }));
    expect(wrong.body.errors?.map(({ pointer }) => pointer)).toEqual(['/kind', '/amount']);
  });

  it('a token opens its own connector and nothing else', async () => {
    await open({ orders }, { options: { previousToken: 'the-token-of-before' } });
    const send = (authorization: string, query = '') =>
      there.post(`/v1/measurements${query}`, JSON.stringify(row(1, 1)), { authorization });
    expect((await send('Bearer the-token-of-before')).status).toBe(200);
    const basic = Buffer.from(`any:${PUSH_TOKEN}-${there.id}`).toString('base64');
    expect((await send(`Basic ${basic}`)).status).toBe(200);
    expect(await send('Bearer another-token-here')).toMatchObject({ status: 401, body: { code: 'api/unauthorised' } });
    expect((await send(`Bearer ${ADMIN_TOKEN}`)).status).toBe(401);
    expect((await send(`Bearer ${PUSH_TOKEN}-${there.id}`, '?connector=another')).status).toBe(401);
    const admin = await fetch(`${there.url}/v1/jobs`, {
      headers: { authorization: `Bearer ${PUSH_TOKEN}-${there.id}` },
    });
    expect(admin.status).toBe(401);
  });

  it('many small pushes make one recompute, and the changed periods are dirty', async () => {
    const id = 'shop-of-pushes';
    const metrics = [metric('m', { unit: 'orders', source: { connector: '', stream: 'orders', labels: {} } })];
    await open({ orders }, { projects: [project(id, { metrics })] });
    for (let hour = 0; hour < 8; hour++) await there.post('/v1/measurements', JSON.stringify(row(hour, hour)));
    const jobs = (await bench.store.outbox.list({ kind: 'recompute-roi', limit: 100 })).filter(
      ({ args }) => (args as { project?: string }).project === id,
    );
    expect(jobs).toHaveLength(1);
    expect((await bench.store.dirty.list()).filter(({ projectId }) => projectId === id)).toHaveLength(1);
  });

  it('a unit that a metric does not count in is refused before anything is stored', async () => {
    const metrics = [metric('m', { unit: 'h', source: { connector: '', stream: 'orders', labels: {} } })];
    await open({ orders }, { projects: [project('counts-in-hours', { metrics })] });
    const answer = await there.post('/v1/measurements', JSON.stringify(row(1, 1)));
    expect(answer).toMatchObject({ status: 422, body: { code: 'source/unit-mismatch' } });
    expect(await stored()).toEqual([]);
  });

  it('is not pulled: neither a pull nor a backfill notes anything of it', async () => {
    await open({ orders });
    const parts = there.parts as unknown as PullRunnerParts;
    const request = { connector: there.id, stream: 'orders', fromMs: null, toMs: null };
    const pulling = createPullRunner(parts).dryRun(request, { signal: new AbortController().signal });
    await expect(pulling).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('nobody to pull from'),
    });
    const planning = createBackfills(parts).plan({ ...request, fromMs: START, toMs: START + HOUR, chunkMs: HOUR });
    await expect(planning).rejects.toMatchObject({ code: 'usage' });
    expect(await bench.store.pulls.latest(there.id, 'orders')).toBeNull();
  });
});
