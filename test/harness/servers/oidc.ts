import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';

export interface OidcServer {
  issuer: string;
  tokenUrl: string;
  /** Answers `{"ok":true}` to `Authorization: Bearer` with a live access token of this server, 401 to all else. */
  resourceUrl: string;
  clients: {
    /** Client credentials, by secret. */
    machine: { id: string; secret: string };
    /** Refresh tokens, which it replaces at each use; one used twice ends all that came of it. */
    person: { id: string; secret: string };
    /** Client credentials, by a JWT signed with PS256. */
    signer: { id: string; privateKey: string; keyId: string };
  };
  /** A refresh token of `person`, as a login by hand would give. */
  issueRefreshToken(): Promise<string>;
  /** Ends an access token, wherever it came from. */
  revoke(accessToken: string): Promise<void>;
  /** `grant_type` of each token request, with the status of its answer. */
  requests: { grant: string; status: number }[];
  /** `Authorization` headers that the resource has seen. */
  seen: string[];
  close(): Promise<void>;
}

const ACCOUNT = 'operator';

/**
 * A real OpenID Provider (npm `oidc-provider`) on loopback, with a resource that its tokens open. Access tokens live for
 * `lifetimeSeconds`.
 */
export async function startOidc({ lifetimeSeconds = 3600 } = {}): Promise<OidcServer> {
  const requests: OidcServer['requests'] = [];
  const seen: string[] = [];
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid, use: 'sig' });
  const clients = {
    machine: { id: 'machine', secret: 'the-secret-of-machine' },
    person: { id: 'person', secret: 'the-secret-of-person/+&' },
    signer: {
      id: 'signer',
      privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
      keyId: 'key-of-signer',
    },
  };
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const configuration: Configuration = {
    clients: [
      {
        client_id: clients.machine.id,
        client_secret: clients.machine.secret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: clients.person.id,
        client_secret: clients.person.secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['https://outturn.example/back'],
        response_types: ['code'],
      },
      {
        client_id: clients.signer.id,
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'PS256',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        jwks: { keys: [jwk(publicKey, clients.signer.keyId)] },
      },
    ],
    jwks: { keys: [jwk(signing.privateKey, 'provider')] },
    cookies: { keys: ['of-this-test-only'] },
    scopes: ['openid', 'offline_access', 'api.read'],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    enabledJWA: { clientAuthSigningAlgValues: ['PS256', 'ES256', 'RS256'] },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: lifetimeSeconds,
      ClientCredentials: lifetimeSeconds,
      RefreshToken: 86_400,
      Grant: 86_400,
      IdToken: 3600,
    },
    findAccount: async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  };
  const provider = new Provider(issuer, configuration);
  const find = async (value: string) =>
    (await provider.AccessToken.find(value)) ?? (await provider.ClientCredentials.find(value));
  provider.use(async (context, next) => {
    if (context.path === '/resource') {
      const authorization = context.get('authorization');
      seen.push(authorization);
      const token = await find(authorization.replace(/^Bearer /, ''));
      context.status = token === undefined ? 401 : 200;
      context.body = { ok: token !== undefined };
      return;
    }
    await next();
    if (context.path === '/token') {
      const body: unknown = context['oidc']?.body;
      const grant =
        typeof body === 'object' && body !== null && 'grant_type' in body ? String(body.grant_type) : 'unknown';
      requests.push({ grant, status: context.status });
    }
  });
  server.on('request', provider.callback());

  return {
    issuer,
    tokenUrl: `${issuer}/token`,
    resourceUrl: issuer,
    clients,
    requests,
    seen,
    async issueRefreshToken() {
      const client = await provider.Client.find(clients.person.id);
      if (client === undefined) throw new Error('the provider does not know its own client');
      const grant = new provider.Grant({ accountId: ACCOUNT, clientId: client.clientId });
      grant.addOIDCScope('openid offline_access');
      const grantId = await grant.save();
      const token = new provider.RefreshToken({
        accountId: ACCOUNT,
        client,
        grantId,
        scope: 'openid offline_access',
        gty: 'authorization_code',
        authTime: Math.floor(Date.now() / 1000),
      });
      return await token.save();
    },
    async revoke(accessToken) {
      await (await find(accessToken))?.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
