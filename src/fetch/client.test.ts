import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import {
  addressOf,
  type ConnectorConfig,
  createRedactor,
  followedLink,
  type HttpClient,
  type HttpRequest,
  type HttpSettings,
  type Logger,
  OutturnError,
  PermanentError,
  RetryableError,
} from '#kit';
import { budget } from '../../test/factories/budget.ts';
import { createFetchFactory, createLocalBudgets } from './index.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  });
  return (server.address() as AddressInfo).port;
}
async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(listener))}`;
}
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
function connector(url: string | null, http: Partial<HttpSettings> = {}): ConnectorConfig {
  return {
    id: 'shop',
    kind: 'any',
    http: {
      url,
      auth: { kind: 'none' },
      timeoutMs: 10_000,
      maxResponseBytes: 100_000,
      budget: budget(),
      tls: { caFile: null, rejectUnauthorized: true, certFile: null, keyFile: null, keyPassphrase: null },
      proxy: null,
      allowPrivateRedirects: false,
      headers: {},
      ...http,
    },
    options: {},
    streams: [],
  };
}
function factoryAt(nowMs = 0) {
  return createFetchFactory({
    redactor: createRedactor(),
    log: silent,
    clock: { nowMs: () => nowMs },
    budgets: createLocalBudgets({ nowMs: () => nowMs }),
  });
}
function clientFor(
  url: string | null,
  http: Partial<HttpSettings> = {},
  signal = new AbortController().signal,
): HttpClient {
  return factoryAt().client(connector(url, http), signal);
}
async function failure(work: Promise<unknown>): Promise<OutturnError> {
  const thrown: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof OutturnError)) throw new Error(`expected a typed error, got ${String(thrown)}`);
  return thrown;
}
const json =
  (body: unknown): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('what is sent', () => {
  const echo: RequestListener = (request, response) =>
    void bodyOf(request).then((body) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })),
    );
  async function sent(base: string, request: HttpRequest, http: Partial<HttpSettings> = {}) {
    const url = await serve(echo);
    const response = await clientFor(url + base, http).request(request);
    return response.json() as { method: string; url: string; headers: Record<string, string>; body: string };
  }

  it.each([
    ['', 'api/v1/query', '/api/v1/query'],
    ['/', '/api/v1/query', '/api/v1/query'],
    ['/prometheus', '/api/v1/query', '/prometheus/api/v1/query'],
    ['/prometheus/', 'api/v1/query', '/prometheus/api/v1/query'],
    ['/odata?sap-client=100', 'Items?$skiptoken=a%2Fb', '/odata/Items?sap-client=100&$skiptoken=a%2Fb'],
    ['/odata', '', '/odata'],
  ])('below url %s the request %s goes to %s', async (base, url, expected) => {
    expect((await sent(base, { url })).url).toBe(expected);
  });

  it('repeats a query name for each value, leaves out what is undefined, keeps $ readable', async () => {
    const { url } = await sent('', { url: 'x', query: { $filter: "A eq 'ü&b'", id: [1, 2], none: undefined } });
    expect(url).toBe(`/x?$filter=A%20eq%20%27%C3%BC%26b%27&id=1&id=2`);
  });

  it('sends forms and JSON with their content types', async () => {
    const form = await sent('', {
      method: 'POST',
      url: 'x',
      bodyType: 'form',
      body: { query: 'a+b c', 'match[]': ['x', 'y'] },
    });
    expect(form.body).toBe('query=a%2Bb+c&match%5B%5D=x&match%5B%5D=y');
    expect(form.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const body = await sent('', { method: 'POST', url: 'x', body: { a: [1] } });
    expect(body.body).toBe('{"a":[1]}');
    expect(body.headers['content-type']).toBe('application/json');
  });

  it.each<[HttpSettings['auth'], Record<string, string>, string]>([
    [
      { kind: 'basic', username: 'ä', password: 'p:w' },
      { authorization: `Basic ${Buffer.from('ä:p:w').toString('base64')}` },
      '/x',
    ],
    [{ kind: 'bearer', token: 'abc' }, { authorization: 'Bearer abc' }, '/x'],
    [{ kind: 'header', values: { 'DD-API-KEY': 'k' } }, { 'dd-api-key': 'k' }, '/x'],
    [{ kind: 'query', name: 'key', value: 'a&b' }, {}, '/x?key=a%26b'],
  ])('authenticates by %o', async (auth, headers, url) => {
    const seen = await sent('', { url: 'x' }, { auth, headers: { 'X-Scope-OrgID': 'team' } });
    expect(seen.headers).toMatchObject({ ...headers, 'x-scope-orgid': 'team' });
    expect(seen.url).toBe(url);
  });

  it('refuses a url with a password in it, without showing it', async () => {
    const error = await failure((async () => clientFor('http://u:hunter2@127.0.0.1:1').request({ url: 'x' }))());
    expect(error.code).toBe('config/invalid-value');
    expect(error.message).not.toContain('hunter2');
  });

  it('knows the address for links in the answer also when all of url came from outside and is masked', async () => {
    const url = await serve(json({}));
    const redactor = createRedactor([url]);
    const clock = { nowMs: () => 0 };
    const client = createFetchFactory({ redactor, log: silent, clock, budgets: createLocalBudgets(clock) }).client(
      connector(url),
      new AbortController().signal,
    );
    const response = await client.request({ url: 'pages/1' });
    expect(response.url).toBe('[redacted]/pages/1');
    expect(followedLink('2?a=b', addressOf(response), { streamId: 's', rewriteLinks: false })).toBe(
      `${url}/pages/2?a=b`,
    );
  });

  it('masks the key of auth query in the address it reports, however short', async () => {
    const url = await serve(json({}));
    const response = await clientFor(`${url}/?key=zz`, { auth: { kind: 'query', name: 'key', value: 'zz' } }).request({
      url: 'x',
    });
    expect(response.url).not.toContain('zz');
  });
});

describe('what comes back', () => {
  it('is decompressed, and decoded by its charset', async () => {
    const url = await serve(
      (_request, response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json; charset=iso-8859-1', 'content-encoding': 'gzip' })
          .end(gzipSync(Buffer.from('{"name":"Müller"}', 'latin1'))),
    );
    expect((await clientFor(url).request({ url: 'x' })).json()).toEqual({ name: 'Müller' });
  });

  it('counts the decompressed size against the limit', async () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000, ' '));
    const url = await serve(
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect(bomb.length).toBeLessThan(100_000);
    const error = await failure(clientFor(url).request({ url: 'x' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('source/too-large');
  });

  it('leaves statuses alone that the caller accepts, with what Retry-After says', async () => {
    const url = await serve((_request, response) => void response.writeHead(503, { 'retry-after': '3' }).end('busy'));
    const response = await clientFor(url).request({ url: 'x', acceptStatuses: [503] });
    expect(response).toMatchObject({ status: 503, body: 'busy', retryAfterMs: 3000 });
  });

  it('is text when text was asked for', async () => {
    const url = await serve((_request, response) => void response.end('<edmx/>'));
    const response = await clientFor(url).request({ url: 'x', expect: 'text' });
    expect(response.body).toBe('<edmx/>');
    expect(() => response.json()).toThrow(PermanentError);
  });

  it('says that another protocol listens on the port', async () => {
    const port = await listen(createTcpServer((socket) => void socket.resume().end('SSH-2.0-OpenSSH\r\n')));
    const error = await failure(clientFor(`http://127.0.0.1:${port}`).request({ url: 'x' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toContain('does not answer in HTTP');
  });

  it('knows a name that DNS does not', async () => {
    const error = await failure(clientFor('http://no-such-host.invalid:9090').request({ url: 'x' }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error.code).toBe('source/unreachable');
    expect(error.message).toContain('no-such-host.invalid:9090');
  });

  it('explains that the port speaks plain HTTP when url says https', async () => {
    const url = await serve(json({}));
    const error = await failure(clientFor(url.replace('http:', 'https:')).request({ url: 'x' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('source/tls');
    expect(error.hint).toContain('http://');
  });
});

describe('redirects', () => {
  it('are followed on the same host, with the credentials', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/old') response.writeHead(302, { location: '/new' }).end();
      else response.end(JSON.stringify({ auth: request.headers.authorization, url: request.url }));
    });
    const response = await clientFor(url, { auth: { kind: 'bearer', token: 't0ken' } }).request({ url: 'old' });
    expect(response.json()).toEqual({ auth: 'Bearer t0ken', url: '/new' });
  });

  it('carry a token that stands in the body no further than the source itself', async () => {
    const answerBody: RequestListener = (request, response) =>
      void bodyOf(request).then((body) => response.end(JSON.stringify({ auth: request.headers.authorization, body })));
    const other = await serve(answerBody);
    const url = await serve((request, response) => {
      if (request.url === '/rpc') return answerBody(request, response);
      return void response.writeHead(307, { location: request.url === '/away' ? `${other}/rpc` : '/rpc' }).end();
    });
    const client = clientFor(url, { auth: { kind: 'bearer', token: 't0ken' }, allowPrivateRedirects: true });
    const asked = async (path: string, how: Partial<HttpRequest> = {}) =>
      (await client.request({ method: 'POST', url: path, body: { id: 1 }, tokenMember: 'auth', ...how })).json();
    expect(await asked('rpc')).toEqual({ body: '{"id":1,"auth":"t0ken"}' });
    expect(await asked('old')).toEqual({ body: '{"id":1,"auth":"t0ken"}' });
    // The body itself may hold a password.
    const error = await failure(asked('away'));
    expect(error).toMatchObject({ code: 'source/bad-request', hint: expect.stringContaining('as url') });
    expect(await asked('rpc', { anonymous: true })).toEqual({ body: '{"id":1}' });
  });

  it('that repeat the key of auth query do not double it, and do not carry it to another host', async () => {
    const auth: HttpSettings['auth'] = { kind: 'query', name: 'api key', value: 's3cr3t&' };
    const other = await serve((request, response) => void response.end(JSON.stringify({ url: request.url })));
    const url = await serve((request, response) => {
      const { pathname, search } = new URL(request.url ?? '', 'http://x');
      if (pathname === '/old') response.writeHead(302, { location: `/new${search}` }).end();
      else if (pathname === '/away') response.writeHead(302, { location: `${other}/${search}` }).end();
      else response.end(JSON.stringify({ url: request.url }));
    });
    const client = clientFor(url, { auth, allowPrivateRedirects: true });
    const asked = (path: string) => client.request({ url: path, query: { $filter: "a eq 'b'" } });
    const filter = '$filter=a%20eq%20%27b%27';
    expect((await asked('old')).json()).toEqual({ url: `/new?${filter}&api%20key=s3cr3t%26` });
    expect((await asked('away')).json()).toEqual({ url: `/?${filter}` });
    const next = await client.request({ url: `${url}/next?api+key=s3cr3t%26&$skiptoken=a%2Fb` });
    expect(next.json()).toEqual({ url: '/next?$skiptoken=a%2Fb&api%20key=s3cr3t%26' });
  });

  it('into a private address range are refused, unless they are allowed, and then carry no credentials', async () => {
    const inner = await serve((request, response) => void response.end(JSON.stringify(request.headers)));
    const outer = await serve((_request, response) => void response.writeHead(307, { location: `${inner}/x` }).end());
    const settings: Partial<HttpSettings> = {
      auth: { kind: 'basic', username: 'u', password: 'pppp' },
      headers: { 'X-Key': 'k' },
    };
    const error = await failure(clientFor(outer, settings).request({ url: 'x' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('source/blocked-address');
    const allowed = await clientFor(outer, { ...settings, allowPrivateRedirects: true }).request({
      url: 'x',
      headers: { 'X-Api-Key': 'of the stream', Accept: 'text/csv', Prefer: 'odata.maxpagesize=5' },
    });
    expect(allowed.json()).toMatchObject({ accept: 'text/csv', prefer: 'odata.maxpagesize=5' });
    for (const name of ['authorization', 'x-key', 'x-api-key']) expect(allowed.json()).not.toHaveProperty(name);
  });

  it('by a name that leads into a private range are refused as well', async () => {
    const inner = await serve(json({}));
    const outer = await serve(
      (_request, response) => void response.writeHead(302, { location: inner.replace('127.0.0.1', 'localhost') }).end(),
    );
    expect((await failure(clientFor(outer).request({ url: 'x' }))).code).toBe('source/blocked-address');
  });

  it('to a metadata service are refused whatever is allowed', async () => {
    const url = await serve(
      (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
    );
    const error = await failure(clientFor(url, { allowPrivateRedirects: true }).request({ url: 'x' }));
    expect(error.code).toBe('source/blocked-address');
  });

  it('of a POST are not followed into losing the body', async () => {
    const url = await serve((_request, response) => void response.writeHead(302, { location: '/login' }).end());
    const error = await failure(clientFor(url).request({ method: 'POST', url: 'x', body: {} }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toContain('/login');
  });

  it('in circles come to an end', async () => {
    const url = await serve((_request, response) => void response.writeHead(302, { location: '/x' }).end());
    expect((await failure(clientFor(url).request({ url: 'x' }))).message).toContain('more than 5 redirects');
  });

  it('an address of another host that a connector names gets no credentials', async () => {
    const other = await serve((request, response) => void response.end(JSON.stringify(request.headers)));
    const url = await serve(json({}));
    const settings: Partial<HttpSettings> = { auth: { kind: 'bearer', token: 't0ken' }, allowPrivateRedirects: true };
    expect((await clientFor(url, settings).request({ url: `${other}/next` })).json()).not.toHaveProperty(
      'authorization',
    );
  });
});

describe('addresses that are never asked', () => {
  it.each([
    'http://169.254.169.254',
    'http://[fe80::1]',
    'http://[fd00:ec2::254]',
    'http://[fd00:ec2::23]',
    'http://[fd20:ce::254]',
    'http://[fd00:c1::a9fe:a9fe]',
    'http://[fd00:42::42]',
    'http://[::ffff:169.254.169.254]',
    'http://2852039166',
    'http://0xa9.0xfe.0xa9.0xfe',
    'http://[64:ff9b::a9fe:a9fe]',
    'http://[64:ff9b:1::a9fe:a9fe]',
    'http://[2002:a9fe:a9fe::1]',
    'http://[::169.254.169.254]',
    'http://[::ffff:0:169.254.169.254]',
  ])('%s', async (url) => {
    const error = await failure(clientFor(url).request({ url: 'latest/meta-data' }));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('source/blocked-address');
  });
});

describe('a proxy', () => {
  it('is used when it is named, also as a tunnel, and never taken from the environment', async () => {
    const seen: string[] = [];
    const target = await serve(json({ ok: true }));
    const proxy = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? ''}`);
      response.end('{"from":"proxy"}');
    });
    proxy.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`);
      const { hostname, port } = new URL(target);
      const upstream = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    const port = await listen(proxy);
    const client = clientFor('http://source.example', { proxy: `http://user:proxypw@127.0.0.1:${port}` });
    expect((await client.request({ url: 'x' })).json()).toEqual({ from: 'proxy' });
    expect(seen).toEqual([`GET http://source.example/x Basic ${Buffer.from('user:proxypw').toString('base64')}`]);
    // The tunnel ends at a server without TLS: what matters is that the proxy was asked for it.
    await failure(clientFor('https://source.example', { proxy: `http://127.0.0.1:${port}` }).request({ url: 'x' }));
    expect(seen[1]).toBe('CONNECT source.example:443');
  });
});

describe('a redirect through a proxy', () => {
  it('into a private range is refused by its name', async () => {
    const seen: string[] = [];
    const proxy = await serve((request, response) => {
      seen.push(request.url ?? '');
      response.writeHead(302, { location: 'http://localhost:1/inner' }).end();
    });
    const error = await failure(clientFor('http://source.example', { proxy }).request({ url: 'x' }));
    expect(error.code).toBe('source/blocked-address');
    expect(seen).toEqual(['http://source.example/x']);
  });
  it('to another public name goes on through a proxy that is named by its host name', async () => {
    const proxy = await serve((request, response) => {
      if (request.url === 'http://source.example/x')
        response.writeHead(302, { location: 'http://other.example/y' }).end();
      else response.end(JSON.stringify({ url: request.url }));
    });
    const client = clientFor('http://source.example', { proxy: proxy.replace('127.0.0.1', 'localhost') });
    expect((await client.request({ url: 'x' })).json()).toEqual({ url: 'http://other.example/y' });
  });
});

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
      log: silent,
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

describe('cancelling', () => {
  it('ends a request that waits for its turn, and gives the typed reason on', async () => {
    const url = await serve(() => {});
    const controller = new AbortController();
    const factory = factoryAt();
    const settings = connector(url, { budget: budget({ concurrency: 1 }) });
    const first = new AbortController();
    const running = failure(factory.client(settings, first.signal).request({ url: 'x' }));
    const waiting = failure(factory.client(settings, controller.signal).request({ url: 'x' }));
    controller.abort(new RetryableError('queue/timeout', 'the job took too long'));
    expect((await waiting).code).toBe('queue/timeout');
    first.abort();
    expect((await running).code).toBe('queue/cancelled');
  });
});

describe('the budget', () => {
  it('counts each hop and each repetition: the source counts them as well', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (request.url === '/x') response.writeHead(302, { location: '/y' }).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
    const client = clientFor(url, { budget: budget({ requestsPerDay: 3 }) });
    await client.request({ url: 'x' });
    const error = await failure(client.request({ url: 'x' }));
    expect(error).toMatchObject({ code: 'source/rate-limited', message: expect.stringContaining('daily quota of 3') });
    expect(asked).toBe(3);
  });

  it('hears what the source says, and asks no more until then', async () => {
    let asked = 0;
    const url = await serve((_request, response) => {
      asked += 1;
      response.writeHead(429, { 'retry-after': '600' }).end('slow down');
    });
    const factory = factoryAt();
    const ask = (id: string) =>
      failure(
        factory
          .client({ ...connector(url, { budget: budget({ account: 'shared' }) }), id }, new AbortController().signal)
          .request({ url: 'x' }),
      );
    expect(await ask('shop')).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 600_000 });
    const error = await ask('another');
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 600_000 });
    expect(error.message).toContain('account shared: the source has asked to be left alone');
    expect(asked).toBe(1);
  });

  it('takes a 403 of a limit that is used up for what it is', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '120' }).end('API rate limit'),
    );
    const error = await failure(clientFor(url).request({ url: 'x' }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 120_000 });
    expect(error.message).toContain('answered 403 (API rate limit)');
  });

  it('does not listen to a host that the source only redirects to', async () => {
    const other = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'application/json', ratelimit: '"x";r=0;t=3600' }).end('{}'),
    );
    const url = await serve((_request, response) => response.writeHead(302, { location: other }).end());
    const client = clientFor(url, { allowPrivateRedirects: true });
    await client.request({ url: 'x' });
    expect((await client.request({ url: 'x' })).status).toBe(200);
  });
});
