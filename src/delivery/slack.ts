import { WebClient } from '@slack/web-api';
import {
  asOutturnError,
  type DeliveryOutcome,
  type Logger,
  type MessageRenderer,
  type OutgoingMessage,
  PermanentError,
  type RenderedSlackMessage,
  RetryableError,
  type SlackConfig,
} from '#kit';
import type { Channel } from './channel.ts';
import { platformCode, slackError } from './slack-errors.ts';

const REQUEST_TIMEOUT_MS = 20_000;
const EVENT_TYPE = 'outturn_digest';
/** Reconciliation looks back through so many pages of a channel's history. */
const HISTORY_PAGES = 5;
const HISTORY_PAGE_SIZE = 200;

interface SlackOptions {
  slack: SlackConfig;
  renderer: MessageRenderer;
  log: Logger;
  redact(text: string): string;
  timeoutMs?: number | undefined;
}

export function createSlack({ slack, renderer, log, redact, timeoutMs }: SlackOptions): Channel {
  const closing = new AbortController();

  /** A client whose requests end with the signal. */
  const connect = (signal: AbortSignal) =>
    new WebClient(slack.token, {
      ...(slack.apiUrl === null ? {} : { slackApiUrl: slack.apiUrl.replace(/\/*$/, '/') }),
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
      allowAbsoluteUrls: false,
      timeout: timeoutMs ?? REQUEST_TIMEOUT_MS,
      logger: quiet,
      fetch: (url, init) =>
        fetch(url, {
          ...init,
          signal: AbortSignal.any([signal, closing.signal, ...(init?.signal == null ? [] : [init.signal])]),
        }),
    });

  async function deliver(message: OutgoingMessage, signal: AbortSignal): Promise<DeliveryOutcome> {
    const rendered = await renderer.slack(message.facts, { test: message.test, signal });
    if (signal.aborted) throw new RetryableError('queue/cancelled', 'Stopped before the message was sent');
    const client = connect(signal);
    const fileId = rendered.chart === null ? null : await uploadChart(client, rendered.chart);
    try {
      return await post(client, message, rendered.text, withChart(rendered, fileId));
    } catch (error) {
      // Slack refuses an image that it is still processing: better the figures without it than no digest.
      if (fileId !== null && platformCode(error) === 'invalid_blocks')
        return await post(client, message, rendered.text, rendered.blocks).catch((again) => failed(again, message));
      return failed(error, message);
    }
  }

  async function post(
    client: WebClient,
    { address, idempotencyKey }: OutgoingMessage,
    text: string,
    blocks: Record<string, unknown>[],
  ): Promise<DeliveryOutcome> {
    const answer = await client.apiCall('chat.postMessage', {
      channel: address,
      text,
      blocks,
      metadata: { event_type: EVENT_TYPE, event_payload: { idempotency_key: idempotencyKey } },
      unfurl_links: false,
      unfurl_media: false,
    });
    return { state: 'sent', messageId: `${field(answer, 'channel') ?? address}/${field(answer, 'ts') ?? ''}` };
  }

  function failed(error: unknown, { address }: OutgoingMessage): DeliveryOutcome {
    const found = slackError(error, { address, redact });
    if (found.kind === 'unknown') return { state: 'unknown', reason: found.reason };
    throw found.error;
  }

  /** The chart's file id; null when it cannot be uploaded, for the figures matter more than their picture. */
  async function uploadChart(
    client: WebClient,
    { png, filename, altText }: NonNullable<RenderedSlackMessage['chart']>,
  ): Promise<string | null> {
    try {
      const target = await client.files.getUploadURLExternal({ filename, length: png.length, alt_text: altText });
      if (target.upload_url === undefined || target.file_id === undefined) return null;
      const body = new Uint8Array(png);
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timeoutMs ?? REQUEST_TIMEOUT_MS)]);
      const sent = await fetch(target.upload_url, { method: 'POST', body, signal });
      if (!sent.ok) throw new Error(`the upload was answered with ${sent.status}`);
      await client.files.completeUploadExternal({ files: [{ id: target.file_id, title: filename }] });
      return target.file_id;
    } catch (error) {
      const reason = redact(error instanceof Error ? error.message : String(error));
      log.warn({ channel: 'slack', reason }, 'The chart could not be uploaded; the message goes without it');
      return null;
    }
  }

  async function reconcile(address: string, idempotencyKey: string) {
    const client = connect(closing.signal);
    try {
      const channel = await conversationOf(client, address);
      let cursor: string | undefined;
      for (let page = 0; page < HISTORY_PAGES; page += 1) {
        const answer = await client.conversations.history({
          channel,
          limit: HISTORY_PAGE_SIZE,
          include_all_metadata: true,
          ...(cursor === undefined ? {} : { cursor }),
        });
        const found = answer.messages?.find(({ metadata }) => carries(metadata, idempotencyKey));
        if (found?.ts !== undefined) return { messageId: `${channel}/${found.ts}` };
        cursor = answer.response_metadata?.next_cursor;
        if (answer.has_more !== true || cursor === undefined || cursor === '') return 'absent' as const;
      }
      return 'cannot-tell' as const;
    } catch (error) {
      const found = slackError(error, { address, redact });
      if (found.kind === 'error' && found.error instanceof RetryableError) throw found.error;
      log.warn({ channel: 'slack', address }, 'The history of the channel cannot be read to reconcile a delivery');
      return 'cannot-tell' as const;
    }
  }

  async function check(): Promise<void> {
    try {
      await connect(closing.signal).auth.test();
    } catch (error) {
      const code = platformCode(error);
      const found = slackError(error, { address: 'nobody', redact });
      if (code !== null)
        throw new PermanentError('delivery/rejected', `Slack refuses the token: ${code}`, {
          hint: found.kind === 'error' ? found.error.hint : undefined,
        });
      throw new RetryableError(
        'delivery/unreachable',
        `Slack does not answer: ${redact(asOutturnError(error).message)}`,
        {
          hint: 'Check settings.slack.apiUrl, and the way from this host to it.',
        },
      );
    }
  }

  return { deliver, reconcile, check, close: async () => closing.abort() };
}

/** A direct message to a person has a conversation of its own. */
async function conversationOf(client: WebClient, address: string): Promise<string> {
  if (!/^[UW][A-Z0-9]+$/.test(address)) return address;
  const opened = await client.conversations.open({ users: address });
  return opened.channel?.id ?? address;
}

/** Before the footer: a divider and a context. */
function withChart({ blocks, chart }: RenderedSlackMessage, fileId: string | null): Record<string, unknown>[] {
  if (chart === null || fileId === null) return blocks;
  return blocks.toSpliced(-2, 0, { type: 'image', slack_file: { id: fileId }, alt_text: chart.altText });
}

function field(answer: object, name: string): string | null {
  const value: unknown = Reflect.get(answer, name);
  return typeof value === 'string' ? value : null;
}

function carries(metadata: unknown, idempotencyKey: string): boolean {
  if (typeof metadata !== 'object' || metadata === null || !('event_payload' in metadata)) return false;
  const payload: unknown = metadata.event_payload;
  return (
    typeof payload === 'object' &&
    payload !== null &&
    'idempotency_key' in payload &&
    payload.idempotency_key === idempotencyKey
  );
}

/** What matters is thrown; the client's own log lines would say it twice, and not redacted. */
const quiet = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => 'error' as never,
  setName: () => undefined,
};
