import type { DigestFacts } from '../../domain/digest/facts.ts';
import type { DeliveryChannel } from '../config.ts';

export interface OutgoingMessage {
  channel: DeliveryChannel;
  address: string;
  recipientName: string;
  facts: DigestFacts;
  /** Deterministic: the same delivery always carries the same one. */
  idempotencyKey: string;
  test: boolean;
}
/** `unknown`: it may have arrived; only reconciliation may decide about another try. */
export type DeliveryOutcome = { state: 'sent'; messageId: string } | { state: 'unknown'; reason: string };
export interface Messenger {
  /** Throws RetryableError when it surely was not delivered and may be later, PermanentError when it never will. */
  deliver(message: OutgoingMessage, signal: AbortSignal): Promise<DeliveryOutcome>;
  /** Whether a delivery of that key did arrive, as far as the channel can tell. */
  reconcile(
    channel: DeliveryChannel,
    address: string,
    idempotencyKey: string,
  ): Promise<{ messageId: string } | 'absent' | 'cannot-tell'>;
}

export interface MailAttachment {
  filename: string;
  contentType: string;
  body: Buffer;
  /** Content-ID for `cid:` references in the HTML. */
  contentId: string;
}
export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
  attachments: MailAttachment[];
}
export interface RenderedSlackMessage {
  /** Fallback and notification text. */
  text: string;
  blocks: Record<string, unknown>[];
  chart: { png: Buffer; altText: string; filename: string } | null;
}
export interface RenderOptions {
  /** Ends the rendering, which then rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}
/** Facts → a channel's form. Injected into `src/delivery`, so that adapters need not know each other. */
export interface MessageRenderer {
  mail(facts: DigestFacts, options: RenderOptions & { test: boolean }): Promise<RenderedMail>;
  slack(facts: DigestFacts, options: RenderOptions & { test: boolean }): Promise<RenderedSlackMessage>;
}
