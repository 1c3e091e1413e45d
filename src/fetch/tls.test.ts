import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asOutturnError, createRedactor, type HttpSettings, type Logger, PermanentError } from '#kit';
import { budget } from '../../test/factories/budget.ts';
import { createFetchFactory, createLocalBudgets } from './index.ts';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const directory = mkdtempSync(join(tmpdir(), 'outturn-tls-'));
const file = (name: string): string => join(directory, name);
const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });

let server: ReturnType<typeof createServer>;
let port = 0;
/** Wants a client certificate of the same CA, and says whose it was shown. */
let strict: ReturnType<typeof createServer>;
let strictPort = 0;
beforeAll(async () => {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2');
  openssl(
    'req',
    ...key,
    '-keyout',
    'host.key',
    '-out',
    'host.csr',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'host.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'host.pem',
    '-days',
    '2',
    '-copy_extensions',
    'copy',
  );
  server = createServer(
    { key: readFileSync(file('host.key')), cert: readFileSync(file('host.pem')) },
    (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  openssl('req', ...key, '-keyout', 'client.key', '-out', 'client.csr', '-subj', '/CN=outturn of this test');
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  openssl('x509', '-req', '-in', 'client.csr', '-out', 'client.pem', ...signed);
  openssl('ec', '-in', 'client.key', '-aes256', '-passout', 'pass:open-it', '-out', 'locked.key');
  strict = createServer(
    {
      key: readFileSync(file('host.key')),
      cert: readFileSync(file('host.pem')),
      ca: readFileSync(file('ca.pem')),
      requestCert: true,
    },
    (request, response) => {
      const { CN } = (request.socket as TLSSocket).getPeerCertificate().subject ?? {};
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ client: CN ?? null }));
    },
  );
  await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve));
  strictPort = (strict.address() as AddressInfo).port;
});
afterAll(async () => {
  for (const each of [server, strict]) {
    each.closeAllConnections();
    await new Promise((resolve) => each.close(resolve));
  }
  rmSync(directory, { recursive: true });
});

async function ask(host: string, tls: HttpSettings['tls'], to = port) {
  const factory = createFetchFactory({
    redactor: createRedactor(),
    log: silent,
    clock: { nowMs: () => 0 },
    budgets: createLocalBudgets({ nowMs: () => 0 }),
  });
  const http: HttpSettings = {
    url: `https://${host}:${to}`,
    auth: { kind: 'none' },
    timeoutMs: 10_000,
    maxResponseBytes: 1000,
    budget: budget(),
    tls,
    proxy: null,
    allowPrivateRedirects: false,
    headers: {},
  };
  return (async () =>
    factory
      .client({ id: 'shop', kind: 'any', http, options: {}, streams: [] }, new AbortController().signal)
      .request({ url: 'x' }))().then((response) => response.json(), asOutturnError);
}

describe('TLS', () => {
  it('trusts a private CA that tls.caFile names', async () => {
    expect(
      await ask('localhost', {
        caFile: file('ca.pem'),
        rejectUnauthorized: true,
        certFile: null,
        keyFile: null,
        keyPassphrase: null,
      }),
    ).toEqual({ ok: true });
  });
  it('explains a certificate of an unknown CA, for good', async () => {
    const error = await ask('localhost', {
      caFile: null,
      rejectUnauthorized: true,
      certFile: null,
      keyFile: null,
      keyPassphrase: null,
    });
    expect(error).toBeInstanceOf(PermanentError);
    expect(error).toMatchObject({ code: 'source/tls', hint: expect.stringContaining('tls.caFile') });
  });
  it('explains a certificate that carries another name', async () => {
    const error = await ask('127.0.0.1', {
      caFile: file('ca.pem'),
      rejectUnauthorized: true,
      certFile: null,
      keyFile: null,
      keyPassphrase: null,
    });
    expect(error).toMatchObject({ code: 'source/tls', hint: expect.stringContaining('another name') });
  });
  it('does not look at the certificate when told so', async () => {
    expect(
      await ask('127.0.0.1', {
        caFile: null,
        rejectUnauthorized: false,
        certFile: null,
        keyFile: null,
        keyPassphrase: null,
      }),
    ).toEqual({ ok: true });
  });
  it('names a CA file that cannot be read', async () => {
    const error = await ask('localhost', {
      caFile: file('none.pem'),
      rejectUnauthorized: true,
      certFile: null,
      keyFile: null,
      keyPassphrase: null,
    });
    expect(error).toMatchObject({ code: 'config/unreadable-file', message: expect.stringContaining('none.pem') });
  });
});

describe("a client's own certificate", () => {
  const settings = { caFile: file('ca.pem'), rejectUnauthorized: true };
  const shown = { ...settings, certFile: file('client.pem'), keyFile: file('client.key'), keyPassphrase: null };

  it('is shown to a source that asks for it, also one whose key has a passphrase', async () => {
    expect(await ask('localhost', shown, strictPort)).toEqual({ client: 'outturn of this test' });
    const locked = { ...shown, keyFile: file('locked.key'), keyPassphrase: 'open-it' };
    expect(await ask('localhost', locked, strictPort)).toEqual({ client: 'outturn of this test' });
  });
  it('is asked for by name where the source wants one and none is named', async () => {
    const none = { ...settings, certFile: null, keyFile: null, keyPassphrase: null };
    expect(await ask('localhost', none, strictPort)).toMatchObject({
      code: 'source/tls',
      hint: expect.stringContaining('tls.certFile'),
    });
  });
  it('that does not fit its key is said so before anybody is asked', async () => {
    const error = await ask('localhost', { ...shown, keyFile: file('ca.key') }, strictPort);
    expect(error).toMatchObject({
      code: 'config/invalid-value',
      message: expect.stringMatching(/keyFile .*ca\.key is not/),
    });
  });
});
