import { type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  addressOf,
  createRedactor,
  followedLink,
  type HttpRequest,
  type HttpSettings,
  PermanentError,
  RetryableError,
} from '#kit';
import { bodyOf, clientFor, connector, failure, json, listen, serve } from '../../test/factories/http-source.ts';
import { silentLog } from '../../test/harness/silent-log.ts';
import { createFetchFactory, createLocalBudgets } from './index.ts';

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
    const client = createFetchFactory({ redactor, log: silentLog, clock, budgets: createLocalBudgets(clock) }).client(
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

it('of a refusal that the protocol understands more is shown than of a body that nobody does', async () => {
  const long = `${'x'.repeat(400)} at position 401`;
  const url = await serve((_request, response) => void response.writeHead(400).end(long));
  const explained = await failure(clientFor(url).request({ url: '/q', explain: (body) => body }));
  expect(explained.message).toContain('at position 401');
  const bare = await failure(clientFor(url).request({ url: '/q' }));
  expect(bare.message).not.toContain('position');
});
