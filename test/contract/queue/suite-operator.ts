import { describe, expect, it } from 'vitest';
import { PermanentError, RetryableError } from '#kit';
import { pollUntil } from '../../harness/poll.ts';
import { gate, type QueueServer, useWorld } from './fixture.ts';

/** What people do to jobs and queues. */
export function operatorContract(server: QueueServer): void {
  describe('an operator', () => {
    const open = useWorld(server);

    it('pauses a queue: no process takes jobs of it, others go on, and nothing is lost when it is resumed', async () => {
      const world = await open();
      const runtime = await world.runtime();
      await world.runtime({ relay: false });
      await runtime.pause(['compute']);
      expect(await runtime.isPaused('compute')).toBe(true);
      expect(await runtime.isPaused('report')).toBe(false);
      const rows = [
        await world.enqueue('plain', { name: 'held' }),
        await world.enqueue('keyed', { name: 'held too', key: 'a' }),
      ];
      for (const row of rows) await world.untilState(row.id, 'published');
      const other = await world.enqueue('other-queue', { name: 'goes on' });
      await world.untilState(other.id, 'succeeded');
      expect(world.names()).toEqual(['goes on']);
      expect((await runtime.counts()).compute).toMatchObject({ waiting: 2, active: 0, paused: true });
      await runtime.resume();
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names().sort()).toEqual(['goes on', 'held', 'held too']);
      expect((await runtime.counts()).compute.paused).toBe(false);
    });

    it('counts what waits whatever its priority', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      for (const priority of ['high', 'normal', 'low'] as const) {
        const row = await world.enqueue('plain', { name: priority }, priority);
        await world.untilState(row.id, 'published');
      }
      expect((await runtime.counts()).compute).toEqual({ waiting: 3, active: 0, delayed: 0, failed: 0, paused: false });
    });

    it('replays a dead letter: it begins anew, and the failed job that the queue still keeps does not stand in its way', async () => {
      let isMended = false;
      const world = await open(async () => {
        if (!isMended) throw new PermanentError('source/forbidden', 'not allowed');
        return 'mended';
      });
      const runtime = await world.runtime();
      const rows = [
        await world.enqueue('plain', { name: 'a' }),
        await world.enqueue('keyed', { name: 'b', key: 'shop' }),
      ];
      const ids = rows.map((row) => row.id);
      await runtime.idle({ timeoutMs: 60_000 });
      for (const id of ids) expect(await world.store.outbox.replay(id)).toBe(true);
      // Sooner than a reconciliation would mend a replay that was swallowed.
      await runtime.idle({ timeoutMs: 8_000 });
      expect(await world.states(ids)).toEqual(['failed', 'failed']);
      isMended = true;
      for (const id of ids) expect(await world.store.outbox.replay(id)).toBe(true);
      await runtime.idle({ timeoutMs: 60_000 });
      expect(await world.row(ids[0] ?? '')).toMatchObject({
        state: 'succeeded',
        result: 'mended',
        attempts: 1,
        replays: 2,
      });
      expect(await world.states(ids)).toEqual(['succeeded', 'succeeded']);
      expect((await world.store.runs.list(ids[0] ?? '')).map((run) => run.outcome)).toEqual([
        'failed',
        'failed',
        'succeeded',
      ]);
    });

    it('replays a dead letter whose worker died before the queue heard of the failure: it is not run twice', async () => {
      const world = await open(async () => {
        throw new RetryableError('source/unreachable', 'down');
      });
      const runtime = await world.runtime({ workers: false });
      const row = await world.enqueue('plain', { name: 'a' });
      await world.untilState(row.id, 'published');
      await world.sql(`UPDATE outbox SET state = 'failed', acknowledged_at = now() WHERE id = $1`, [row.id]);
      expect(await world.store.outbox.replay(row.id)).toBe(true);
      await world.untilState(row.id, 'published');
      await runtime.startWorkers({ concurrency: 1 });
      await world.untilState(row.id, 'failed');
      expect(world.started.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    });

    it('drains: what is due and what follows from it is done; what is put off or paused is not waited for', async () => {
      const held = gate();
      const world = await open(async (name) => {
        if (name !== 'first') return null;
        await held.opened;
        await world.enqueue('plain', { name: 'follows' });
        return null;
      });
      const runtime = await world.runtime();
      await runtime.pause(['report']);
      const paused = await world.enqueue('other-queue', { name: 'paused' });
      await world.store.outbox.enqueue({
        kind: 'plain',
        args: { name: 'tomorrow' },
        cause: 'test',
        notBeforeMs: Date.now() + 86_400_000,
      });
      await world.untilState(paused.id, 'published');
      await world.enqueue('plain', { name: 'first' });
      await pollUntil('it runs', () => world.started.length === 1);
      await expect(runtime.drained({ timeoutMs: 20 })).rejects.toMatchObject({ code: 'queue/timeout' });
      held.open();
      await runtime.drained({ timeoutMs: 15_000 });
      expect(world.names()).toEqual(['first', 'follows']);
    });
  });
}
