import { randomUUID } from 'node:crypto';
import type { BudgetLedger, BudgetLimits, Clock, ConnectorConfig, FetchFactory, Logger, Metrics, Redactor } from '#kit';
import { parseBase } from './address.ts';
import { createAuthenticator, secretsOf } from './authentication.ts';
import { createClient, type Session } from './client.ts';
import { createExchange } from './exchange.ts';
import { createTurns, type Turns } from './turns.ts';

const MASK = '[redacted]';

export interface FetchTools {
  redactor: Redactor;
  log: Logger;
  clock: Clock;
  /** Who grants requests: the store's `budgets`, so that all processes ask the same one. */
  budgets: BudgetLedger;
  /** `host:pid`, for who looks into the ledger. */
  instance?: string | undefined;
  metrics?: Pick<Metrics, 'budgetTurn'> | undefined;
}

/**
 * Clients for connectors. Connections and OAuth2 tokens belong to the connector and are shared by all its clients of this
 * process (other processes log in for themselves); they begin anew when its settings change. The budget belongs to the
 * account and is shared by all connectors and all processes that name it.
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

  function open(connector: ConnectorConfig): Session {
    const { http } = connector;
    parseBase(connector.id, http.url);
    for (const secret of secretsOf(http.auth)) tools.redactor.add(secret);
    const proxyPassword = http.proxy !== null && URL.canParse(http.proxy) ? new URL(http.proxy).password : '';
    if (proxyPassword !== '') tools.redactor.add(decodeURIComponent(proxyPassword));
    const redact = (text: string): string => maskQueryKey(connector, tools.redactor.text(text));
    const exchange = createExchange(connector.id, http, redact);
    const authenticator = createAuthenticator(http.auth, {
      connectorId: connector.id,
      exchange,
      clock: tools.clock,
      addSecret: (secret) => tools.redactor.add(secret),
      redact,
    });
    return { connector, exchange, authenticator, turns: turnsOf(http.budget), redact };
  }

  return {
    client(connector, signal, { purpose = 'live' } = {}) {
      const settings = JSON.stringify(connector.http);
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

/** Keys in query strings are masked by name too: some are too short to be searched for as text. */
function maskQueryKey(connector: ConnectorConfig, text: string): string {
  const { auth } = connector.http;
  if (auth.kind !== 'query') return text;
  return text.replace(/([?&])([^=&#\s]+)=([^&#\s]*)/g, (whole, mark: string, name: string) =>
    name === encodeURIComponent(auth.name) ? `${mark}${name}=${MASK}` : whole,
  );
}
