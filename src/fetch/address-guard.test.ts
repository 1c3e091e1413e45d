import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ConnectorConfig, createRedactor, type HttpSettings, type Logger } from '#kit';
import { budget } from '../../test/factories/budget.ts';
import { createFetchFactory, createLocalBudgets } from './index.ts';

/** What DNS says next about a name; names that are not here are looked up as ever. */
const answers = vi.hoisted(() => new Map<string, { address: string; family: number }[]>());
vi.mock('node:dns', async (original) => {
  const real = await original<typeof import('node:dns')>();
  return {
    ...real,
    lookup(name: string, options: object, callback: (error: Error | null, found: unknown) => void) {
      const next = answers.get(name)?.shift();
      if (next === undefined) real.lookup(name, options, callback);
      else callback(null, [next]);
    },
  };
});

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const hits: string[] = [];
const server = createServer((request, response) => {
  hits.push(`${request.headers.host}`);
  response.setHeader('connection', 'close');
  if (request.url?.includes('redirect')) response.writeHead(302, { location: 'http://inner.example/x' }).end();
  else response.end('{}');
});
let port: number;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());
beforeEach(() => {
  answers.clear();
  hits.length = 0;
});

function request(url: string, path: string, http: Partial<HttpSettings> = {}): Promise<unknown> {
  const connector: ConnectorConfig = {
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
  const factory = createFetchFactory({
    redactor: createRedactor(),
    log: silent,
    clock: { nowMs: () => 0 },
    budgets: createLocalBudgets({ nowMs: () => 0 }),
  });
  return factory
    .client(connector, new AbortController().signal)
    .request({ url: path })
    .then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    );
}

describe('a name', () => {
  it('that leads to a metadata address is not connected to', async () => {
    answers.set('source.example', [{ address: '169.254.169.254', family: 4 }]);
    expect(await request('http://source.example', 'x')).toBe('source/blocked-address');
  });

  it('is judged by the address that is used, whatever it answered before (rebinding)', async () => {
    const url = `http://source.example:${port}`;
    const answer = { address: '127.0.0.1', family: 4 };
    answers.set('source.example', [answer, { address: 'fd00:ec2::254', family: 6 }]);
    expect(await request(url, 'x')).toBe('answered');
    expect(await request(url, 'x')).toBe('source/blocked-address');
    expect(hits).toEqual([`source.example:${port}`]);
  });

  it('that a redirect names is judged before a proxy is asked for it, also where private ranges are allowed', async () => {
    const proxy = `http://127.0.0.1:${port}`;
    answers.set('inner.example', [{ address: '169.254.169.254', family: 4 }]);
    const outcome = await request('http://source.example', 'redirect', { proxy, allowPrivateRedirects: true });
    expect(outcome).toBe('source/blocked-address');
    expect(hits).toEqual(['source.example']);
  });
});
