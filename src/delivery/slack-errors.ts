import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';
import { type OutturnError, PermanentError, RetryableError } from '#kit';

type Found = { kind: 'unknown'; reason: string } | { kind: 'error'; error: OutturnError };

/** Errors that stay until a person acts, and what to do; https://docs.slack.dev/reference/methods/chat.postMessage */
const remedies: Readonly<Record<string, string>> = {
  channel_not_found:
    'Check the channel id of the subscription’s target; a private channel must be joined by the app first.',
  not_in_channel: 'Invite the app to the channel: /invite @Outturn.',
  is_archived: 'Unarchive the channel, or name another in the subscription.',
  invalid_auth: 'Check settings.slack.token: it must be a bot token (xoxb-…) of this workspace.',
  not_authed: 'Set settings.slack.token.',
  account_inactive: 'The token’s app or user was removed: install the app again and set settings.slack.token.',
  token_revoked: 'Install the app again and set settings.slack.token.',
  token_expired: 'Set a new settings.slack.token.',
  missing_scope:
    'Add the scopes chat:write and files:write (and channels:history for reconciliation) to the app and install it again.',
  no_permission: 'A workspace setting forbids the app to post there.',
  restricted_action: 'A workspace setting forbids the app to post there.',
  user_not_found: 'Check the user id of the subscription’s target.',
  cannot_dm_bot: 'Name a person or a channel as target.',
  invalid_blocks: 'Report this: the message does not have the form that Slack demands.',
};

/** Slack documents that the message may have been posted all the same. */
const DOUBTFUL = new Set(['fatal_error', 'internal_error', 'request_timeout']);
const BUSY = new Set([
  'service_unavailable',
  'team_added_to_org',
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
]);
/** Failures before a request can have arrived. */
const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The error code of Slack's answer, when it answered. */
export function platformCode(error: unknown): string | null {
  return error instanceof WebAPIPlatformError ? error.data.error : null;
}

export function slackError(
  thrown: unknown,
  { address, redact }: { address: string; redact(text: string): string },
): Found {
  const retry = (code: OutturnError['code'], message: string, retryAfterMs?: number): Found => ({
    kind: 'error',
    error: new RetryableError(code, message, { retryAfterMs }),
  });
  if (thrown instanceof WebAPIRateLimitedError)
    return retry('delivery/rate-limited', `Slack asks to wait before posting to ${address}`, thrown.retryAfter * 1000);
  if (thrown instanceof WebAPIPlatformError) return platformError(thrown, address);
  if (thrown instanceof WebAPIHTTPError) {
    if (thrown.statusCode === 503) return retry('delivery/unreachable', `Slack is not available (503) for ${address}`);
    if (thrown.statusCode >= 500)
      return { kind: 'unknown', reason: `Slack answered ${thrown.statusCode} to the message for ${address}` };
    const message = `Slack rejects the message to ${address} with status ${thrown.statusCode}`;
    return {
      kind: 'error',
      error: new PermanentError('delivery/rejected', message, { hint: 'Check settings.slack.apiUrl.' }),
    };
  }
  if (thrown instanceof WebAPIRequestError) {
    const codes = [thrown.original, thrown.original.cause].flatMap((error) =>
      error instanceof Error && 'code' in error ? [String(error.code)] : [],
    );
    if (codes.some((code) => NEVER_CONNECTED.has(code)))
      return retry(
        'delivery/unreachable',
        `Slack cannot be reached (${codes.join(', ')}) for the message to ${address}`,
      );
    return { kind: 'unknown', reason: redact(`No answer of Slack to the message for ${address}: ${thrown.message}`) };
  }
  const message = redact(thrown instanceof Error ? thrown.message : String(thrown));
  return retry('internal', `The message to ${address} could not be sent: ${message}`);
}

function platformError({ data }: WebAPIPlatformError, address: string): Found {
  const code = data.error;
  if (DOUBTFUL.has(code)) return { kind: 'unknown', reason: `Slack answered ${code} to the message for ${address}` };
  if (BUSY.has(code))
    return {
      kind: 'error',
      error: new RetryableError('delivery/rate-limited', `Slack answered ${code} for ${address}`),
    };
  const detail = code === 'missing_scope' && 'needed' in data ? ` (needs ${String(data.needed)})` : '';
  const message = `Slack refuses the message to ${address}: ${code}${detail}`;
  const hint = remedies[code] ?? `See https://docs.slack.dev/reference/methods/chat.postMessage for ${code}.`;
  return { kind: 'error', error: new PermanentError('delivery/rejected', message, { hint }) };
}
