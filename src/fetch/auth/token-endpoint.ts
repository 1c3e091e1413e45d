import { type Clock, PermanentError, RetryableError } from '#kit';
import { encodeForm } from '../address.ts';
import type { Exchange, WireResponse } from '../exchange.ts';
import { excerptOf, type RequestLabel, statusError } from '../failures.ts';
import { parseRetryAfterMs } from '../retry-after.ts';
import { coarseDuration } from './coarse-duration.ts';
import { basicHeader } from './fixed.ts';
import { formPart } from './secrets.ts';
import type { Token } from './token-keeper.ts';

export interface EndpointTools {
  connectorId: string;
  exchange: Exchange;
  clock: Clock;
  redact(text: string): string;
}
export interface TokenRequest {
  tokenUrl: string;
  fields: Readonly<Record<string, string | undefined>>;
  /** How the client shows who it is; null: by the fields alone. A client without a secret only names itself. */
  client: { id: string; secret: string | null } | null;
  /** Where that worked last. */
  clientIn: Token['clientIn'];
  /** What the credentials are, for the hint: `clientId, clientSecret and scopes`. */
  credentials: string;
}

/** A signature, an assertion or a token is refused when clocks differ by more than this. */
const TOLERABLE_SKEW_MS = 60_000;
/** RFC 6749 §5.2: what is no question of where the client's id and secret stand. */
const ABOUT_THE_GRANT = new Set([
  'invalid_grant',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'access_denied',
]);

/** Asks a token endpoint (RFC 6749 §3.2). Throws `source/unauthorised` naming it when it refuses. */
export async function requestToken(request: TokenRequest, tools: EndpointTools): Promise<Token> {
  const { connectorId, exchange, clock, redact } = tools;
  if (!URL.canParse(request.tokenUrl))
    throw new PermanentError('config/invalid-value', `connector ${connectorId}: auth.tokenUrl is not an address`);
  const address = new URL(request.tokenUrl);
  const label: RequestLabel = {
    label: `connector ${connectorId}: token request POST ${redact(address.origin + address.pathname)}`,
    address,
    proxy: null,
  };
  const { client, fields } = request;
  const send = (clientIn: 'header' | 'body'): Promise<WireResponse> => {
    const inBody = client === null ? {} : { client_id: client.id, client_secret: client.secret ?? undefined };
    return exchange(
      {
        method: 'POST',
        address,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          ...(clientIn === 'header' && client !== null
            ? { authorization: basicHeader(formPart(client.id), formPart(client.secret ?? '')) }
            : {}),
        },
        body: encodeForm(clientIn === 'body' ? { ...fields, ...inBody } : fields),
        policy: 'no-metadata',
        checkName: false,
        showsCertificate: true,
        label,
      },
      new AbortController().signal,
    );
  };
  // §2.3.1: the header is what every server must support; some refuse it all the same and want the fields in the body.
  let clientIn = client?.secret === null ? 'body' : (request.clientIn ?? 'header');
  let response = await send(clientIn);
  const first = parseObject(response.body);
  const isOpen = client !== null && client.secret !== null && request.clientIn === null;
  if (isOpen && [400, 401].includes(response.status) && !ABOUT_THE_GRANT.has(String(first?.['error']))) {
    clientIn = 'body';
    response = await send(clientIn);
  }

  const answer = parseObject(response.body);
  const error = answer?.['error'];
  if (response.status !== 200 || (typeof error === 'string' && error !== ''))
    throw refusal(request, response, answer, { ...tools, label });
  const value = answer?.['access_token'];
  if (typeof value !== 'string' || value === '')
    throw new PermanentError('source/unauthorised', `${label.label}: the answer carries no access_token`, {
      hint: 'Check auth.tokenUrl: it must be the OAuth2 token endpoint.',
    });
  const seconds = Number(answer?.['expires_in']);
  const refreshToken = answer?.['refresh_token'];
  const replaced = typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : null;
  return {
    headers: { authorization: `Bearer ${value}` },
    secrets: replaced === null ? [value] : [value, replaced],
    refreshToken: replaced,
    clientIn: client === null ? null : clientIn,
    lifetimeMs: answer?.['expires_in'] != null && seconds > 0 ? seconds * 1000 : DEFAULT_LIFETIME_MS,
  };
}
const DEFAULT_LIFETIME_MS = 300_000;

function refusal(
  request: TokenRequest,
  response: WireResponse,
  answer: Record<string, unknown> | null,
  { clock, redact, label }: EndpointTools & { label: RequestLabel },
): Error {
  const said = [answer?.['error'], answer?.['error_description']].filter((part) => typeof part === 'string').join(': ');
  const excerpt = excerptOf(said || response.body, redact);
  const nowMs = clock.nowMs();
  const error = statusError(label, response.status, excerpt, parseRetryAfterMs(response.headers['retry-after'], nowMs));
  if (error instanceof RetryableError) return error;
  const skew = clockDifference(response.headers['date'], nowMs);
  return new PermanentError('source/unauthorised', error.message, {
    hint: skew ?? `The token endpoint refuses the client: check auth.tokenUrl, ${request.credentials}.`,
    facts: { status: response.status, ...(typeof answer?.['error'] === 'string' ? { error: answer['error'] } : {}) },
  });
}

/** In words, when the clocks differ by more than any source puts up with; null otherwise. */
export function clockDifference(date: string | undefined, nowMs: number): string | null {
  const theirsMs = Date.parse(date ?? '');
  const aheadMs = nowMs - theirsMs;
  if (Number.isNaN(theirsMs) || Math.abs(aheadMs) < TOLERABLE_SKEW_MS) return null;
  const by = coarseDuration(Math.abs(aheadMs));
  return `This machine's clock is ${by} ${aheadMs > 0 ? 'ahead of' : 'behind'} the source's: set it by NTP, what is signed here is refused otherwise.`;
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
