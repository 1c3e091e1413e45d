import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { PermanentError, RetryableError } from '#kit';
import type { QueueRuntime } from '#src/queue/index';
import { pollUntil } from '../../harness/poll.ts';
import { gate, type Handler, openWorld, probeJobs, type QueueServer, secret, type World } from './fixture.ts';

const settled = ['succeeded', 'failed', 'collapsed', 'cancelled'];

/** What every backend of the queue must do. */
export function queueContract(server: QueueServer): void {
  let world: World;
  const open = async (handler: Handler = async () => null): Promise<World> => {
    world = await openWorld(server, handler);
    return world;
  };
  const names = (): string[] => world.started.map(({ name }) => name);
  const statesOf = (ids: string[]): Promise<string[]> =>
    Promise.all(ids.map(async (id) => (await world.row(id)).state));

  describe(`the queue on ${server.name}`, () => {
    afterEach(async () => {
      await world.close();
    });

    describe('an intent', () => {
      it('runs once, and its result and metrics are kept', async () => {
        await open(async (name) => ({ hello: name }));
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'once' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names()).toEqual(['once']);
        expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', attempts: 1, result: { hello: 'once' } });
        expect((await world.metrics.expose()).body).toContain('outturn_jobs_total{kind="plain",outcome="succeeded"} 1');
      });

      it('of a transaction that was rolled back never runs', async () => {
        await open();
        const runtime = await world.runtime();
        await expect(
          world.store.transaction(async (tx) => {
            await tx.outbox.enqueue({ kind: 'plain', args: { name: 'undone' }, cause: 'test' });
            throw new Error('rolled back');
          }),
        ).rejects.toThrow('rolled back');
        await world.enqueue('plain', { name: 'after' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names()).toEqual(['after']);
      });

      it('published twice (a relay died between publication and mark) runs once', async () => {
        await open();
        const runtime = await world.runtime({ workers: false });
        const row = await world.enqueue('plain', { name: 'twice' });
        await world.untilState(row.id, 'published');
        await world.store.outbox.unpublish([row.id]);
        await world.untilState(row.id, 'published');
        await runtime.startWorkers({ concurrency: 2 });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names()).toEqual(['twice']);
      });

      it('with arguments that its kind does not take is refused, naming the place', async () => {
        await open();
        await expect(world.enqueue('plain', { name: 7, extra: 1 })).rejects.toMatchObject({
          code: 'queue/invalid-arguments',
          message: expect.stringContaining('name:'),
        });
        await expect(world.enqueue('unheard-of', {})).rejects.toMatchObject({ code: 'queue/unknown-kind' });
      });

      it('leaves nothing in the queue but its id: no argument, no secret, not in errors or logs either', async () => {
        await open(async () => {
          throw new PermanentError('source/unauthorised', `refused with ${secret}`, { cause: new Error(secret) });
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'sealed', token: secret });
        await runtime.idle({ timeoutMs: 15_000 });
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
        await open(async () => ({ warnings: [`the key ${secret} expires`], rows: 4711 }));
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'talkative' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect((await world.row(row.id)).result).toEqual({ warnings: ['the key [redacted] expires'], rows: 4711 });
      });
    });

    describe('a job that fails', () => {
      it('is tried again and may succeed', async () => {
        await open(async (_name, { attempt }) => {
          if (attempt < 3) throw new RetryableError('source/server-error', `attempt ${attempt}`);
          return 'third';
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'shaky' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(world.started.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
        expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', attempts: 3, result: 'third' });
        expect(await world.store.deadLetters.list(10)).toEqual([]);
      });

      it('for an unknown reason each time ends as a dead letter after its attempts', async () => {
        await open(async () => {
          throw new TypeError('cannot read');
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'hopeless' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(world.started).toHaveLength(3);
        expect(await world.row(row.id)).toMatchObject({ state: 'failed', errorCode: 'internal' });
        const [letter] = await world.store.deadLetters.list(10);
        expect(letter).toMatchObject({ jobId: row.id, kind: 'plain', attempts: 3, errorMessage: 'cannot read' });
        expect(letter?.stack).toContain('TypeError');
      });

      it('permanently is a dead letter at once', async () => {
        await open(async () => {
          throw new PermanentError('source/forbidden', 'not allowed');
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'forbidden' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(world.started).toHaveLength(1);
        expect(await world.row(row.id)).toMatchObject({ state: 'failed', errorCode: 'source/forbidden' });
        expect(await world.store.deadLetters.list(10)).toHaveLength(1);
      });

      it('because the other side asks for patience waits without spending an attempt', async () => {
        let refusals = 5;
        await open(async (_name, { attempt }) => {
          expect(attempt).toBe(1);
          if (refusals-- > 0) throw new RetryableError('source/rate-limited', 'slow down', { retryAfterMs: 20 });
          return null;
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'patient' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(world.started).toHaveLength(6);
        expect((await world.row(row.id)).state).toBe('succeeded');
      });

      it('to end in time is aborted', async () => {
        let reason: unknown;
        await open(async (_name, { signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          reason = signal.reason;
          throw new Error('noticed');
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('hasty', { name: 'slow' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(reason).toMatchObject({ code: 'queue/timeout' });
        expect(await world.row(row.id)).toMatchObject({ state: 'failed', errorCode: 'queue/timeout' });
      });
    });

    describe('requests of one key', () => {
      it('that wait collapse into one run, and all end acknowledged', async () => {
        await open();
        const runtime = await world.runtime({ workers: false });
        const rows = [];
        for (let index = 0; index < 5; index += 1)
          rows.push(await world.enqueue('keyed', { name: `request ${index}`, key: 'shop' }));
        for (const row of rows) await world.untilState(row.id, 'published');
        await runtime.startWorkers({ concurrency: 4 });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names()).toEqual(['request 0']);
        expect(await statesOf(rows.map((row) => row.id))).toEqual(['succeeded', ...Array(4).fill('collapsed')]);
      });

      it('that come while one runs cause exactly one run more', async () => {
        const first = gate();
        await open(async (name) => {
          if (name === 'first') await first.opened;
          return null;
        });
        const runtime = await world.runtime();
        const rows = [await world.enqueue('keyed', { name: 'first', key: 'shop' })];
        await pollUntil('the first runs', () => world.started.length === 1);
        for (const name of ['second', 'third', 'fourth']) {
          const row = await world.enqueue('keyed', { name, key: 'shop' });
          await world.untilState(row.id, 'published');
          rows.push(row);
        }
        first.open();
        await runtime.idle({ timeoutMs: 15_000 });
        expect(world.started).toHaveLength(2);
        const states = await statesOf(rows.map((row) => row.id));
        expect(states[0]).toBe('succeeded');
        expect(states.slice(1).sort()).toEqual(['collapsed', 'collapsed', 'succeeded']);
      });

      it('run on when an earlier one failed for good', async () => {
        const first = gate();
        await open(async (name) => {
          if (name !== 'first') return null;
          await first.opened;
          throw new PermanentError('source/forbidden', 'not allowed');
        });
        const runtime = await world.runtime();
        const failing = await world.enqueue('keyed', { name: 'first', key: 'shop' });
        await pollUntil('the first runs', () => world.started.length === 1);
        const later = [];
        for (const name of ['second', 'third']) {
          const row = await world.enqueue('keyed', { name, key: 'shop' });
          await world.untilState(row.id, 'published');
          later.push(row.id);
        }
        first.open();
        await runtime.idle({ timeoutMs: 15_000 });
        expect((await world.row(failing.id)).state).toBe('failed');
        const states = await statesOf(later);
        expect(states.sort()).toEqual(['collapsed', 'succeeded']);
        const next = await world.enqueue('keyed', { name: 'afterwards', key: 'shop' });
        await runtime.idle({ timeoutMs: 15_000 });
        expect((await world.row(next.id)).state).toBe('succeeded');
      });

      it('that waited on a failing one run in its place', async () => {
        await open(async (name) => {
          if (name === 'first') throw new PermanentError('source/forbidden', 'not allowed');
          return null;
        });
        const runtime = await world.runtime({ workers: false });
        const rows = [];
        for (const name of ['first', 'second', 'third']) rows.push(await world.enqueue('keyed', { name, key: 'shop' }));
        for (const row of rows) await world.untilState(row.id, 'published');
        await runtime.startWorkers({ concurrency: 4 });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(await statesOf(rows.map((row) => row.id))).toEqual(
          expect.arrayContaining(['failed', 'succeeded', 'collapsed']),
        );
      });

      it('survive the cancelling of the one that they were collapsed into', async () => {
        await open();
        const runtime = await world.runtime({ workers: false });
        const rows = [];
        for (const name of ['first', 'second']) {
          const row = await world.enqueue('keyed', { name, key: 'shop' });
          await world.untilState(row.id, 'published');
          rows.push(row);
        }
        expect(await world.store.outbox.cancel(rows[0]?.id ?? '')).toBe(true);
        await runtime.startWorkers({ concurrency: 4 });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names()).toEqual(['second']);
        expect(await statesOf(rows.map((row) => row.id))).toEqual(['cancelled', 'succeeded']);
      });

      it('a hundred at random moments: none is left open, and the last one is covered by a run that began after it', async () => {
        const enqueuedBefore: number[] = [];
        let enqueued = 0;
        await open(async () => {
          enqueuedBefore.push(enqueued);
          await new Promise((resolve) => setImmediate(resolve));
          return null;
        });
        const runtime = await world.runtime();
        await world.runtime();
        for (let index = 0; index < 100; index += 1) {
          await world.enqueue('keyed', { name: `n${index}`, key: 'shop' });
          enqueued += 1;
        }
        await runtime.idle({ timeoutMs: 25_000 });
        expect(await world.store.outbox.openCount()).toBe(0);
        expect(Math.max(...enqueuedBefore)).toBeGreaterThanOrEqual(99);
        expect(world.started.length).toBeLessThan(100);
      });
    });

    describe('when something is lost', () => {
      it('a wiped queue is rebuilt from the outbox', async () => {
        await open();
        const runtime = await world.runtime({ workers: false });
        const rows = [];
        for (const name of ['a', 'b']) rows.push(await world.enqueue('plain', { name }));
        for (const row of rows) await world.untilState(row.id, 'published');
        await server.wipe(world.databaseUrl);
        expect(await runtime.rebuild()).toEqual({ republished: 2 });
        await runtime.startWorkers({ concurrency: 2 });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names().sort()).toEqual(['a', 'b']);
        expect(await statesOf(rows.map((row) => row.id))).toEqual(['succeeded', 'succeeded']);
      });

      it('a job that was not acknowledged (its worker died after the work) runs again', async () => {
        await open();
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'again' });
        await runtime.idle({ timeoutMs: 15_000 });
        // As a crash between effect and acknowledgement leaves it: the queue is done, the outbox is not.
        await reopen(world, runtime, row.id);
        expect(await runtime.rebuild()).toEqual({ republished: 1 });
        await runtime.idle({ timeoutMs: 15_000 });
        expect(names()).toEqual(['again', 'again']);
        expect((await world.row(row.id)).state).toBe('succeeded');
      });

      it('a worker that shuts down gives its job to another at once, without spending an attempt', async () => {
        const held = gate();
        await open(async (_name, { signal }) => {
          if (world.started.length > 1) return 'by the second';
          held.open();
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
          return null;
        });
        const first = await world.runtime();
        const row = await world.enqueue('plain', { name: 'handed on' });
        await held.opened;
        const second = await world.runtime();
        await first.close({ graceMs: 50 });
        await first.close({ graceMs: 50 });
        await second.idle({ timeoutMs: 5_000 });
        expect(world.started.map(({ instance, attempt }) => ({ instance, attempt }))).toEqual([
          { instance: 'worker-1', attempt: 1 },
          { instance: 'worker-2', attempt: 1 },
        ]);
        expect((await world.row(row.id)).result).toBe('by the second');
      });

      it('a shutdown waits for a job that ends within the grace period', async () => {
        const held = gate();
        const finish = gate();
        await open(async () => {
          held.open();
          await finish.opened;
          return 'finished';
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'almost done' });
        await held.opened;
        const closing = runtime.close({ graceMs: 20_000 });
        finish.open();
        await closing;
        expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', result: 'finished' });
      });

      it('connections are made again: what was enqueued before and after still runs', async () => {
        const held = gate();
        const finish = gate();
        await open(async (name) => {
          if (name !== 'running') return null;
          held.open();
          await finish.opened;
          return 'finished';
        });
        const runtime = await world.runtime();
        const rows = [await world.enqueue('plain', { name: 'running' })];
        await held.opened;
        await server.interrupt(world.databaseUrl);
        finish.open();
        rows.push(await pollUntil('the store is back', () => world.enqueue('plain', { name: 'afterwards' })));
        await pollUntil('all is done', () => runtime.idle({ timeoutMs: 20_000 }).then(() => true));
        expect(await statesOf(rows.map((row) => row.id))).toEqual(['succeeded', 'succeeded']);
      });

      it('a killed worker leaves its jobs to another within fifteen seconds', { timeout: 60_000 }, async () => {
        await open(async () => 'by the survivor');
        await world.runtime({ workers: false });
        const row = await world.enqueue('keyed', { name: 'orphan', key: 'shop' });
        await world.untilState(row.id, 'published');
        const { kind, url } = server.backend(world.databaseUrl);
        const script = fileURLToPath(new URL('doomed-worker.ts', import.meta.url));
        const doomed = spawn(process.execPath, ['--conditions=outturn-source', script, kind, url, world.databaseUrl], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        const exited = new Promise((resolve) => doomed.once('exit', resolve));
        try {
          for await (const line of createInterface({ input: doomed.stdout })) if (line === 'started orphan') break;
        } finally {
          doomed.kill('SIGKILL');
          await exited;
        }
        const survivor = await world.runtime({ relay: false });
        await survivor.idle({ timeoutMs: 15_000 });
        expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', result: 'by the survivor' });
      });

      it('a cancelled job is aborted while it runs', async () => {
        let reason: unknown;
        await open(async (_name, { signal }) => {
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          reason = signal.reason;
          throw reason;
        });
        const runtime = await world.runtime();
        const row = await world.enqueue('plain', { name: 'unwanted' });
        await world.untilState(row.id, 'running');
        expect(await world.store.outbox.cancel(row.id)).toBe(true);
        await runtime.idle({ timeoutMs: 15_000 });
        await pollUntil('the handler was aborted', () => reason !== undefined);
        expect(reason).toMatchObject({ code: 'queue/cancelled' });
        expect((await world.row(row.id)).state).toBe('cancelled');
      });
    });

    describe('an old worker', () => {
      it('puts a job of a newer version back instead of failing it; a newer worker runs it', async () => {
        await open();
        const old = await world.runtime();
        const row = await world.enqueue('plain', { name: 'from tomorrow' });
        await old.idle({ timeoutMs: 15_000 });
        // The same intent as a newer program would have written it.
        await reopen(world, old, row.id, 2);
        await old.rebuild();
        await pollUntil('it was put back', () => world.lines.some((line) => line.includes('newer worker')));
        expect(await world.store.deadLetters.list(10)).toEqual([]);
        expect(settled).not.toContain((await world.row(row.id)).state);
        await old.close({ graceMs: 0 });
        const newer = probeJobs(async () => 'by the newer').map((job) => ({ ...job, version: 2 }));
        await server.wipe(world.databaseUrl);
        const runtime = await world.runtime({ jobs: newer });
        await runtime.rebuild();
        await runtime.idle({ timeoutMs: 15_000 });
        expect((await world.row(row.id)).result).toBe('by the newer');
      });
    });

    describe('waiting for idleness', () => {
      it('names the open jobs when it takes too long, and can be stopped', async () => {
        await open();
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
    });

    it('reports its health and counts', async () => {
      await open();
      const runtime = await world.runtime({ workers: false });
      const row = await world.enqueue('plain', { name: 'counted' });
      await world.untilState(row.id, 'published');
      expect(await runtime.health()).toMatchObject({
        backend: server.name,
        workers: false,
        counts: { compute: { waiting: 1, active: 0, delayed: 0, failed: 0 } },
      });
    });
  });

  /** Takes the acknowledgement back, as though it had never been written, once the queue is done with the job. */
  async function reopen(opened: World, runtime: QueueRuntime, id: string, version = 1): Promise<void> {
    await pollUntil('the queue is done with it', async () => (await runtime.counts()).compute.active === 0);
    const client = new Client({ connectionString: opened.databaseUrl });
    await client.connect();
    try {
      await client.query(
        `UPDATE outbox SET state = 'running', acknowledged_at = NULL, result = NULL, version = $2 WHERE id = $1`,
        [id, version],
      );
    } finally {
      await client.end();
    }
  }
}
