import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import type {
  BudgetLedger,
  BudgetLimits,
  Clock,
  ConnectorConfig,
  FetchFactory,
  Logger,
  Metrics,
  Redactor,
  SecretBox,
  SessionProtocol,
  TokenStore,
} from '#kit';
import { parseBase } from './address.ts';
import { createAuthenticator } from './auth/create.ts';
import { fixedCredentials } from './auth/fixed.ts';
import { createMemoryTokens } from './auth/memory-tokens.ts';
import { maskSignatures, secretsOf } from './auth/secrets.ts';
import { createClient, type Session } from './client.ts';
import { createExchange } from './exchange.ts';
import { createTurns, type Turns } from './turns.ts';

const MASK = '[redacted]';
/** Tokens of one connector that stay known as secrets; older ones have ended. */
const TOKENS_KEPT_SECRET = 16;

export interface FetchTools {
  redactor: Redactor;
  log: Logger;
  clock: Clock;
  /** Who grants requests: the store's `budgets`, so that all processes ask the same one. */
  budgets: BudgetLedger;
  /**
   * Where tokens and sessions are shared by all processes, and what encrypts them there. Absent, or without a key: they live
   * in this process alone.
   */
  tokens?: { store: TokenStore; box: SecretBox | null } | undefined;
  /** How `auth: { kind: session }` logs in to sources of a kind. Absent: no kind has one. */
  sessionOf?: ((kind: string) => SessionProtocol | undefined) | undefined;
  /** Credentials are tried although they were refused not long ago: somebody asks to know. */
  asksAnew?: boolean | undefined;
  /** `host:pid`, for who looks into the ledger. */
  instance?: string | undefined;
  metrics?: Pick<Metrics, 'budgetTurn'> | undefined;
}

/**
 * Clients for connectors. Connections belong to the connector and are shared by all its clients of this process; they begin
 * anew when its settings or certificate files change. A token belongs to its credentials and is shared by all processes, the
 * budget to the account and is shared by all connectors and all processes that name it.
 */
export function createFetchFactory(tools: FetchTools): FetchFactory {
  const turns = new Map<string, Turns>();
  // Two factories of one process are two that wait.
  const holder = `${tools.instance ?? process.pid}:${randomUUID().slice(0, 8)}`;
  const turnsOf = (limits: BudgetLimits): Turns => {
    const key = JSON.stringify(limits);
    const { budgets: ledger, log, metrics } = tools;
    const known = turns.get(key) ?? createTurns({ ledger, limits, holder, newId: randomUUID, log, metrics });
    turns.set(key, known);
    return known;
  };
  const sessions = new Map<string, { settings: string; session: Session }>();
  const box = tools.tokens?.box ?? null;
  const tokens = box === null || tools.tokens === undefined ? createMemoryTokens(tools.clock) : tools.tokens.store;
  const neverAborted = new AbortController().signal;

  function open(connector: ConnectorConfig): Session {
    const { http } = connector;
    parseBase(connector.id, http.url);
    for (const secret of secretsOf(http.auth)) tools.redactor.add(secret);
    if (http.tls.keyPassphrase !== null) tools.redactor.add(http.tls.keyPassphrase);
    const proxyPassword = http.proxy !== null && URL.canParse(http.proxy) ? new URL(http.proxy).password : '';
    if (proxyPassword !== '') tools.redactor.add(decodeURIComponent(proxyPassword));
    const redact = (text: string): string => maskSignatures(maskQueryKey(connector, tools.redactor.text(text)), MASK);
    const exchange = createExchange(connector.id, http, redact);
    const shared = { connector, exchange, turns: turnsOf(http.budget), redact };
    const authenticator = createAuthenticator(connector, {
      exchange,
      clock: tools.clock,
      log: tools.log,
      addSecret: keepSecret(tools.redactor),
      redact,
      tokens,
      box,
      asksAnew: tools.asksAnew === true,
      protocol: tools.sessionOf?.(connector.kind),
      anonymous: () =>
        createClient({ ...shared, authenticator: fixedCredentials({ kind: 'none' }) }, neverAborted, {
          ...tools,
          purpose: 'live',
        }),
    });
    return { ...shared, authenticator };
  }

  return {
    client(connector, signal, { purpose = 'live' } = {}) {
      const { kind, http, options } = connector;
      const settings = JSON.stringify([http, filesOf(http.tls), http.auth.kind === 'session' ? [kind, options] : null]);
      const known = sessions.get(connector.id);
      try {
        const session = known?.settings === settings ? known.session : open(connector);
        sessions.set(connector.id, { settings, session });
        return createClient(session, signal, { ...tools, purpose });
      } catch (error) {
        // A CA file that is gone, a malformed proxy: it is the request that fails, so that callers have one place to look.
        return { request: () => Promise.reject(error) };
      }
    },
  };
}

/** When the certificate files were written: short-lived ones are replaced while this process runs. */
function filesOf({ caFile, certFile, keyFile }: ConnectorConfig['http']['tls']): (number | null)[] {
  return [caFile, certFile, keyFile].map((file) =>
    file === null ? null : (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null),
  );
}

/** Makes tokens known as secrets, and forgets those that ended long ago: a process that runs for months sees many. */
function keepSecret(redactor: Redactor): (secret: string) => void {
  const kept: string[] = [];
  return (secret) => {
    if (kept.includes(secret)) return;
    redactor.addTransient(secret);
    kept.push(secret);
    if (kept.length <= TOKENS_KEPT_SECRET) return;
    const oldest = kept.shift();
    if (oldest !== undefined) redactor.forget(oldest);
  };
}

/** Keys in query strings are masked by name too: some are too short to be searched for as text. */
function maskQueryKey(connector: ConnectorConfig, text: string): string {
  const { auth } = connector.http;
  if (auth.kind !== 'query') return text;
  return text.replace(/([?&])([^=&#\s]+)=([^&#\s]*)/g, (whole, mark: string, name: string) =>
    name === encodeURIComponent(auth.name) ? `${mark}${name}=${MASK}` : whole,
  );
}
