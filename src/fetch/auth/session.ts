import { type AuthConfig, type HttpClient, OutturnError, PermanentError, type SessionProtocol } from '#kit';
import type { Login } from './token-keeper.ts';

/** User and password are exchanged for a ticket, the way the connector's kind says. */
export function sessionLogin(
  auth: Extract<AuthConfig, { kind: 'session' }>,
  tools: {
    connectorId: string;
    kind: string;
    url: string | null;
    options: unknown;
    protocol: SessionProtocol;
    timeoutMs: number;
    /** Without credentials; within the budget of the source. */
    http: HttpClient;
  },
): Login {
  const { protocol, options } = tools;
  return {
    identity: { auth, kind: tools.kind, url: tools.url, options },
    // The login may wait for its turn in the budget.
    timeoutMs: 2 * tools.timeoutMs,
    async renew() {
      const { username, password } = auth;
      try {
        const response = await tools.http.request(protocol.login({ username, password }, options));
        const { headers, secrets, expiresInMs } = protocol.read(response, options, { username, password });
        return { headers: lowerCased(headers), secrets, refreshToken: null, clientIn: null, lifetimeMs: expiresInMs };
      } catch (thrown) {
        if (!(thrown instanceof OutturnError) || thrown.code !== 'source/unauthorised') throw thrown;
        throw new PermanentError(
          'source/unauthorised',
          thrown.message.startsWith('connector ')
            ? thrown.message
            : `connector ${tools.connectorId}: login: ${thrown.message}`,
          { hint: thrown.hint ?? 'Check auth.username and auth.password.', facts: thrown.facts },
        );
      }
    },
  };
}

const lowerCased = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
