import { type DeliveryRow, OutturnError, type Store } from '#kit';

/**
 * A person says whether a message arrived. What did not is sent by a new job; failed jobs of the message want no decision any
 * more. Throws `usage` when its outcome is not unknown.
 */
export function settleDelivery(
  store: Store,
  row: DeliveryRow,
  verdict: { arrived: boolean; by: string; reason: string | null },
): Promise<{ delivery: DeliveryRow; jobId: string | null }> {
  return store.transaction(async (tx) => {
    const delivery = await tx.deliveries.settle(row.id, verdict);
    if (delivery === null)
      throw new OutturnError(
        'usage',
        `The delivery ${row.id.slice(0, 8)} is ${row.state}: there is nothing to settle.`,
        {
          hint: '`outturn deliveries --state unknown` lists those that a person must settle.',
        },
      );
    const reason = verdict.arrived
      ? 'the message was settled as sent'
      : 'the message was settled as not sent; another job sends it';
    for (const job of await tx.jobs.ofKey('deliver-message', row.id, 100))
      if (job.state === 'failed') await tx.deadLetters.discard(job.id, verdict.by, reason);
    if (verdict.arrived) return { delivery, jobId: null };
    const cause = `settled by ${verdict.by}`;
    const job = await tx.outbox.enqueue({ kind: 'deliver-message', args: { deliveryId: row.id }, cause });
    return { delivery, jobId: job.id };
  });
}
