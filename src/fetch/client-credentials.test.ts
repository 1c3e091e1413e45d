import { describe, expect, it } from 'vitest';
import { createRedactor, type HttpSettings, PermanentError } from '#kit';
import { bodyOf, clientFor, connector, failure, json, serve } from '../../test/factories/http-source.ts';
import { silentLog } from '../../test/harness/silent-log.ts';
import { createFetchFactory, createLocalBudgets } from './index.ts';

describe('OAuth2 client credentials', () => {
  async function withTokenServer(
    answer: (form: URLSearchParams, authorization: string | undefined, n: number) => [number, unknown],
  ) {
    let requests = 0;
    const accepted = new Set<string>();
    const tokenUrl = await serve(
      (request, response) =>
        void bodyOf(request).then((body) => {
          requests += 1;
          const [status, answered] = answer(new URLSearchParams(body), request.headers.authorization, requests);
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answered));
        }),
    );
    const url = await serve((request, response) => {
      const ok = accepted.has(request.headers.authorization ?? '');
      response.writeHead(ok ? 200 : 401).end('{}');
    });
    const auth: HttpSettings['auth'] = {
      kind: 'oauth2',
      tokenUrl,
      clientId: 'me',
      clientSecret: 's3cr3t!',
      scopes: ['a', 'b'],
      refreshToken: null,
      parameters: {},
    };
    return { url, auth, accepted, requests: () => requests };
  }

  it('fetches one token for all requests that need it at once, and keeps it', async () => {
    const server = await withTokenServer((form) => {
      expect(Object.fromEntries(form)).toEqual({ grant_type: 'client_credentials', scope: 'a b' });
      return [200, { access_token: 'token-1', expires_in: 3600 }];
    });
    server.accepted.add('Bearer token-1');
    const client = clientFor(server.url, { auth: server.auth });
    await Promise.all([1, 2, 3, 4].map(() => client.request({ url: 'x' })));
    await client.request({ url: 'x' });
    expect(server.requests()).toBe(1);
  });

  it('renews a token that ran out', async () => {
    let nowMs = 0;
    const server = await withTokenServer((_form, _authorization, n) => [
      200,
      { access_token: `token-${n}`, expires_in: 100 },
    ]);
    server.accepted.add('Bearer token-1').add('Bearer token-2');
    const factory = createFetchFactory({
      redactor: createRedactor(),
      log: silentLog,
      clock: { nowMs: () => nowMs },
      budgets: createLocalBudgets({ nowMs: () => nowMs }),
    });
    const ask = () =>
      factory.client(connector(server.url, { auth: server.auth }), new AbortController().signal).request({ url: 'x' });
    await ask();
    nowMs = 80_000;
    await ask();
    expect(server.requests()).toBe(1);
    nowMs = 95_000;
    await ask();
    expect(server.requests()).toBe(2);
  });

  it('fetches another token once when the source refuses the first', async () => {
    const server = await withTokenServer((_form, _authorization, n) => [
      200,
      { access_token: `token-${n}`, expires_in: 3600 },
    ]);
    server.accepted.add('Bearer token-2');
    const client = clientFor(server.url, { auth: server.auth });
    expect((await client.request({ url: 'x' })).status).toBe(200);
    server.accepted.clear();
    expect((await failure(client.request({ url: 'x' }))).code).toBe('source/unauthorised');
    expect(server.requests()).toBe(3);
  });

  it('sends the client in the body when the server does not take it in the header', async () => {
    const server = await withTokenServer((form, authorization) =>
      authorization !== undefined
        ? [401, { error: 'invalid_client' }]
        : form.get('client_secret') === 's3cr3t!'
          ? [200, { access_token: 'token-b' }]
          : [400, { error: 'invalid_client' }],
    );
    server.accepted.add('Bearer token-b');
    expect((await clientFor(server.url, { auth: server.auth }).request({ url: 'x' })).status).toBe(200);
  });

  it('says what the token endpoint says when it refuses, without the secret', async () => {
    const server = await withTokenServer(() => [
      400,
      { error: 'invalid_client', error_description: 'unknown s3cr3t!' },
    ]);
    const error = await failure(clientFor(server.url, { auth: server.auth }).request({ url: 'x' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('source/unauthorised');
    expect(error.message).toContain('invalid_client');
    expect(error.message).not.toContain('s3cr3t!');
  });
});
