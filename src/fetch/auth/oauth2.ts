import { type AuthConfig, OutturnError, PermanentError } from '#kit';
import { type EndpointTools, requestToken } from './token-endpoint.ts';
import type { Login, Token } from './token-keeper.ts';

/**
 * RFC 6749: client credentials (§4.4), or the refresh token (§6): the newest one that the source gave, which the configured
 * one only begins with.
 */
export function oauth2Login(
  auth: Extract<AuthConfig, { kind: 'oauth2' }>,
  tools: EndpointTools & { timeoutMs: number },
): Login {
  const scope = auth.scopes.length === 0 ? undefined : auth.scopes.join(' ');
  const ask = (fields: Record<string, string>, previous: Token | null): Promise<Token> =>
    requestToken(
      {
        tokenUrl: auth.tokenUrl,
        fields: { ...fields, scope, ...auth.parameters },
        client: { id: auth.clientId, secret: auth.clientSecret },
        clientIn: previous?.clientIn ?? null,
        credentials:
          auth.refreshToken === null ? 'clientId, clientSecret and scopes' : 'clientId, clientSecret and refreshToken',
      },
      tools,
    );

  return {
    identity: auth,
    // The client may have to show itself in both ways.
    timeoutMs: 2 * tools.timeoutMs,
    async renew(previous, { interrupted }) {
      if (auth.refreshToken === null) return await ask({ grant_type: 'client_credentials' }, previous);
      const used = previous?.refreshToken ?? auth.refreshToken;
      try {
        const token = await ask({ grant_type: 'refresh_token', refresh_token: used }, previous);
        // §6: a source that gives no other one lets the same be used again.
        return { ...token, refreshToken: token.refreshToken ?? used };
      } catch (thrown) {
        throw ended(thrown, { wasReplaced: used !== auth.refreshToken, interrupted });
      }
    },
  };
}

/** A refresh token that is over cannot be mended here: somebody must log in at the source again. */
function ended(thrown: unknown, { wasReplaced, interrupted }: { wasReplaced: boolean; interrupted: boolean }): unknown {
  if (!(thrown instanceof OutturnError) || thrown.facts?.['error'] !== 'invalid_grant') return thrown;
  const reason = interrupted
    ? ' A process ended in the middle of the renewal before: the source may have replaced the token then, and nobody has the new one.'
    : wasReplaced
      ? ''
      : ' Where the source replaces refresh tokens, the configured one serves once: another installation may have used it.';
  return new PermanentError('source/unauthorised', thrown.message, {
    hint: `The refresh token is over: get another one from the source and write it as auth.refreshToken.${reason}`,
    facts: thrown.facts,
  });
}
