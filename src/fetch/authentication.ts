import type { AuthConfig, Clock } from '#kit';
import { PermanentError, RetryableError } from '#kit';
import { encodeForm } from './address.ts';
import type { Exchange } from './exchange.ts';
import { excerptOf, type RequestLabel, statusError } from './failures.ts';
import { parseRetryAfterMs } from './retry-after.ts';

/** What credentials add to a request. */
export interface Credentials {
  headers: Record<string, string>;
  query: Record<string, string>;
  /** Names the token in use, so that one refused with 401 is thrown away once. */
  generation: number;
}
export interface Authenticator {
  credentials(signal: AbortSignal): Promise<Credentials>;
  /** After a 401: true when other credentials can be had and one more try makes sense. */
  refresh(generation: number): boolean;
}

/** A token is renewed this much before it ends: requests under way must not outlive it. */
const RENEW_BEFORE_MS = 30_000;
const DEFAULT_LIFETIME_MS = 300_000;

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** Everything of an auth block that must never be shown. */
export function secretsOf(auth: AuthConfig): string[] {
  switch (auth.kind) {
    case 'none':
      return [];
    case 'basic':
      return [auth.password, `${auth.username}:${auth.password}`];
    case 'bearer':
      return [auth.token];
    case 'header':
      return Object.values(auth.values);
    case 'query':
      return [auth.value];
    case 'oauth2':
      return [auth.clientSecret, `${formPart(auth.clientId)}:${formPart(auth.clientSecret)}`];
    case 'jwt':
      return [auth.privateKey];
    case 'sigv4':
      return [auth.secretAccessKey, ...(auth.sessionToken === null ? [] : [auth.sessionToken])];
    case 'session':
      return [auth.password];
  }
}

export function createAuthenticator(
  auth: AuthConfig,
  tools: {
    connectorId: string;
    exchange: Exchange;
    clock: Clock;
    addSecret(secret: string): void;
    redact(text: string): string;
  },
): Authenticator {
  const fixed = (headers: Record<string, string>, query: Record<string, string> = {}): Authenticator => ({
    credentials: async () => ({ headers, query, generation: 0 }),
    refresh: () => false,
  });
  switch (auth.kind) {
    case 'none':
      return fixed({});
    case 'basic':
      return fixed({ authorization: basic(auth.username, auth.password) });
    case 'bearer':
      return fixed({ authorization: `Bearer ${auth.token}` });
    case 'header':
      return fixed(Object.fromEntries(Object.entries(auth.values).map(([name, value]) => [name.toLowerCase(), value])));
    case 'query':
      return fixed({}, { [auth.name]: auth.value });
    case 'oauth2':
      return clientCredentials(auth, tools);
    case 'jwt':
    case 'sigv4':
    case 'session':
      throw new PermanentError(
        'config/invalid-value',
        `connector ${tools.connectorId}: auth ${auth.kind} is not there`,
      );
  }
}

interface Token {
  value: string;
  expiresAtMs: number;
  generation: number;
}

/** RFC 6749 §4.4. One token for all requests; callers that arrive while it is fetched wait for the same fetch. */
function clientCredentials(
  auth: Extract<AuthConfig, { kind: 'oauth2' }>,
  tools: Parameters<typeof createAuthenticator>[1],
): Authenticator {
  let token: Token | null = null;
  let fetching: Promise<Token> | null = null;
  let generation = 0;

  const current = async (): Promise<Token> => {
    if (token !== null && tools.clock.nowMs() < token.expiresAtMs) return token;
    // Not the caller's signal: others may wait for the same token. The exchange has its own time-out.
    fetching ??= fetchToken(auth, tools)
      .then((fresh) => {
        generation += 1;
        token = { ...fresh, generation };
        return token;
      })
      .finally(() => {
        fetching = null;
      });
    return await fetching;
  };

  return {
    async credentials(signal) {
      const { value, generation } = await orAborted(current(), signal);
      return { headers: { authorization: `Bearer ${value}` }, query: {}, generation };
    },
    refresh(refused) {
      if (token?.generation === refused) token = null;
      return true;
    },
  };
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

async function fetchToken(
  auth: Extract<AuthConfig, { kind: 'oauth2' }>,
  { connectorId, exchange, clock, addSecret, redact }: Parameters<typeof createAuthenticator>[1],
): Promise<Omit<Token, 'generation'>> {
  if (!URL.canParse(auth.tokenUrl))
    throw new PermanentError('config/invalid-value', `connector ${connectorId}: auth.tokenUrl is not an address`);
  const address = new URL(auth.tokenUrl);
  const label: RequestLabel = {
    label: `connector ${connectorId}: token request POST ${redact(address.origin + address.pathname)}`,
    address,
    proxy: null,
  };
  const grant = {
    grant_type: 'client_credentials',
    scope: auth.scopes.length === 0 ? undefined : auth.scopes.join(' '),
  };
  const send = (inBody: boolean) =>
    exchange(
      {
        method: 'POST',
        address,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          ...(inBody ? {} : { authorization: basic(formPart(auth.clientId), formPart(auth.clientSecret)) }),
        },
        body: encodeForm(inBody ? { ...grant, client_id: auth.clientId, client_secret: auth.clientSecret } : grant),
        policy: 'no-metadata',
        checkName: false,
        label,
      },
      new AbortController().signal,
    );
  const startedAtMs = clock.nowMs();
  // §2.3.1: the header is what every server must support; some refuse it all the same and want the fields in the body.
  let response = await send(false);
  if (response.status === 400 || response.status === 401) response = await send(true);

  const answer = parseObject(response.body);
  if (response.status !== 200) {
    const excerpt = excerptOf(
      [answer?.['error'], answer?.['error_description']].filter((part) => typeof part === 'string').join(': ') ||
        response.body,
      redact,
    );
    const error = statusError(
      label,
      response.status,
      excerpt,
      parseRetryAfterMs(response.headers['retry-after'], clock.nowMs()),
    );
    if (error instanceof RetryableError) throw error;
    throw new PermanentError('source/unauthorised', error.message, {
      hint: 'The token endpoint refuses the client: check auth.tokenUrl, clientId, clientSecret and scopes.',
      facts: { status: response.status },
    });
  }
  const value = answer?.['access_token'];
  if (typeof value !== 'string' || value === '')
    throw new PermanentError('source/unauthorised', `${label.label}: the answer carries no access_token`, {
      hint: 'Check auth.tokenUrl: it must be the OAuth2 token endpoint.',
    });
  addSecret(value);
  const seconds = Number(answer?.['expires_in']);
  const lifetimeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : DEFAULT_LIFETIME_MS;
  const marginMs = Math.min(RENEW_BEFORE_MS, lifetimeMs / 10);
  return { value, expiresAtMs: startedAtMs + lifetimeMs - marginMs };
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they go into the Basic header. */
function formPart(text: string): string {
  return encodeForm({ x: text }).slice(2);
}

function parseObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
