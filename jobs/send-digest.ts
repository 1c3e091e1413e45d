import { z } from 'zod';
import {
  composeDigest,
  defineJob,
  digestNotices,
  messageEffect,
  PermanentError,
  recipientsOf,
  saveDigest,
  whyDue,
} from '#kit';

const args = z.strictObject({
  subscription: z.string().min(1),
  /** The schedule's slot, or the id of the request by hand: one digest for each. */
  slot: z.string().min(1).max(200),
  test: z.boolean().optional(),
});

/** Makes the digest of a subscription's slot once, and with it a delivery for each target, in one transaction. */
export const sendDigest = defineJob({
  kind: 'send-digest',
  version: 1,
  queue: 'delivery',
  args,
  attempts: 6,
  backoff: { baseMs: 2_000, capMs: 300_000 },
  // A portfolio's projects are computed for it, as they are now and as they were told last.
  timeoutMs: 300_000,
  dedupeKey: ({ subscription, slot, test }) => `${subscription}/${slot}${test === true ? '/test' : ''}`,
  async preview({ subscription: id, slot: requested, test = false }, { store, config }) {
    const digest = await store.digests.find(id, test ? `test/${requested}` : requested);
    const deliveries = digest === null ? [] : await store.deliveries.search({ digestId: digest.id, limit: 1_000 });
    const targets = config.subscriptions.find((candidate) => candidate.id === id)?.targets ?? [];
    const isThere = (address: string): boolean => deliveries.some((delivery) => delivery.address === address);
    return [
      digest === null
        ? { effect: `digest ${id} of ${requested}`, state: 'to-do', detail: 'composed from the newest figures' }
        : { effect: `digest ${id} of ${requested}`, state: 'done', detail: 'composed before; it stays as it is' },
      ...deliveries.reverse().map(messageEffect),
      ...targets
        .filter(({ address }) => !isThere(address))
        .map(
          ({ channel, address }) =>
            ({ effect: `message to ${address} by ${channel}`, state: 'to-do', detail: null }) as const,
        ),
    ];
  },
  async run({ subscription: id, slot: requested, test = false }, { jobId, signal, ports }) {
    const { config, store, clock, newId } = ports;
    const subscription = config.subscriptions.find((candidate) => candidate.id === id);
    if (subscription === undefined)
      throw new PermanentError('not-found', `No subscription ${id}`, {
        hint: `Known are: ${config.subscriptions.map((known) => known.id).join(', ') || 'none'}.`,
      });
    const slot = test ? `test/${requested}` : requested;
    const composed = await composeDigest(ports, subscription, { settled: true, signal });
    const { about, previous } = composed;
    const { recipients, refused } = recipientsOf(config, subscription, about);
    if (recipients.length === 0) throw nobodyMayKnow(id, about.id, refused);
    const reason = test ? ({ because: 'test' } as const) : await whyDue(store, subscription, slot, composed);
    if (reason === null)
      return { state: 'unchanged', when: subscription.when, since: previous?.slot ?? null, deliveries: [] };
    const quietSince = reason.because === 'heartbeat' ? (previous?.createdAtMs ?? null) : null;
    const facts = { ...composed.facts, notice: digestNotices(slot, clock.nowMs(), subscription, quietSince) };
    signal.throwIfAborted();
    return store.transaction(async (tx) => {
      const digest = await saveDigest(tx, newId, composed, { subscription: id, slot, test, facts });
      const deliveries: string[] = [];
      for (const { target: recipient, currency } of recipients) {
        const { channel, address, name, stakeholder } = recipient;
        const idempotencyKey = [id, slot, channel, address].join('/');
        const target = { channel, address, recipientName: name, stakeholder, currency, subscription: id, slot, test };
        const { delivery, created } = await tx.deliveries.create({
          ...target,
          id: newId(),
          idempotencyKey,
          digestId: digest.id,
        });
        deliveries.push(delivery.id);
        const intent = { kind: 'deliver-message', args: { deliveryId: delivery.id }, cause: `digest ${id} ${slot}` };
        if (created) await tx.outbox.enqueue({ ...intent, parentId: jobId });
      }
      return { state: 'composed', digestId: digest.id, deliveries, reason, ...(refused.length > 0 ? { refused } : {}) };
    });
  },
});

const nobodyMayKnow = (subscription: string, about: string, refused: readonly string[]): PermanentError =>
  new PermanentError(
    'config/invalid-value',
    `The subscription ${subscription} is for nobody who may be told of ${about}: it is outside the scopes of ${refused.join(', ')}`,
    { hint: 'Widen the scopes of these stakeholders, or take them out of the subscription.' },
  );
