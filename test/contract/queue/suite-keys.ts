import { describe, expect, it } from 'vitest';
import { PermanentError } from '#kit';
import { pollUntil } from '../../harness/poll.ts';
import { gate, type QueueServer, useWorld } from './fixture.ts';

/** Requests of one key. */
export function keyContract(server: QueueServer): void {
  describe('requests of one key', () => {
    const open = useWorld(server);

    it('that wait collapse into one run, and all end acknowledged', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      const rows = [];
      for (let index = 0; index < 5; index += 1)
        rows.push(await world.enqueue('keyed', { name: `request ${index}`, key: 'shop' }));
      for (const row of rows) await world.untilState(row.id, 'published');
      await runtime.startWorkers({ concurrency: 4 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['request 0']);
      expect(await world.states(rows.map((row) => row.id))).toEqual(['succeeded', ...Array(4).fill('collapsed')]);
    });

    it('that come while one runs cause exactly one run more', async () => {
      const first = gate();
      const world = await open(async (name) => {
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
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.started).toHaveLength(2);
      const states = await world.states(rows.map((row) => row.id));
      expect(states[0]).toBe('succeeded');
      expect(states.slice(1).sort()).toEqual(['collapsed', 'collapsed', 'succeeded']);
    });

    it('run on when an earlier one failed for good', async () => {
      const first = gate();
      const world = await open(async (name) => {
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
      await runtime.idle({ timeoutMs: 60_000 });
      expect((await world.row(failing.id)).state).toBe('failed');
      const states = await world.states(later);
      expect(states.sort()).toEqual(['collapsed', 'succeeded']);
      const next = await world.enqueue('keyed', { name: 'afterwards', key: 'shop' });
      await runtime.idle({ timeoutMs: 60_000 });
      expect((await world.row(next.id)).state).toBe('succeeded');
    });

    it('that waited on a failing one run in its place', async () => {
      const world = await open(async (name) => {
        if (name === 'first') throw new PermanentError('source/forbidden', 'not allowed');
        return null;
      });
      const runtime = await world.runtime({ workers: false });
      const rows = [];
      for (const name of ['first', 'second', 'third']) rows.push(await world.enqueue('keyed', { name, key: 'shop' }));
      for (const row of rows) await world.untilState(row.id, 'published');
      await runtime.startWorkers({ concurrency: 4 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(await world.states(rows.map((row) => row.id))).toEqual(
        expect.arrayContaining(['failed', 'succeeded', 'collapsed']),
      );
    });

    it('a hundred at random moments: none is left open, and the last one is covered by a run that began after it', async () => {
      const enqueuedBefore: number[] = [];
      let enqueued = 0;
      const world = await open(async () => {
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
}
