import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { type AuthConfig, PermanentError, signingKeyProblem } from '#kit';
import { type EndpointTools, requestToken } from './token-endpoint.ts';
import type { Login } from './token-keeper.ts';

/** Short enough for every source (Salesforce: 5 min, Google and NetSuite: 1 h), long enough for clocks that differ. */
const ASSERTION_LIFETIME_SECONDS = 180;

/** RFC 7523: a JWT signed here is the grant (§2.1), or proves the client of client credentials (§2.2). */
export function jwtLogin(
  auth: Extract<AuthConfig, { kind: 'jwt' }>,
  tools: EndpointTools & { timeoutMs: number; addSecret(secret: string): void },
): Login {
  const scope = auth.scopes.length === 0 ? undefined : auth.scopes.join(' ');

  async function sign(): Promise<string> {
    const problem = signingKeyProblem(auth.privateKey, auth.algorithm);
    if (problem !== null)
      throw new PermanentError('config/invalid-value', `connector ${tools.connectorId}: auth.privateKey ${problem}`);
    const nowSeconds = Math.floor(tools.clock.nowMs() / 1000);
    const subject = auth.subject ?? (auth.use === 'client-assertion' ? auth.issuer : undefined);
    // Google reads the scopes in the assertion, RFC 7523 §2.1 has them beside it.
    const scopes = auth.use === 'bearer' && scope !== undefined ? { scope } : {};
    const assertion = await new SignJWT({
      iss: auth.issuer,
      ...(subject === undefined ? {} : { sub: subject }),
      aud: auth.audience,
      iat: nowSeconds,
      exp: nowSeconds + ASSERTION_LIFETIME_SECONDS,
      jti: randomUUID(),
      ...scopes,
      ...auth.claims,
    })
      .setProtectedHeader({ alg: auth.algorithm, typ: 'JWT', ...(auth.keyId === null ? {} : { kid: auth.keyId }) })
      .sign(createPrivateKey(auth.privateKey));
    tools.addSecret(assertion);
    tools.addSecret(assertion.slice(assertion.lastIndexOf('.') + 1));
    return assertion;
  }

  return {
    identity: auth,
    timeoutMs: tools.timeoutMs,
    async renew() {
      const assertion = await sign();
      const grant =
        auth.use === 'bearer'
          ? { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
          : {
              grant_type: 'client_credentials',
              client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
              client_assertion: assertion,
            };
      const token = await requestToken(
        {
          tokenUrl: auth.tokenUrl,
          fields: { ...grant, scope, ...auth.parameters },
          client: null,
          clientIn: null,
          credentials: 'issuer, subject, audience, keyId and privateKey',
        },
        tools,
      );
      // The key is the way in: a refresh token besides would only be one more thing to lose.
      return { ...token, refreshToken: null };
    },
  };
}
