import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOutturnError, createRedactor, type HttpSettings, type Logger, PermanentError } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { httpSettings } from '../../factories/connector.ts';

/** A source and a token endpoint that repeat everything they are told, as careless error pages do. */
const server = createServer((request, response) => void echo(request, response));
let url = '';
let refusesLogins = false;
/** Everything secret that came along. */
let told: string[] = [];

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
const echo: (...args: Parameters<import('node:http').RequestListener>) => Promise<void> = async (request, response) => {
  const body = await bodyOf(request);
  told.push(request.headers.authorization ?? '', request.headers.cookie ?? '', ...new URLSearchParams(body).values());
  const isLogin = request.url === '/token' || request.url === '/login';
  if (isLogin && !refusesLogins) {
    const tokens = { access_token: 'acc3ss-t0ken/of+this', refresh_token: 'r3fresh-t0ken/of+this', expires_in: 600 };
    told.push(...Object.values(tokens).map(String));
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(tokens));
  }
  response.writeHead(isLogin ? 401 : 400, { 'content-type': 'text/plain' });
  // The end of a signature and of a form first: messages quote the beginning of an answer alone.
  const { authorization = '', cookie = '' } = request.headers;
  response.end([authorization.slice(-120), cookie, decodeURIComponent(body.replaceAll('+', ' ')), body].join(' '));
};
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();
const SECRET = 'tr0ub4dor&3-horse/battery';
const oauth2 = (refreshToken: string | null): HttpSettings['auth'] => ({
  ...{ kind: 'oauth2', tokenUrl: `${url}/token`, clientId: 'me', clientSecret: SECRET, scopes: [], parameters: {} },
  refreshToken,
});
const jwt = (use: 'bearer' | 'client-assertion'): HttpSettings['auth'] => ({
  ...{ kind: 'jwt', tokenUrl: `${url}/token`, use, issuer: 'me', subject: null, audience: 'you', algorithm: 'RS256' },
  ...{ keyId: null, privateKey, scopes: [], claims: {}, parameters: {} },
});
const ways: [string, () => HttpSettings['auth']][] = [
  ['client credentials', () => oauth2(null)],
  ['a refresh token', () => oauth2('configured-r3fresh/token+1')],
  ['a JWT as the grant', () => jwt('bearer')],
  ['a JWT as client assertion', () => jwt('client-assertion')],
  ['a session', () => ({ kind: 'session', username: 'outturn', password: SECRET })],
  [
    'SigV4',
    () => ({
      ...{ kind: 'sigv4', accessKeyId: 'AKID', secretAccessKey: SECRET, sessionToken: 't3mporary/token+1' },
      ...{ region: 'eu-central-1', service: 'aps' },
    }),
  ],
];

describe.each(ways)('with %s, what the other side repeats', (_name, auth) => {
  it.each([
    ['of a request', false],
    ['of a login', true],
  ])('%s is never shown', async (_what, refuses) => {
    refusesLogins = refuses;
    told = [];
    const lines: string[] = [];
    const write = (facts: Record<string, unknown>, message: string): void =>
      void lines.push(JSON.stringify({ ...facts, message }));
    const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };
    const factory = createFetchFactory({
      redactor: createRedactor(),
      log,
      clock: { nowMs: () => Date.now() },
      budgets: createLocalBudgets({ nowMs: () => Date.now() }),
      sessionOf: () => ({
        login: (credentials) => ({ method: 'POST', url: 'login', body: credentials, bodyType: 'form' }),
        read(response) {
          const { access_token: token } = response.json() as { access_token?: string };
          if (token === undefined) throw new PermanentError('source/bad-shape', 'no token');
          return { headers: { cookie: `sid=${token}` }, secrets: [token], expiresInMs: null };
        },
      }),
    });
    const http = httpSettings({ url, auth: auth() });
    const error = asOutturnError(
      await factory
        .client({ id: 'shop', kind: 'any', http, options: {}, streams: [] }, new AbortController().signal)
        .request({ url: 'data' })
        .catch((thrown: unknown) => thrown),
    );
    expect(error.code).toMatch(/^source\/(unauthorised|bad-request)$/);
    const shown = JSON.stringify([error.message, error.hint, error.facts, error.stack, String(error.cause), lines]);
    const secrets = [...told, SECRET, 'configured-r3fresh/token+1', 't3mporary/token+1']
      .flatMap((text) => [text, text.replace(/^\S+ /, ''), ...(/Signature=(\w{64})/.exec(text)?.slice(1) ?? [])])
      .filter((text) => text.length >= 10 && !/^(urn:|client_credentials|refresh_token)/.test(text));
    for (const secret of secrets)
      for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
        expect(shown).not.toContain(form);
  });
});
