import type { Clock, ConnectorConfig, FetchFactory, Logger, Redactor } from '#kit';
import { parseBase } from './address.ts';
import { createAuthenticator, secretsOf } from './authentication.ts';
import { createBudget } from './budget.ts';
import { createClient, type Session } from './client.ts';
import { createExchange } from './exchange.ts';

const MASK = '[redacted]';

/**
 * Clients for connectors. Connections, OAuth2 tokens and the request budget belong to the connector and are shared by
 * all its clients of this process; they begin anew when its settings change.
 */
export function createFetchFactory(tools: { redactor: Redactor; log: Logger; clock: Clock }): FetchFactory {
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
    return { connector, exchange, authenticator, budget: createBudget(http, tools.clock), redact };
  }

  return {
    client(connector, signal) {
      const settings = JSON.stringify(connector.http);
      const known = sessions.get(connector.id);
      try {
        const session = known?.settings === settings ? known.session : open(connector);
        sessions.set(connector.id, { settings, session });
        return createClient(session, signal, tools);
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
