import { subscribe } from 'node:diagnostics_channel';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { bodyOf, type Exchange } from './case.ts';

/** What came in, taken apart the way a testcase writes it. */
export interface SeenRequest {
  method: string;
  path: string;
  query: Record<string, string | string[]>;
  headers: Record<string, string>;
  body: string;
}

/** Answers in place of the recording; false: the recording answers. */
export type Fault = (index: number, response: ServerResponse, request: SeenRequest) => boolean;

export interface ReplayServer {
  url: string;
  seen: SeenRequest[];
  /** Differences between requests and recording; empty when all is as recorded. */
  problems: string[];
  close(): Promise<void>;
}

/** Connections that this process has dialled and not yet lost. */
const dialled = new Set<Socket>();
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  dialled.add(socket);
  socket.once('close', () => dialled.delete(socket));
});
/** Whether it comes from this process: a client of another file may still ask for a server that had this port before. */
const isOwn = ({ socket }: IncomingMessage): boolean =>
  [...dialled].some(({ localPort, remotePort }) => localPort === socket.remotePort && remotePort === socket.localPort);

/** A loopback server that answers the n-th request with the n-th exchange, and notes every difference. */
export async function startReplayServer(
  exchanges: readonly Exchange[],
  options: {
    fault?: Fault;
    ignoreHeaders?: boolean;
    ignoreQuery?: readonly string[];
    /** What the source's clock says (`Date`); absent: it does not say. */
    nowMs?: number;
  } = {},
): Promise<ReplayServer> {
  const seen: SeenRequest[] = [];
  const problems: string[] = [];
  let url = '';
  const server = createServer((request, response) => {
    if (!isOwn(request)) return void response.writeHead(421).end();
    void answer(request, response).catch((error: unknown) => {
      problems.push(String(error));
      response.destroy();
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const index = seen.length;
    const current = await readRequest(request, options.ignoreQuery ?? []);
    seen.push(current);
    // A clock of today would contradict the clock of the case.
    response.sendDate = false;
    if (options.nowMs !== undefined) response.setHeader('date', new Date(options.nowMs).toUTCString());
    if (options.fault?.(index, response, current) === true) return;
    const exchange = exchanges[index];
    const difference =
      exchange === undefined
        ? `request ${index + 1} (${current.method} ${current.path}) is not in http.jsonl`
        : differenceOf(filled(exchange.request, url), current, options.ignoreHeaders === true);
    if (difference !== null || exchange === undefined) {
      problems.push(difference ?? '');
      response.writeHead(599, { 'content-type': 'text/plain' }).end(difference ?? '');
      return;
    }
    const fill = (text: string): string => text.replaceAll('{{url}}', url);
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    for (const [name, value] of Object.entries(exchange.response.headers)) headers[name.toLowerCase()] = fill(value);
    const { base64 } = exchange.response;
    response
      .writeHead(exchange.response.status, headers)
      .end(base64 === undefined ? fill(bodyOf(exchange)) : Buffer.from(base64, 'base64'));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    problems,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readRequest(request: IncomingMessage, ignored: readonly string[]): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const address = new URL(request.url ?? '/', 'http://replay');
  for (const name of ignored) address.searchParams.delete(name);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
  return {
    method: request.method ?? '',
    path: decodeURIComponent(address.pathname),
    query: grouped(address.searchParams),
    headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

export function grouped(params: URLSearchParams): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const name of new Set(params.keys())) {
    const values = params.getAll(name);
    result[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return result;
}

/** Any value of JSON with `{{url}}` in its texts replaced. */
export function filled<T>(value: T, url: string): T {
  return JSON.parse(JSON.stringify(value).replaceAll('{{url}}', url)) as T;
}

export function differenceOf(expected: Exchange['request'], seen: SeenRequest, ignoreHeaders: boolean): string | null {
  const compare = (what: string, wanted: unknown, got: unknown): string | null =>
    fits(wanted, got) ? null : `${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got)}`;
  const differences = [
    compare('method', expected.method, seen.method),
    compare('path', expected.path, seen.path),
    ...compareFields('query', expected.query ?? {}, seen.query),
  ];
  if (expected.form !== undefined)
    differences.push(...compareFields('form', expected.form, grouped(new URLSearchParams(seen.body))));
  if (expected.text !== undefined) differences.push(compare('body', expected.text, seen.body));
  if (expected.json !== undefined) {
    let body: unknown = seen.body;
    try {
      body = JSON.parse(seen.body);
    } catch {
      // Compared as text: the difference shows it.
    }
    if (!isDeepStrictEqual(expected.json, body))
      differences.push(`json: expected ${JSON.stringify(expected.json)}, got ${JSON.stringify(body)}`);
  }
  if (!ignoreHeaders)
    for (const [name, value] of Object.entries(expected.headers ?? {}))
      differences.push(compare(`header ${name}`, value, seen.headers[name.toLowerCase()] ?? null));
  const found = differences.filter((difference) => difference !== null);
  return found.length === 0 ? null : found.join('; ');
}

/** The same names, and each value as it should be. */
function compareFields(
  what: string,
  expected: Readonly<Record<string, unknown>>,
  seen: Readonly<Record<string, unknown>>,
): string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(seen)])];
  const different = names.filter((name) => !fits(expected[name], seen[name]));
  return different.length === 0
    ? []
    : [`${what} (${different.join(', ')}): expected ${JSON.stringify(expected)}, got ${JSON.stringify(seen)}`];
}

function fits(wanted: unknown, got: unknown): boolean {
  if (typeof wanted === 'object' && wanted !== null && 'matches' in wanted && typeof wanted.matches === 'string')
    return typeof got === 'string' && new RegExp(wanted.matches, 's').test(got);
  return isDeepStrictEqual(wanted, got);
}
