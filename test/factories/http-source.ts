/** Sources on loopback that the tests of src/fetch ask, and clients of them. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach } from 'vitest';
import { type ConnectorConfig, createRedactor, type HttpClient, type HttpSettings, OutturnError } from '#kit';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { silentLog } from '../harness/silent-log.ts';
import { budget } from './budget.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

export async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
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
export async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listen(createServer(listener))}`;
}
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
export function connector(url: string | null, http: Partial<HttpSettings> = {}): ConnectorConfig {
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
export function factoryAt(nowMs = 0) {
  return createFetchFactory({
    redactor: createRedactor(),
    log: silentLog,
    clock: { nowMs: () => nowMs },
    budgets: createLocalBudgets({ nowMs: () => nowMs }),
  });
}
export function clientFor(
  url: string | null,
  http: Partial<HttpSettings> = {},
  signal = new AbortController().signal,
): HttpClient {
  return factoryAt().client(connector(url, http), signal);
}
export async function failure(work: Promise<unknown>): Promise<OutturnError> {
  const thrown: unknown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(thrown instanceof OutturnError)) throw new Error(`expected a typed error, got ${String(thrown)}`);
  return thrown;
}
export const json =
  (body: unknown): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
