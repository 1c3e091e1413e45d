import type { DeliveryOutcome, OutgoingMessage } from '#kit';

/** One channel's half of the messenger. */
export interface Channel {
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<DeliveryOutcome>;
  reconcile(address: string, idempotencyKey: string): Promise<{ messageId: string } | 'absent' | 'cannot-tell'>;
  /** Connects and logs in, sends nothing; throws as `deliver` does. */
  check(): Promise<void>;
  close(): Promise<void>;
}
