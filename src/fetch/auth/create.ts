import {
  type Clock,
  type ConnectorConfig,
  type HttpClient,
  type Logger,
  PermanentError,
  type SecretBox,
  type SessionProtocol,
  type TokenStore,
} from '#kit';
import type { Exchange } from '../exchange.ts';
import type { Authenticator } from './authenticator.ts';
import { fixedCredentials } from './fixed.ts';
import { jwtLogin } from './jwt.ts';
import { oauth2Login } from './oauth2.ts';
import { sessionLogin } from './session.ts';
import { sigv4Credentials } from './sigv4.ts';
import { createTokenKeeper, type Login } from './token-keeper.ts';

export interface AuthTools {
  exchange: Exchange;
  clock: Clock;
  log: Logger;
  addSecret(secret: string): void;
  redact(text: string): string;
  tokens: TokenStore;
  /** Null: `tokens` is this process's memory. */
  box: SecretBox | null;
  asksAnew: boolean;
  /** How the connector's kind logs in with user and password. */
  protocol: SessionProtocol | undefined;
  /** A client of the same connector without credentials, for logging in. */
  anonymous(): HttpClient;
}

/** Logs in to one source, the way its `auth` says. */
export function createAuthenticator(connector: ConnectorConfig, tools: AuthTools): Authenticator {
  const { auth, timeoutMs, url } = connector.http;
  const common = { ...tools, connectorId: connector.id, timeoutMs };
  const shared = (login: Login): Authenticator => {
    const keeper = createTokenKeeper(login, { ...common, store: tools.tokens });
    return {
      ...keeper,
      async credentials(_request, signal) {
        const { headers, generation } = await keeper.token(signal);
        return { headers, query: {}, generation };
      },
    };
  };
  switch (auth.kind) {
    case 'oauth2':
      if (auth.refreshToken !== null && tools.box === null)
        tools.log.warn(
          { connector: connector.id },
          'a refresh token that the source replaces is kept by this process alone and is lost when it ends: set OUTTURN_KEY, so that it can be stored encrypted',
        );
      return shared(oauth2Login(auth, common));
    case 'jwt':
      return shared(jwtLogin(auth, common));
    case 'sigv4':
      return sigv4Credentials(auth, tools);
    case 'session': {
      const { protocol } = tools;
      if (protocol === undefined)
        throw new PermanentError(
          'config/invalid-value',
          `connector ${connector.id}: ${connector.kind} has no login by auth session`,
          { hint: 'Choose another kind of auth.' },
        );
      const { kind, options } = connector;
      const login = sessionLogin(auth, { ...common, kind, url, options, protocol, http: tools.anonymous() });
      return { ...shared(login), isRefusal: (answer) => protocol.isExpired?.(answer, options) === true };
    }
    default:
      return fixedCredentials(auth);
  }
}
