import type {
  Clock,
  ConnectorConfig,
  FetchPurpose,
  HttpClient,
  HttpRequest,
  HttpResponse,
  Logger,
  SourceSignal,
} from '#kit';
import { OutturnError, PermanentError } from '#kit';
import { appendQuery, dropQuery, encodeForm, parseBase, requestAddress } from './address.ts';
import type { AddressPolicy } from './address-guard.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Exchange, WireRequest, WireResponse } from './exchange.ts';
import {
  blockedAddressError,
  cancellation,
  excerptOf,
  limitError,
  notJsonError,
  type RequestLabel,
  statusError,
} from './failures.ts';
import { parseRetryAfterMs } from './retry-after.ts';
import { readSourceSignal } from './source-signal.ts';
import type { Turns } from './turns.ts';

const MOST_REDIRECTS = 5;
/** The token that another process got may be over as well; the next one is this process's own. */
const MOST_RENEWALS = 2;

/** What all clients of one connector share. */
export interface Session {
  connector: ConnectorConfig;
  exchange: Exchange;
  authenticator: Authenticator;
  turns: Turns;
  redact(text: string): string;
}

/** What was answered, and what the source says about its limits; another host says nothing about them. */
interface Answer extends WireResponse {
  signal: SourceSignal | null;
}

interface Payload {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body: string | null;
  anonymous: boolean;
  tokenMember: HttpRequest['tokenMember'];
  isRefused: HttpRequest['isRefused'];
}

/** HTTP for one connector and one piece of work: aborting `signal` ends waiting and running requests. */
export function createClient(
  session: Session,
  signal: AbortSignal,
  tools: { clock: Clock; log: Logger; purpose: FetchPurpose },
): HttpClient {
  const { connector, redact } = session;
  const base = parseBase(connector.id, connector.http.url);
  const describe = (method: string, address: URL): RequestLabel => ({
    // Without the query: it may be long, and what is wrong is in the answer.
    label: `connector ${connector.id}: ${method} ${redact(address.origin + address.pathname)}`,
    address,
    proxy: null,
  });

  /** One request within the budget. Each hop and each repetition is one more that the source counts. */
  async function exchange(request: WireRequest, trusted: boolean): Promise<Answer> {
    const turn = await session.turns.take({ purpose: tools.purpose, timeoutMs: connector.http.timeoutMs }, signal);
    let answer: Answer | null = null;
    try {
      const response = await session.exchange(request, signal);
      answer = { ...response, signal: trusted ? readSourceSignal(response, tools.clock.nowMs()) : null };
      return answer;
    } finally {
      await turn.release({
        sent: true,
        begunWithinMs: answer === null ? null : answer.headersAtMs - turn.askedAtMs,
        signal: answer?.signal ?? null,
      });
    }
  }

  /** What an answer says of the credentials that it was asked with: true when others can be had. Throws what can be said better. */
  async function judge({ isRefused }: Payload, response: Answer, generation: number, label: string): Promise<boolean> {
    const { authenticator } = session;
    const isRefusal =
      response.status === 401 || authenticator.isRefusal?.(response) === true || (await isRefused?.(response)) === true;
    if (!isRefusal) authenticator.accepted?.(generation);
    else if (authenticator.refused(generation)) return true;
    const explained = authenticator.explain?.(response, label) ?? null;
    if (explained !== null) throw explained;
    return false;
  }

  async function send(payload: Payload, target: URL, renewals = 0): Promise<{ response: Answer; final: URL }> {
    let { method, body } = payload;
    let address = target;
    const home = base?.origin ?? target.origin;
    let generation = 0;
    for (let hop = 0; ; hop += 1) {
      const label = describe(method, address);
      const trusted = address.origin === home;
      const headers: Record<string, string> = {};
      const wire = new URL(address.href);
      const withCredentials = trusted && !payload.anonymous;
      // A token in it goes no further than the header would.
      let sentBody = body;
      // Redirects and next links may repeat the key: it must not stand there twice, nor go to another host.
      if (connector.http.auth.kind === 'query') dropQuery(wire, connector.http.auth.name);
      // Credentials and the operator's own headers go to the configured origin alone.
      if (trusted)
        for (const [name, value] of Object.entries(connector.http.headers)) headers[name.toLowerCase()] = value;
      const own = trusted ? { ...payload.headers } : harmless(payload.headers);
      if (body === null) {
        delete own['content-type'];
        delete headers['content-type'];
      }
      if (withCredentials) {
        const unsigned = { method, address: wire, headers: { ...headers, ...own }, body };
        const credentials = await session.authenticator.credentials(unsigned, signal);
        const inBody = bodyWithToken(body, payload.tokenMember, credentials.headers);
        sentBody = inBody.body;
        Object.assign(headers, inBody.headers);
        appendQuery(wire, credentials.query);
        if (credentials.search !== undefined) wire.search = credentials.search;
        generation = credentials.generation;
      }
      Object.assign(headers, own);
      const policy: AddressPolicy = trusted || connector.http.allowPrivateRedirects ? 'no-metadata' : 'no-private';
      const response = await exchange(
        {
          method,
          address: wire,
          headers,
          body: sentBody,
          policy,
          checkName: !trusted,
          showsCertificate: trusted,
          label,
        },
        trusted,
      );

      if (withCredentials && (await judge(payload, response, generation, label.label)) && renewals < MOST_RENEWALS)
        return await send(payload, target, renewals + 1);
      const location = response.headers['location'];
      if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined)
        return { response, final: address };
      const next = redirectTarget(label, location, address);
      if (hop >= MOST_REDIRECTS)
        throw new PermanentError('source/bad-request', `${label.label}: more than ${MOST_REDIRECTS} redirects`, {
          hint: 'The source sends requests round in circles: check url and auth.',
        });
      if (method === 'POST' && response.status === 303) {
        method = 'GET';
        body = null;
      } else if (method === 'POST' && (response.status < 303 || next.origin !== address.origin))
        // Following would lose the body, and the source would answer something else than what was asked; or carry it, with the
        // password that may stand in it, to another host.
        throw new PermanentError(
          'source/bad-request',
          `${label.label}: the source redirects (${response.status}) to ${redact(next.origin + next.pathname)}`,
          { hint: 'Write that address as url; if it is a login page, auth is missing or wrong.' },
        );
      address = next;
    }
  }

  function toResponse(request: HttpRequest, label: RequestLabel, response: WireResponse, final: URL): HttpResponse {
    const contentType = response.headers['content-type'] ?? '';
    let parsed: { value: unknown } | null = null;
    const json = (): unknown => {
      if (parsed === null) {
        try {
          parsed = { value: JSON.parse(response.body) };
        } catch {
          throw notJsonError(label.label, contentType, response.body, redact);
        }
      }
      return parsed.value;
    };
    const successful = response.status >= 200 && response.status < 300;
    if (successful && (request.expect ?? 'json') === 'json') json();
    return {
      status: response.status,
      headers: response.headers,
      body: response.body,
      url: redact(final.href),
      address: final.href,
      receivedAtMs: tools.clock.nowMs(),
      retryAfterMs: parseRetryAfterMs(response.headers['retry-after'], tools.clock.nowMs()),
      json,
    };
  }

  return {
    async request(request) {
      const method = request.method ?? 'GET';
      const target = requestAddress(connector.id, base, request);
      const label = describe(method, target);
      const startedAtMs = tools.clock.nowMs();
      try {
        const { response, final } = await send(
          {
            method,
            ...payloadOf(request),
            anonymous: request.anonymous === true,
            tokenMember: request.tokenMember,
            isRefused: request.isRefused,
          },
          target,
        );
        const finalLabel = describe(method, final);
        tools.log.debug(
          {
            connector: connector.id,
            method,
            url: redact(target.href),
            status: response.status,
            characters: response.body.length,
            durationMs: tools.clock.nowMs() - startedAtMs,
          },
          'source answered',
        );
        const accepted = request.acceptStatuses?.includes(response.status) === true;
        if (!accepted && (response.status < 200 || response.status > 299)) {
          const excerpt = excerptOf(response.body, redact, request.explain?.(response.body) ?? null);
          const retryAfterMs = parseRetryAfterMs(response.headers['retry-after'], tools.clock.nowMs());
          if (response.signal?.refused === true && (response.status === 403 || response.status === 429))
            throw limitError(
              finalLabel,
              response.status,
              excerpt,
              retryAfterMs ?? response.signal.pauseMs ?? undefined,
            );
          throw statusError(finalLabel, response.status, excerpt, retryAfterMs);
        }
        return toResponse(request, finalLabel, response, final);
      } catch (thrown) {
        if (thrown instanceof OutturnError) throw thrown;
        if (signal.aborted) throw cancellation(signal, label.label);
        throw thrown;
      }
    },
  };
}

function payloadOf(request: HttpRequest): Pick<Payload, 'headers' | 'body'> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  if (request.body === undefined) return { headers, body: null };
  if (typeof request.body === 'string')
    return { headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: request.body };
  if (request.bodyType === 'form')
    return {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: encodeForm(request.body),
    };
  return { headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(request.body) };
}

/** What a request asks for; another host gets nothing that may be a key. */
const HARMLESS = /^(?:accept(?:-.*)?|content-type|prefer|odata-.*|range|if-.*)$/;
const harmless = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.test(name)));

/** Takes the token out of the Authorization header and puts it into the JSON body, where a protocol wants it there. */
function bodyWithToken(
  body: string | null,
  member: string | undefined,
  headers: Record<string, string>,
): { body: string | null; headers: Record<string, string> } {
  const { authorization, ...others } = headers;
  if (member === undefined || body === null || authorization?.startsWith('Bearer ') !== true) return { body, headers };
  const members: Record<string, unknown> = JSON.parse(body);
  return {
    body: JSON.stringify({ ...members, [member]: authorization.slice('Bearer '.length) }),
    headers: others,
  };
}

function redirectTarget(label: RequestLabel, location: string, from: URL): URL {
  if (!URL.canParse(location, from.href))
    throw new PermanentError(
      'source/bad-request',
      `${label.label}: the source redirects to something that is no address`,
    );
  const next = new URL(location, from.href);
  if (next.protocol !== 'http:' && next.protocol !== 'https:')
    throw blockedAddressError(label.label, `a redirect to ${next.protocol}//`);
  next.username = '';
  next.password = '';
  next.hash = '';
  return next;
}
