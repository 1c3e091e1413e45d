import { describe, expect, it } from 'vitest';
import { RetryableError } from '#kit';
import { recoveryLimitMs } from '../../fault/harness/load.ts';
import { pollUntil } from '../../harness/poll.ts';
import { spawnDoomed } from './doomed.ts';
import { gate, probeJobs, type QueueServer, useWorld } from './fixture.ts';

const settled = ['succeeded', 'failed', 'collapsed', 'cancelled'];

/** What is lost is found again. */
export function lossContract(server: QueueServer): void {
  describe('when something is lost', () => {
    const open = useWorld(server);

    it('a wiped queue is rebuilt from the outbox', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      const rows = [];
      for (const name of ['a', 'b']) rows.push(await world.enqueue('plain', { name }));
      for (const row of rows) await world.untilState(row.id, 'published');
      await server.wipe(world.databaseUrl);
      expect(await runtime.rebuild()).toEqual({ republished: 2 });
      await runtime.startWorkers({ concurrency: 2 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names().sort()).toEqual(['a', 'b']);
      expect(await world.states(rows.map((row) => row.id))).toEqual(['succeeded', 'succeeded']);
    });

    it.runIf(server.name === 'redis')(
      'a queue that was wiped while jobs ran and waited is filled again by itself',
      async () => {
        const held = gate();
        const world = await open(async (name) => {
          if (name === 'running' && world.started.length === 1) await held.opened;
          return name;
        });
        const runtime = await world.runtime({ concurrency: 1 });
        const rows = [await world.enqueue('plain', { name: 'running' })];
        await pollUntil('it runs', () => world.started.length === 1);
        rows.push(
          await world.enqueue('plain', { name: 'waiting' }),
          await world.enqueue('keyed', { name: 'of a key', key: 'a' }),
        );
        for (const row of rows.slice(1)) await world.untilState(row.id, 'published');
        await server.wipe(world.databaseUrl);
        held.open();
        await runtime.idle({ timeoutMs: 20_000 });
        expect(await world.states(rows.map((row) => row.id))).toEqual(['succeeded', 'succeeded', 'succeeded']);
      },
    );

    it('a job that was not acknowledged (its worker died after the work) runs again', async () => {
      const world = await open();
      const runtime = await world.runtime();
      const row = await world.enqueue('plain', { name: 'again' });
      await runtime.idle({ timeoutMs: 60_000 });
      // As a crash between effect and acknowledgement leaves it: the queue is done, the outbox is not.
      await world.reopen(runtime, row.id);
      expect(await runtime.rebuild()).toEqual({ republished: 1 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['again', 'again']);
      expect((await world.row(row.id)).state).toBe('succeeded');
    });

    it('a worker that shuts down gives its job to another at once, without spending an attempt', async () => {
      const held = gate();
      const world = await open(async (_name, { signal }) => {
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
      // Sooner than a worker that was not woken looks by itself.
      await second.idle({ timeoutMs: 3_000 });
      expect(world.started.map(({ instance, attempt }) => ({ instance, attempt }))).toEqual([
        { instance: 'worker-1', attempt: 1 },
        { instance: 'worker-2', attempt: 1 },
      ]);
      expect((await world.row(row.id)).result).toBe('by the second');
    });

    it('a worker that shuts down gives its jobs back though its relay waits for a database that is silent', async () => {
      const silence = gate();
      const waits = gate();
      let isSilent = false;
      const world = await open(async (_name, { signal }) => {
        if (world.started.length > 1) return 'by the second';
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        return null;
      });
      const first = await world.runtime({
        through: (store) => ({
          ...store,
          outbox: {
            ...store.outbox,
            openCount: async () => {
              if (isSilent) {
                waits.open();
                await silence.opened;
              }
              return store.outbox.openCount();
            },
          },
        }),
      });
      const row = await world.enqueue('plain', { name: 'handed on' });
      await world.untilState(row.id, 'running');
      isSilent = true;
      await waits.opened;
      const closing = first.close({ graceMs: 0 });
      await world.runtime();
      expect((await world.untilState(row.id, 'succeeded')).result).toBe('by the second');
      silence.open();
      await closing;
    });

    it('a run whose end could not be noted, the database being away, runs again and is not taken for a dead worker', async () => {
      let isAway = false;
      const world = await open(async () => {
        isAway = world.started.length === 1;
        return 'done';
      });
      await world.runtime({ workers: false });
      const worker = await world.runtime({
        relay: false,
        through: (store) => ({
          ...store,
          transaction: async (work, options) => {
            if (!isAway) return store.transaction(work, options);
            isAway = false;
            throw new RetryableError('storage/unavailable', 'away');
          },
        }),
      });
      const row = await world.enqueue('plain', { name: 'acknowledged in vain' });
      await worker.idle({ timeoutMs: 60_000 });
      expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', attempts: 1 });
      const outcomes = (await world.store.runs.list(row.id)).map(({ outcome, errorCode }) => ({ outcome, errorCode }));
      expect(outcomes).toEqual([
        { outcome: 'retried', errorCode: 'storage/unavailable' },
        { outcome: 'succeeded', errorCode: null },
      ]);
    });

    it('a shutdown waits for a job that ends within the grace period', async () => {
      const held = gate();
      const finish = gate();
      const world = await open(async () => {
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
      const world = await open(async (name) => {
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
      expect(await world.states(rows.map((row) => row.id))).toEqual(['succeeded', 'succeeded']);
    });

    it('a killed worker leaves its jobs to another within fifteen seconds', { timeout: 60_000 }, async () => {
      const world = await open(async () => 'by the survivor');
      await world.runtime({ workers: false });
      const row = await world.enqueue('keyed', { name: 'orphan', key: 'shop' });
      await world.untilState(row.id, 'published');
      const doomed = spawnDoomed(server.backend(world.databaseUrl), world.databaseUrl);
      try {
        for await (const line of doomed.lines) if (line === 'started orphan') break;
      } finally {
        doomed.kill();
        await doomed.exited;
      }
      const survivor = await world.runtime({ relay: false });
      await survivor.idle({ timeoutMs: recoveryLimitMs() });
      expect(await world.row(row.id)).toMatchObject({ state: 'succeeded', result: 'by the survivor' });
    });

    it('an old worker puts a job of a newer version back instead of failing it; a newer worker runs it', async () => {
      const world = await open();
      const old = await world.runtime();
      const row = await world.enqueue('plain', { name: 'from tomorrow' });
      await old.idle({ timeoutMs: 60_000 });
      // The same intent as a newer program would have written it.
      await world.reopen(old, row.id, 2);
      await old.rebuild();
      await pollUntil('it was put back', () => world.lines.some((line) => line.includes('newer worker')));
      expect(await world.store.deadLetters.list(10)).toEqual([]);
      expect(settled).not.toContain((await world.row(row.id)).state);
      await old.close({ graceMs: 0 });
      const newer = probeJobs(async () => 'by the newer').map((job) => ({ ...job, version: 2 }));
      await server.wipe(world.databaseUrl);
      const runtime = await world.runtime({ jobs: newer });
      await runtime.rebuild();
      await runtime.idle({ timeoutMs: 60_000 });
      expect((await world.row(row.id)).result).toBe('by the newer');
    });
  });
}
