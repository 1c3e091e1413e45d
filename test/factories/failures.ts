import { randomUUID } from 'node:crypto';
import type { DigestFacts } from '#domain';
import type { Clock, OutboxRow, Store } from '#kit';
import { jobKinds } from '#src/main/registry';
import { createIntentResolver } from '#src/queue/index';
import { openStore } from '#src/store/index';
import { silentLog } from '../harness/silent-log.ts';

/** A store that knows the product's own job kinds. */
export const productStore = (url: string, clock: Clock = { nowMs: () => Date.now() }): Promise<Store> =>
  openStore({
    url,
    resolver: createIntentResolver(jobKinds),
    clock,
    newId: randomUUID,
    log: silentLog,
    applicationName: 'outturn test',
  });

/** A job that failed for good, with its run and its dead letter, as a worker books it. */
export async function failedJob(
  store: Store,
  { kind, args, parentId }: { kind: string; args: unknown; parentId?: string },
  { code = 'source/unreachable', message = 'nobody answers', stack = null as string | null, atMs = Date.now() } = {},
): Promise<OutboxRow> {
  const row = await store.outbox.enqueue({ kind, args, cause: 'test', parentId });
  const start = await store.outbox.started(row.id, { attempt: 1, instance: 'host:1' });
  if (start === null) throw new Error('the job has ended');
  await store.transaction(async (tx) => {
    await tx.outbox.failed(start.fence, { code, message, final: true });
    await tx.runs.end(start.fence, { outcome: 'failed', errorCode: code, errorMessage: message });
    await tx.deadLetters.record({
      jobId: row.id,
      kind,
      args,
      errorCode: code,
      errorMessage: message,
      stack,
      attempts: 1,
      firstFailedAtMs: atMs,
      lastFailedAtMs: atMs,
    });
  });
  return row;
}

/** A digest with one delivery, which is `pending`. */
export async function digestWithDelivery(
  store: Store,
  {
    subscription = 'weekly',
    slot = 'monday',
    channel = 'email' as 'email' | 'slack',
    address = 'sponsor@example.com',
  } = {},
): Promise<{ digestId: string; deliveryId: string }> {
  const { digest } = await store.digests.save({
    id: randomUUID(),
    subscription,
    projectId: 'checkout',
    slot,
    snapshotId: null,
    test: false,
    facts: { version: 1 } as unknown as DigestFacts,
    factsHash: 'f'.repeat(64),
  });
  const { delivery } = await store.deliveries.create({
    id: randomUUID(),
    idempotencyKey: [subscription, slot, channel, address].join('/'),
    digestId: digest.id,
    subscription,
    slot,
    channel,
    address,
    recipientName: 'Sponsor',
    test: false,
  });
  return { digestId: digest.id, deliveryId: delivery.id };
}

/** What the last try left behind: it may have arrived. */
export async function outcomeUnknown(store: Store, deliveryId: string): Promise<void> {
  const sending = await store.deliveries.beginSending(deliveryId, 0);
  if (sending === null) throw new Error('another one sends it');
  await store.deliveries.finish(deliveryId, {
    state: 'unknown',
    attempts: sending.attempts,
    errorCode: 'delivery/unknown-outcome',
    errorMessage: 'the connection broke after the message was handed over',
  });
}
