import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import {
  type AnyConnectorKind,
  type ConnectorConfig,
  createRedactor,
  type Logger,
  type PushOptions,
  RetryableError,
  type Store,
} from '#kit';
import { openPushApi } from '../../factories/push.ts';
import { encodeRemoteWrite, packed } from '../../factories/remote-write.ts';
import { openPullBench } from '../../factories/scripted-pull.ts';
import { connectorOf } from './connector-config.ts';
import type { Sent, SentCase } from './sent-case.ts';

export interface SentAnswer {
  status: number;
  headers: Headers;
  text: string;
}
/** The connector of a case in a receiver, and what its senders see and leave behind. */
export interface Receiver {
  /** Throws where the answer, the log or an archived page shows a secret of the case. */
  send(request: Sent['request'], body?: Buffer): Promise<SentAnswer>;
  /** Sends half of the body, says that more follows, and goes. */
  breakOff(request: Sent['request']): Promise<void>;
  /** Sets the clock, and what is due by then is done. */
  passTo(nowMs: number): Promise<void>;
  /** From now on no transaction begins, or again each does. */
  setAway(isAway: boolean): void;
  /** What is stored, one thing each, as `expected.jsonl` writes it. */
  stored(): Promise<unknown[]>;
}
export interface ReceiverRoom {
  /** A connector of its own for one use: none sees what another left. `unlimited`: as though any number of requests were allowed. */
  receiving<T>(
    testCase: SentCase,
    use: (receiver: Receiver) => Promise<T>,
    options?: { unlimited?: boolean },
  ): Promise<T>;
  close(): Promise<void>;
}

/** The real receiving routes with the real service on a real database. */
export async function openReceiverRoom(kind: AnyConnectorKind): Promise<ReceiverRoom> {
  const bench = await openPullBench();
  let isAway = false;
  const store = new Proxy(bench.store, {
    get(target, key): unknown {
      if (key === 'transaction' && isAway) return away;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const connectors: ConnectorConfig[] = [];
  const log: string[] = [];
  let redact = (text: string): string => text;
  const api = await openPushApi(
    { store, clock: bench.clock },
    { kind, connectors, log: collecting(log, (text) => redact(text)), redact: (text) => redact(text) },
  );
  return {
    async receiving(testCase, use, { unlimited = false } = {}) {
      const { definition } = testCase;
      const read = await connectorOf(kind, testCase, null);
      const options = read.options as PushOptions;
      const connector = {
        ...read,
        id: `${testCase.name.slice(0, 40)}-${randomUUID().slice(0, 8)}`,
        options: unlimited ? { ...options, requestsPerMinute: 1_000_000 } : options,
      };
      const secrets = [...new Set([options.token, ...Object.values(definition.env)])];
      redact = createRedactor(secrets).text;
      log.length = 0;
      api.objects.clear();
      bench.clock.nowMs = definition.now;
      connectors.splice(0, connectors.length, connector);
      const warnings: { stream: string; warning: string }[] = [];
      const refs = new Set<string>();
      return use({
        async send(request, body = bodyOf(request, testCase.directory)) {
          for (const [, ref = ''] of body.toString('latin1').matchAll(/"projectRef":"([^"]+)"/g)) refs.add(ref);
          const answer = await post(api.url, connector.id, request, body, options.token);
          const shown = [answer.text, JSON.stringify([...answer.headers]), ...log.splice(0), ...api.objects.values()];
          api.objects.clear();
          expect(secrets.filter((secret) => shown.some((text) => text.includes(secret)))).toEqual([]);
          return answer;
        },
        breakOff: (sent) =>
          new Promise((resolve) => {
            const body = bodyOf(sent, testCase.directory);
            const headers = {
              authorization: `Bearer ${options.token}`,
              ...sent.headers,
              'content-length': body.length,
            };
            const path = sent.path.replaceAll('{{connector}}', connector.id);
            const going = request(`${api.url}${path}`, { method: sent.method, headers: withoutNull(headers) });
            going.once('error', () => undefined).once('close', resolve);
            going.write(body.subarray(0, Math.ceil(body.length / 2)), () => going.destroy());
          }),
        async passTo(nowMs) {
          bench.clock.nowMs = nowMs;
          warnings.push(...(await api.closeDueSteps(connector.id)));
        },
        setAway(now) {
          isAway = now;
        },
        stored: async () => [...(await storedLines(bench.store, connector, refs)), ...warnings],
      });
    },
    async close() {
      await api.close();
      await bench.close();
    },
  };
}

const away = async (): Promise<never> => {
  throw new RetryableError('storage/unavailable', 'The database cannot be reached.');
};

const withoutNull = <T>(headers: Record<string, T | null>): Record<string, T> =>
  Object.fromEntries(Object.entries(headers).filter((header): header is [string, T] => header[1] !== null));

/** What a sender puts into the body, as bytes, packed as it would pack them. */
export function bodyOf(request: Sent['request'], directory: string): Buffer {
  const bytes = plainBody(request, directory);
  return request.gzip ? gzipSync(bytes) : bytes;
}

function plainBody(request: Sent['request'], directory: string): Buffer {
  if (request.remoteWrite !== undefined) {
    const [[message, fields] = []] = Object.entries(request.remoteWrite);
    return packed(encodeRemoteWrite(message as Parameters<typeof encodeRemoteWrite>[0], fields));
  }
  if (request.ndjson !== undefined) return Buffer.from(request.ndjson.map((row) => JSON.stringify(row)).join('\n'));
  if (request.base64 !== undefined) return Buffer.from(request.base64, 'base64');
  if (request.bodyFile !== undefined) return readFileSync(join(directory, request.bodyFile));
  return Buffer.from(request.text ?? ('json' in request ? JSON.stringify(request.json) : ''));
}

async function post(
  url: string,
  connector: string,
  request: Sent['request'],
  body: Buffer,
  token: string,
): Promise<SentAnswer> {
  const headers = { authorization: `Bearer ${token}`, ...request.headers };
  const response = await fetch(`${url}${request.path.replaceAll('{{connector}}', connector)}`, {
    method: request.method,
    headers: withoutNull<string>(headers),
    ...(request.method === 'GET' ? {} : { body: new Uint8Array(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    text: (await response.text()).replaceAll(connector, '{{connector}}'),
  };
}

async function storedLines(
  store: Store,
  connector: { id: string; streams: readonly { id: string }[] },
  refs: ReadonlySet<string>,
): Promise<unknown[]> {
  const ever = { fromMs: Date.UTC(1970, 0), toMs: Date.UTC(2100, 0) };
  const lines: unknown[] = [];
  for (const { id: stream } of connector.streams) {
    const source = { connector: connector.id, stream, labels: {} };
    const series = new Map((await store.measurements.series(source)).map((one) => [one.id, one]));
    for (const sample of await store.measurements.read(source, ever)) {
      const { atMs, durationMs, seriesId, value, status, revision, numerator, denominator } = sample;
      const { labels, unit } = series.get(seriesId) ?? {};
      lines.push({
        stream,
        measurement: {
          at: new Date(atMs).toISOString(),
          ...{ durationMs, labels, unit, value, status },
          ...(numerator == null || denominator == null ? {} : { numerator, denominator }),
          ...(revision > 1 ? { revision } : {}),
        },
      });
    }
    for (const projectRef of refs)
      for (const cost of await store.costs.read({ connector: connector.id, stream, projectRef })) {
        const { sourceKey, kind, capitalisation, recurrence, pool, amount, currency, postingDate, revision } = cost;
        const { cashDate, document, correctionOf, text } = cost;
        const line = { sourceKey, projectRef, kind, capitalisation, recurrence, pool, amount, currency, postingDate };
        const rest = { cashDate, document, correctionOf, text, ...(revision > 1 ? { revision } : {}) };
        lines.push({ stream, cost: { ...line, ...rest } });
      }
  }
  return lines;
}

function collecting(lines: string[], redact: (text: string) => string): Logger {
  const write = (facts: Record<string, unknown>, message: string): void =>
    void lines.push(redact(JSON.stringify({ ...facts, message })));
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  return logger;
}

/** In an order of their own: neither lines nor the keys of one have one that means anything. */
export const inOrder = (lines: readonly unknown[]): string[] =>
  lines.map((line) => JSON.stringify(sorted(line))).sort();

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** Null: the answer is no JSON. */
export const jsonOf = ({ headers, text }: SentAnswer): unknown =>
  headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : null;

/** Fails where the answer is not the one that the case expects. */
export function expectAnswer({ request, response }: Sent, answer: SentAnswer): void {
  const what = `${request.method} ${request.path}: ${answer.text}`;
  expect(answer.status, what).toBe(response.status);
  for (const [name, wanted] of Object.entries(response.headers)) {
    const given = answer.headers.get(name) ?? '(none)';
    if (typeof wanted === 'string') expect(given, name).toBe(wanted);
    else expect(given, name).toMatch(new RegExp(wanted.matches));
  }
  for (const text of response.says) expect(answer.text).toContain(text);
  const json: unknown = jsonOf(answer);
  if (response.json !== undefined) expect(json).toMatchObject(response.json as object);
  if (response.errors === undefined) return;
  const errors = (json as { errors?: { pointer: string; line?: number; message: string }[] } | null)?.errors ?? [];
  expect(
    errors.map(({ pointer, line }) => ({ pointer, line })),
    what,
  ).toEqual(response.errors.map(({ pointer, line }) => ({ pointer, line })));
  for (const [index, { says }] of response.errors.entries()) expect(errors[index]?.message).toContain(says);
}
