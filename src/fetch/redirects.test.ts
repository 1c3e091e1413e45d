import { createServer, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type HttpRequest, type HttpSettings, PermanentError } from '#kit';
import { bodyOf, clientFor, connector, failure, json, listen, serve } from '../../test/factories/http-source.ts';

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
