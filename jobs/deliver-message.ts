import { z } from 'zod';
import { digestForReader } from '#domain';
import {
  asOutturnError,
  type DeliveryRow,
  defineJob,
  type JobContext,
  messageEffect,
  type OutturnError,
  PermanentError,
  RetryableError,
} from '#kit';

const args = z.strictObject({ deliveryId: z.string().min(1) });

const timeoutMs = 60_000;
const maxAttempts = 8;

/** Sends one delivery of the ledger. What may have arrived is looked up before anything is sent again. */
export const deliverMessage = defineJob({
  kind: 'deliver-message',
  version: 1,
  queue: 'delivery',
  args,
  attempts: maxAttempts,
  backoff: { baseMs: 5_000, capMs: 900_000 },
  timeoutMs,
  dedupeKey: ({ deliveryId }) => deliveryId,
  async preview({ deliveryId }, { store }) {
    const delivery = await store.deliveries.get(deliveryId);
    return delivery === null ? [] : [messageEffect(delivery)];
  },
  async run({ deliveryId }, ctx) {
    const { store, messenger, metrics, redact } = ctx.ports;
    const { deliveries } = store;
    const delivery = await deliveries.get(deliveryId);
    const digest = delivery === null ? null : await store.digests.get(delivery.digestId);
    if (delivery === null || digest === null) throw new PermanentError('not-found', `No delivery ${deliveryId}`);
    const { channel, address, recipientName, idempotencyKey, test } = delivery;
    if (delivery.state === 'sent') return { state: 'sent', messageId: delivery.messageId };
    if (delivery.state === 'sending') await abandon(ctx, delivery);
    if (delivery.state === 'sending' || delivery.state === 'unknown') {
      const found = await messenger.reconcile(channel, address, idempotencyKey);
      if (found === 'cannot-tell')
        throw new PermanentError(
          'delivery/unknown-outcome',
          `Whether ${channel} to ${recipientName} arrived is not known`,
          {
            hint: 'Ask the recipient; send again by hand only if it did not arrive.',
          },
        );
      if (found !== 'absent') return settled(found.messageId);
    }
    // Not done: should the other one die, this job is what looks after the message.
    const sending = await deliveries.beginSending(deliveryId, delivery.attempts);
    if (sending === null)
      throw new RetryableError('delivery/unknown-outcome', 'Another worker is sending it', { retryAfterMs: timeoutMs });
    const facts = digestForReader(digest.facts, delivery.currency);
    const message = { channel, address, recipientName, facts, idempotencyKey, test };
    const { attempts } = sending;
    const outcome = await messenger.deliver(message, ctx.signal).catch((thrown) => notSent(asOutturnError(thrown)));
    if (outcome.state === 'sent') return settled(outcome.messageId);
    return notSent(new RetryableError('delivery/unknown-outcome', outcome.reason));

    async function notSent(error: OutturnError): Promise<never> {
      const waits = error instanceof RetryableError && error.retryAfterMs !== undefined;
      const failed = error instanceof PermanentError || (ctx.attempt >= maxAttempts && !waits);
      const state = error.code === 'delivery/unknown-outcome' ? 'unknown' : failed ? 'failed' : 'pending';
      const errorMessage = redact(error.message);
      await deliveries.finish(deliveryId, { state, attempts, errorCode: error.code, errorMessage });
      metrics.deliveryFinished({ channel, state: state === 'pending' ? 'retried' : state });
      throw error;
    }

    async function settled(messageId: string) {
      await deliveries.finish(deliveryId, { state: 'sent', messageId });
      metrics.deliveryFinished({ channel, state: 'sent' });
      return { state: 'sent', messageId };
    }
  },
});

/** A row left in `sending`: wait while its sender may still live, then its outcome counts as unknown. */
async function abandon({ ports }: JobContext, { id, attempts, updatedAtMs }: DeliveryRow): Promise<void> {
  const retryAfterMs = updatedAtMs + timeoutMs - ports.clock.nowMs();
  const message = 'A sender stopped while sending';
  if (retryAfterMs > 0) throw new RetryableError('delivery/unknown-outcome', message, { retryAfterMs });
  const outcome = { state: 'unknown', errorCode: 'delivery/unknown-outcome', errorMessage: message } as const;
  await ports.store.deliveries.finish(id, { ...outcome, attempts });
}
