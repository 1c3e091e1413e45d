import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { DigestFacts } from '#domain';
import { deliverMessage } from '#jobs/deliver-message';
import { type AnyJobKind, defineJob, type IngestRow, PermanentError, RetryableError } from '#kit';

/** Places at which a worker process can be told to die or to wait: just after an effect, just before a mark. */
export type FaultPoint = 'measured' | 'put' | 'sent' | 'published';

export interface FaultJobOptions {
  /** Called at each point that is passed. Absent: nothing happens there. */
  pass?: (point: FaultPoint) => Promise<void>;
  /** Of the kind `fault-versioned`: 1 is the release before. */
  version?: 1 | 2;
}

/** `ms`: how long the job works before its effect. */
const work = { key: z.string().min(1), ms: z.number().int().min(0).default(0) };
const common = { version: 1, attempts: 4, backoff: { baseMs: 100, capMs: 1_000 }, timeoutMs: 60_000 };
const none = (): null => null;

export const SAMPLE_AT_MS = Date.UTC(2026, 0, 15, 12);
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
/** The same for the same key, whoever measures it. */
export const valueOf = (key: string): number => Number.parseInt(hashOf(key).slice(0, 8), 16);
export const objectKeyOf = (key: string): string => `fault/${hashOf(key).slice(0, 2)}/${key}.txt`;

function sample(key: string, value: number): IngestRow {
  return {
    atMs: SAMPLE_AT_MS,
    durationMs: 0,
    value,
    unit: 'count',
    labels: { key },
    status: 'final',
    pageHash: hashOf(key),
  };
}

/**
 * Job kinds whose effects can be counted. Their arguments name a key, the idempotency key of the effect; how often an effect
 * happened is read from the product's own ledgers, the folder of objects and the recording sink.
 */
export function faultJobs({ pass = async () => undefined, version = 2 }: FaultJobOptions = {}): AnyJobKind[] {
  return [
    /** A measurement, and with `follow` a further job in the same transaction. */
    defineJob({
      ...common,
      kind: 'fault-measure',
      queue: 'pull',
      args: z.strictObject({ ...work, follow: z.boolean().default(false) }),
      dedupeKey: none,
      async run({ key, ms, follow }, { jobId, fence, signal, ports, progress }) {
        await busy(ms, signal);
        progress(1, 2);
        await ports.store.transaction(async (tx) => {
          const { inserted } = await tx.measurements.ingest({
            connector: 'fault',
            stream: 'measure',
            pullId: `${jobId}#${fence.token}`,
            observedAtMs: ports.clock.nowMs(),
            rows: [sample(key, valueOf(key))],
          });
          if (follow && inserted > 0)
            await tx.outbox.enqueue({ kind: 'fault-object', args: { key }, cause: 'fault', parentId: jobId });
        });
        await pass('measured');
        return { measured: key };
      },
    }),
    /** Writes its own token: a run that lost its right and writes nevertheless is seen in the order of the revisions. */
    defineJob({
      ...common,
      kind: 'fault-register',
      queue: 'compute',
      args: z.strictObject({ ...work, blockMs: z.number().int().min(0).default(0) }),
      dedupeKey: none,
      async run({ key, ms, blockMs }, { jobId, fence, signal, ports }) {
        await busy(ms, signal);
        // Only its first run: the one that is to lose its lock.
        if (fence.token === 1) block(blockMs);
        await ports.store.transaction((tx) =>
          tx.measurements.ingest({
            connector: 'fault',
            stream: 'register',
            pullId: `${jobId}#${fence.token}`,
            observedAtMs: ports.clock.nowMs(),
            rows: [sample(key, fence.token)],
          }),
        );
        return { registered: fence.token };
      },
    }),
    defineJob({
      ...common,
      kind: 'fault-object',
      queue: 'report',
      args: z.strictObject(work),
      dedupeKey: none,
      async run({ key, ms }, { signal, ports }) {
        await busy(ms, signal);
        const { location } = await ports.objects.put(objectKeyOf(key), Buffer.from(`object ${key}`), 'text/plain');
        await pass('put');
        return { location };
      },
    }),
    /** A digest with one delivery; the product's own job sends it. */
    defineJob({
      ...common,
      kind: 'fault-announce',
      queue: 'report',
      args: z.strictObject(work),
      dedupeKey: none,
      async run({ key, ms }, { jobId, signal, ports }) {
        await busy(ms, signal);
        return ports.store.transaction(async (tx) => {
          const subject = { subscription: 'fault', slot: key, test: false };
          const { digest } = await tx.digests.save({
            ...subject,
            id: ports.newId(),
            projectId: 'fault',
            snapshotId: null,
            facts: {} as DigestFacts,
            factsHash: key,
          });
          const { delivery, created } = await tx.deliveries.create({
            ...subject,
            id: ports.newId(),
            idempotencyKey: key,
            digestId: digest.id,
            channel: 'slack',
            address: '#fault',
            recipientName: 'Fault',
          });
          const args = { deliveryId: delivery.id };
          if (created) await tx.outbox.enqueue({ kind: 'deliver-message', args, cause: 'fault', parentId: jobId });
          return { delivery: delivery.id };
        });
      },
    }),
    deliverMessage,
    /** Requests of one group collapse. */
    defineJob({
      ...common,
      kind: 'fault-keyed',
      queue: 'compute',
      args: z.strictObject({ ...work, group: z.string().min(1) }),
      dedupeKey: ({ group }) => group,
      async run({ ms }, { signal }) {
        await busy(ms, signal);
        return null;
      },
    }),
    /** Fails so many times before it succeeds. */
    defineJob({
      ...common,
      kind: 'fault-flaky',
      queue: 'backfill',
      args: z.strictObject({ ...work, failures: z.number().int().min(0).max(3) }),
      dedupeKey: none,
      async run({ key, ms, failures }, { attempt, signal }) {
        await busy(ms, signal);
        if (attempt > failures) return { attempt };
        if (attempt % 2 === 0) throw new Error(`unforeseen: ${key}`);
        throw new RetryableError('source/unreachable', `try again: ${key}`);
      },
    }),
    defineJob({
      ...common,
      kind: 'fault-hopeless',
      queue: 'compute',
      args: z.strictObject(work),
      dedupeKey: none,
      async run({ key, ms }, { signal }) {
        await busy(ms, signal);
        throw new PermanentError('source/bad-shape', `never: ${key}`);
      },
    }),
    /** Takes its worker with it. */
    defineJob({
      ...common,
      kind: 'fault-killer',
      queue: 'compute',
      args: z.strictObject({ ...work, way: z.enum(['exit', 'abort', 'memory']) }),
      dedupeKey: none,
      async run({ ms, way }, { signal }) {
        await busy(ms, signal);
        if (way === 'exit') process.exit(3);
        if (way === 'abort') process.abort();
        const hoard: string[] = [];
        for (;;) hoard.push(`${hoard.length} `.repeat(100_000).split('').join('-'));
      },
    }),
    version === 1
      ? defineJob({
          ...common,
          kind: 'fault-versioned',
          queue: 'compute',
          args: z.strictObject(work),
          dedupeKey: none,
          run: async ({ key }) => ({ key, by: 1 }),
        })
      : defineJob({
          ...common,
          kind: 'fault-versioned',
          version: 2,
          upgrade: { 1: (args: unknown) => ({ ...(args as Record<string, unknown>), place: 'unnamed' }) },
          queue: 'compute',
          args: z.strictObject({ ...work, place: z.string() }),
          dedupeKey: none,
          run: async ({ key, place }) => ({ key, place, by: 2 }),
        }),
  ];
}

async function busy(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0)
    await delay(ms, undefined, { signal }).catch(() => {
      throw signal.reason;
    });
  signal.throwIfAborted();
}

/** The event loop stands still. */
function block(ms: number): void {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
