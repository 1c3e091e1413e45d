import { describe, expect, it } from 'vitest';
import { RetryableError } from '#kit';
import { pollUntil } from '../../harness/poll.ts';
import { blind, deaf, gate, type Handler, type QueueServer, useWorld } from './fixture.ts';

const hourMs = 3_600_000;

/** Cancelling, from any process. */
export function cancelContract(server: QueueServer): void {
  describe('a cancelled job', () => {
    const open = useWorld(server);

    /** Runs until it is aborted; `reasons` are those of its signals. */
    const untilAborted = (reasons: unknown[]): Handler => {
      return async (_name, { signal }) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        reasons.push(signal.reason);
        throw signal.reason;
      };
    };

    it('is aborted at once in whichever process it runs', async () => {
      const reasons: unknown[] = [];
      const world = await open(untilAborted(reasons));
      const elsewhere = await world.runtime({ workers: false });
      await world.runtime({ relay: false, through: blind });
      const row = await world.enqueue('plain', { name: 'unwanted' });
      await world.untilState(row.id, 'running');
      expect(await elsewhere.cancel(row.id)).toBe('cancelled');
      await pollUntil('the handler was aborted', () => reasons.length === 1);
      expect(reasons[0]).toMatchObject({ code: 'queue/cancelled' });
      expect(await elsewhere.cancel(row.id)).toBe('was-done');
      expect(await elsewhere.cancel('never-heard-of')).toBe('was-done');
      expect((await world.row(row.id)).state).toBe('cancelled');
      const [run] = await pollUntil('its run has ended', async () => {
        const runs = await world.store.runs.list(row.id);
        return runs[0]?.outcome === null ? null : runs;
      });
      expect(run).toMatchObject({ outcome: 'cancelled', instance: 'worker-2' });
    });

    it('is aborted soon also where no notification arrives', async () => {
      const reasons: unknown[] = [];
      const world = await open(untilAborted(reasons));
      await world.runtime({ through: deaf });
      const row = await world.enqueue('plain', { name: 'unwanted' });
      await world.untilState(row.id, 'running');
      expect(await world.store.outbox.cancel(row.id)).toBe(true);
      await pollUntil('the handler was aborted', () => reasons.length === 1);
      expect((await world.row(row.id)).state).toBe('cancelled');
    });

    it('that commits in the last moment does not count, and what it stored with its fence neither', async () => {
      const finish = gate();
      let refused: unknown;
      const world = await open(async (_name, { ports, jobId }) => {
        await finish.opened;
        await ports.store
          .transaction((tx) => tx.outbox.enqueue({ kind: 'plain', args: { name: 'effect' }, cause: `job:${jobId}` }))
          .catch((error: unknown) => {
            refused = error;
          });
        return 'done all the same';
      });
      const runtime = await world.runtime();
      const row = await world.enqueue('plain', { name: 'late' });
      await world.untilState(row.id, 'running');
      await runtime.cancel(row.id);
      finish.open();
      await pollUntil('its run has ended', async () => (await world.store.runs.list(row.id))[0]?.outcome !== null);
      expect(refused).toMatchObject({ code: 'queue/interrupted' });
      expect(await world.row(row.id)).toMatchObject({ state: 'cancelled', result: null });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['late']);
    });

    it('leaves the queue while it waits', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      const row = await world.enqueue('plain', { name: 'unwanted' });
      await world.untilState(row.id, 'published');
      expect(await runtime.cancel(row.id)).toBe('cancelled');
      expect((await runtime.counts()).compute.waiting).toBe(0);
      await runtime.startWorkers({ concurrency: 1 });
      const next = await world.enqueue('plain', { name: 'wanted' });
      await world.untilState(next.id, 'succeeded');
      expect(world.names()).toEqual(['wanted']);
    });

    it('that was not yet published never is', async () => {
      const world = await open();
      const row = await world.enqueue('plain', { name: 'unwanted' });
      const runtime = await world.runtime({ relay: false });
      expect(await runtime.cancel(row.id)).toBe('cancelled');
      await runtime.startRelay();
      const next = await world.enqueue('plain', { name: 'wanted' });
      await world.untilState(next.id, 'succeeded');
      expect(world.names()).toEqual(['wanted']);
    });

    const patientOnce: Handler = async (name) => {
      if (name === 'patient') throw new RetryableError('source/rate-limited', 'later', { retryAfterMs: hourMs });
      return null;
    };

    it('of a key that is put off frees it at once: those that were collapsed into it, and later ones, run', async () => {
      const world = await open(patientOnce);
      const runtime = await world.runtime();
      const patient = await world.enqueue('keyed', { name: 'patient', key: 'shop' });
      await pollUntil('it is put off', async () => (await runtime.counts()).compute.delayed === 1);
      const collapsed = await world.enqueue('keyed', { name: 'waited', key: 'shop' });
      await world.untilState(collapsed.id, 'published');
      // As a process without a queue does it: by the store alone.
      expect(await world.store.outbox.cancel(patient.id)).toBe(true);
      await world.untilState(collapsed.id, 'succeeded');
      const later = await world.enqueue('keyed', { name: 'later', key: 'shop' });
      await world.untilState(later.id, 'succeeded');
      expect(world.names()).toEqual(['patient', 'waited', 'later']);
      expect((await runtime.counts()).compute.delayed).toBe(0);
    });

    it('of a key that is put off is found by the next reconciliation where no notification arrived', async () => {
      const world = await open(patientOnce);
      const first = await world.runtime({ through: deaf });
      const patient = await world.enqueue('keyed', { name: 'patient', key: 'shop' });
      await pollUntil('it is put off', async () => (await first.counts()).compute.delayed === 1);
      const collapsed = await world.enqueue('keyed', { name: 'waited', key: 'shop' });
      await world.untilState(collapsed.id, 'published');
      await first.close({ graceMs: 0 });
      expect(await world.store.outbox.cancel(patient.id)).toBe(true);
      const second = await world.runtime();
      await second.idle({ timeoutMs: 60_000 });
      expect(await world.states([patient.id, collapsed.id])).toEqual(['cancelled', 'succeeded']);
    });

    it('into which others were collapsed while it waited leaves them to run', async () => {
      const world = await open();
      const runtime = await world.runtime({ workers: false });
      const rows = [];
      for (const name of ['first', 'second']) {
        const row = await world.enqueue('keyed', { name, key: 'shop' });
        await world.untilState(row.id, 'published');
        rows.push(row);
      }
      expect(await world.store.outbox.cancel(rows[0]?.id ?? '')).toBe(true);
      await runtime.startWorkers({ concurrency: 4 });
      await runtime.idle({ timeoutMs: 60_000 });
      expect(world.names()).toEqual(['second']);
      expect(await world.states(rows.map((row) => row.id))).toEqual(['cancelled', 'succeeded']);
    });
  });
}
