import { describe, expect, it } from 'vitest';
import { PermanentError, RetryableError } from '#kit';
import { type QueueServer, secret, useWorld } from './fixture.ts';
import { cancelContract } from './suite-cancel.ts';
import { keyContract } from './suite-keys.ts';
import { lossContract } from './suite-loss.ts';
import { operatorContract } from './suite-operator.ts';
import { orderContract } from './suite-order.ts';

/** What every backend of the queue must do. */
export function queueContract(server: QueueServer): void {
  describe(`the queue on ${server.name}`, () => {
    const open = useWorld(server);

    describe('an intent', () => {
      it('runs once, and its result and metrics are kept', async () => {
        const world = await open(async (name) => ({ hello: name }));
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'once' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.names()).toEqual(['once']);
        expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', attempts: 1, result: { hello: 'once' } });
        expect((await world.metrics.expose()).body).toContain('outturn_jobs_total{kind="plain",outcome="succeeded"} 1');
      });

      it('of a transaction that was rolled back never runs', async () => {
        const world = await open();
        const runtime = await world.runtime();
        await expect(
          world.store.transaction(async (tx) => {
            await tx.outbox.enqueue({ kind: 'plain', args: { name: 'undone' }, cause: 'test' });
            throw new Error('rolled back');
          }),
        ).rejects.toThrow('rolled back');
        await world.enqueue('plain', { name: 'after' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.names()).toEqual(['after']);
      });

      it('published twice (a relay died between publication and mark) runs once', async () => {
        const world = await open();
        const runtime = await world.runtime({ workers: false });
        const row = await world.enqueue('plain', { name: 'twice' });
        await world.untilState(row.id, 'published');
        await world.store.outbox.unpublish([row.id]);
        await world.untilState(row.id, 'published');
        await runtime.startWorkers({ concurrency: 2 });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.names()).toEqual(['twice']);
      });

      it('with arguments that its kind does not take is refused, naming the place', async () => {
        const world = await open();
        await expect(world.enqueue('plain', { name: 7, extra: 1 })).rejects.toMatchObject({
          code: 'queue/invalid-arguments',
          message: expect.stringContaining('name:'),
        });
        await expect(world.enqueue('unheard-of', {})).rejects.toMatchObject({ code: 'queue/unknown-kind' });
      });

      it('leaves nothing in the queue but its id: no argument, no secret, not in errors or logs either', async () => {
        const world = await open(async () => {
          throw new PermanentError('source/unauthorised', `refused with ${secret}`, { cause: new Error(secret) });
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'sealed', token: secret });
        await runtime.idle({ timeoutMs: 60_000 });
        const stored = await server.dump(world.databaseUrl);
        expect(stored).toContain(row.id);
        expect(stored).not.toContain(secret);
        expect(stored).not.toContain('sealed');
        expect(world.lines.join('')).not.toContain(secret);
        const [letter] = await world.store.deadLetters.list(10);
        expect(letter?.errorMessage).toBe('refused with [redacted]');
        expect((await world.row(row.id)).errorMessage).toBe('refused with [redacted]');
        expect(letter?.stack ?? '').not.toContain(secret);
      });
    });

    describe('a result', () => {
      it('is kept without the secrets that it quotes', async () => {
        const world = await open(async () => ({ warnings: [`the key ${secret} expires`], rows: 4711 }));
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'talkative' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect((await world.row(row.id)).result).toEqual({ warnings: ['the key [redacted] expires'], rows: 4711 });
      });
    });

    describe('a job that fails', () => {
      it('is tried again and may succeed', async () => {
        const world = await open(async (_name, { attempt }) => {
          if (attempt < 3) throw new RetryableError('source/server-error', `attempt ${attempt}`);
          return 'third';
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'shaky' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.started.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
        expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', attempts: 3, result: 'third' });
        expect(await world.store.deadLetters.list(10)).toEqual([]);
      });

      it('for an unknown reason each time ends as a dead letter after its attempts', async () => {
        const world = await open(async () => {
          throw new TypeError('cannot read');
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'hopeless' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.started).toHaveLength(3);
        expect(await world.row(row.id)).toMatchObject({ state: 'failed', errorCode: 'internal' });
        const [letter] = await world.store.deadLetters.list(10);
        expect(letter).toMatchObject({ jobId: row.id, kind: 'plain', attempts: 3, errorMessage: 'cannot read' });
        expect(letter?.stack).toContain('TypeError');
      });

      it('permanently is a dead letter at once', async () => {
        const world = await open(async () => {
          throw new PermanentError('source/forbidden', 'not allowed');
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'forbidden' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.started).toHaveLength(1);
        expect(await world.row(row.id)).toMatchObject({ state: 'failed', errorCode: 'source/forbidden' });
        expect(await world.store.deadLetters.list(10)).toHaveLength(1);
      });

      it('because the other side asks for patience waits without spending an attempt', async () => {
        let refusals = 5;
        const world = await open(async (_name, { attempt }) => {
          expect(attempt).toBe(1);
          if (refusals-- > 0) throw new RetryableError('source/rate-limited', 'slow down', { retryAfterMs: 20 });
          return null;
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'patient' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(world.started).toHaveLength(6);
        expect((await world.row(row.id)).state).toBe('succeeded');
      });

      it('to end in time is aborted', async () => {
        let reason: unknown;
        const world = await open(async (_name, { signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          reason = signal.reason;
          throw new Error('noticed');
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('hasty', { name: 'slow' });
        await runtime.idle({ timeoutMs: 60_000 });
        expect(reason).toMatchObject({ code: 'queue/timeout' });
        expect(await world.row(row.id)).toMatchObject({ state: 'failed', errorCode: 'queue/timeout' });
      });
    });

    describe('waiting for idleness', () => {
      it('names the open jobs when it takes too long, and can be stopped', async () => {
        const world = await open();
        const runtime = await world.runtime({ workers: false });
        const row = await world.enqueue('plain', { name: 'nobody runs it' });
        await expect(runtime.idle({ timeoutMs: 50 })).rejects.toMatchObject({
          code: 'queue/timeout',
          message: expect.stringContaining(row.id),
        });
        const stop = new AbortController();
        const waiting = runtime.idle({ timeoutMs: 20_000, signal: stop.signal });
        stop.abort();
        await expect(waiting).rejects.toMatchObject({ code: 'queue/cancelled' });
      });

      it('names a job too that goes on while they are looked for', async () => {
        const world = await open();
        const runtime = await world.runtime({
          workers: false,
          relay: false,
          through: (store) => ({
            ...store,
            outbox: {
              ...store.outbox,
              async list(filter) {
                const rows = await store.outbox.list(filter);
                if (filter.state === 'published') await store.transaction((tx) => tx.outbox.markPublished([row.id]));
                return rows;
              },
            },
          }),
        });
        const row = await world.enqueue('plain', { name: 'on its way' });
        await expect(runtime.idle({ timeoutMs: 50 })).rejects.toMatchObject({
          message: expect.stringContaining(row.id),
        });
      });
    });

    it('minds a clock that is wrong: refused where locks go by it, said where only delays do', async () => {
      const world = await open();
      const starting = world.runtime({
        through: (store) => ({
          ...store,
          health: async () => ({ ...(await store.health()), clockDifferenceMs: 60_000 }),
        }),
      });
      if (server.name === 'postgres')
        await expect(starting).rejects.toMatchObject({
          code: 'queue/unavailable',
          message: expect.stringContaining('60.0 s'),
          hint: expect.stringContaining('NTP'),
        });
      else {
        const runtime = await starting;
        expect(world.lines.join('')).toContain('60.0 s: retries and jobs for later');
        await world.enqueue('plain', { name: 'runs all the same' });
        await runtime.idle({ timeoutMs: 60_000 });
      }
    });

    it('reports its health and counts', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      const row = await world.enqueue('plain', { name: 'counted' });
      await world.untilState(row.id, 'published');
      expect(await runtime.health()).toMatchObject({
        backend: server.name,
        workers: false,
        counts: { compute: { waiting: 1, active: 0, delayed: 0, failed: 0 } },
      });
    });

    keyContract(server);
    orderContract(server);
    cancelContract(server);
    operatorContract(server);
    lossContract(server);
  });
}
