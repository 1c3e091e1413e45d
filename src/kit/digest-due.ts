import { createFormat, type DigestReason, digestReason, slotInstantMs } from '../domain/index.ts';
import type { ComposedDigest } from './compose-digest.ts';
import type { SubscriptionConfig } from './config.ts';
import type { Store } from './store/index.ts';

/** A digest that goes out later than that after its slot says so. */
const LATE_AFTER_MS = 3_600_000;

/**
 * Why the digest of a slot goes out; null: it is left out, and that is noted. One that was made for the slot already stays
 * as it is, whatever moved since.
 */
export async function whyDue(
  { digests }: Pick<Store, 'digests'>,
  subscription: SubscriptionConfig,
  slot: string,
  composed: ComposedDigest,
): Promise<DigestReason | { because: 'made-before' } | null> {
  const { id, when, thresholds, heartbeat } = subscription;
  if (when === 'always') return { because: 'always' };
  const { previous } = composed;
  if (previous === null) return { because: 'first' };
  if ((await digests.find(id, slot)) !== null) return { because: 'made-before' };
  const silent = heartbeat === null ? 0 : await digests.leftOut(id, previous.id, slot);
  const before = { ...previous, outputs: composed.previousOutputs };
  const reason = digestReason({ when, thresholds, heartbeat }, composed, before, silent);
  if (reason === null) await digests.leaveOut({ subscription: id, slot, sinceDigestId: previous.id });
  return reason;
}

/** Said above everything else: that it is late, or that it only shows that the subscription is alive. */
export function digestNotices(
  slot: string,
  nowMs: number,
  { locale, timeZone, when }: SubscriptionConfig,
  heartbeatSince: number | null,
): string | null {
  const format = createFormat({ locale, timeZone, currency: 'EUR' });
  const notices: string[] = [];
  const dueMs = slotInstantMs(slot);
  if (dueMs !== null && nowMs - dueMs >= LATE_AFTER_MS)
    notices.push(`This digest is late: it was due ${format.instant(dueMs)}.`);
  if (heartbeatSince !== null) {
    const since = format.instant(heartbeatSince);
    const what = when === 'threshold' ? 'No figure moved by as much as its threshold' : 'Nothing changed';
    notices.push(`${what} since the digest of ${since}; this one shows that the subscription is alive.`);
  }
  return notices.length === 0 ? null : notices.join(' ');
}
