import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  type AnyConnectorKind,
  asOutturnError,
  type HttpSettings,
  OutturnError,
  PermanentError,
  RetryableError,
} from '#kit';
import { connectorContext } from '../../factories/connector.ts';
import { bodyOf, caseNames, type Exchange, loadCase, loadKinds, type TestCase } from './case.ts';
import { connectorOf } from './connector-config.ts';
import { type Fault, type ReplayServer, startReplayServer } from './replay-server.ts';
import { emptyRun, outcomeLines, type Run, runCase } from './run-case.ts';

const SECRET = 'tr0ub4dor&3-horse/battery';

interface Base {
  testCase: TestCase;
  exchanges: Exchange[];
  /** The last exchange that answers with data: that is a page, and pages come before it if any do. */
  faulty: number;
  /** How it answers. */
  form: 'json' | 'xml';
}

/** The case with the most exchanges among those that succeed: faults in the middle of paging show most. */
function baseOf(folder: string): Base | null {
  const cases = caseNames(folder)
    .map((name) => loadCase(folder, name))
    .filter(({ definition, expectedLines }) => definition.action === 'pull' && (expectedLines ?? []).length > 0);
  const [testCase] = cases
    .filter(({ exchanges }) => exchanges?.some((exchange) => formOf(exchange) !== null))
    .sort((a, b) => (b.exchanges?.length ?? 0) - (a.exchanges?.length ?? 0));
  if (testCase?.exchanges == null || testCase.exchanges.length === 0) return null;
  const { exchanges } = testCase;
  const faulty = exchanges.findLastIndex((exchange) => formOf(exchange) !== null);
  const exchange = exchanges[faulty];
  return { testCase, exchanges, faulty, form: (exchange && formOf(exchange)) ?? 'json' };
}

function formOf(exchange: Exchange): Base['form'] | null {
  const type = Object.entries(exchange.response.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (exchange.response.status !== 200) return null;
  if (type === undefined || type.includes('json')) return 'json';
  return type.includes('xml') ? 'xml' : null;
}

/** What a kind says to answers that are no data, by the form that it reads. */
const codes = {
  json: { brokenOff: 'source/not-json', loginPage: 'source/not-json', says: /text\/html.*Sign in.*login page/s },
  xml: { brokenOff: 'source/partial', loginPage: 'source/bad-shape', says: /Sign in.*login page/s },
} as const;

const kinds = (await loadKinds()).flatMap(({ folder, kind }) => {
  const base = baseOf(folder);
  return base === null ? [] : [{ folder, kind, base }];
});

describe.each(kinds)('connectors/$folder when the source misbehaves', ({ kind, base }) => {
  const { testCase, exchanges, faulty, form } = base;
  const recorded = bodyOf(
    exchanges[faulty] ?? { request: { method: 'GET', path: '/' }, response: { status: 200, headers: {} } },
  );

  /** Pulls with a fault at the faulty exchange, or everywhere, and says what was thrown. */
  async function pullWith(
    fault: Fault,
    options: { http?: Partial<HttpSettings>; signal?: AbortSignal; ignoreQuery?: string[] } = {},
  ): Promise<{ run: Run; error: OutturnError | null; server: ReplayServer }> {
    const server = await startReplayServer(exchanges, {
      fault,
      ignoreHeaders: true,
      ignoreQuery: options.ignoreQuery ?? [],
    });
    const run = emptyRun();
    try {
      await runCase(kind, testCase, await connectorOf(kind, testCase, server.url, options.http), options.signal, run);
      return { run, error: null, server };
    } catch (thrown) {
      expect(thrown, `not a typed error: ${String(thrown)}`).toBeInstanceOf(OutturnError);
      return { run, error: asOutturnError(thrown), server };
    } finally {
      await server.close();
    }
  }
  const atFaulty =
    (answer: (response: ServerResponse) => void): Fault =>
    (index, response) => {
      if (index !== faulty) return false;
      answer(response);
      return true;
    };
  const status = (code: number, headers: Record<string, string> = {}, body = '{"error":"no"}'): Fault =>
    atFaulty((response) => response.writeHead(code, { 'content-type': 'application/json', ...headers }).end(body));

  it('waits as long as Retry-After says in seconds', async () => {
    const { error } = await pullWith(status(429, { 'retry-after': '7' }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: 7000 });
  });

  it('waits until the date that Retry-After gives', async () => {
    const { nowMs } = testCase.definition;
    const { error } = await pullWith(status(429, { 'retry-after': new Date(nowMs + 90_000).toUTCString() }));
    expect(error).toMatchObject({ code: 'source/rate-limited' });
    expect(error).toHaveProperty('retryAfterMs', Math.floor((nowMs + 90_000) / 1000) * 1000 - nowMs);
  });

  it('leaves the waiting to the queue when a 429 does not say how long', async () => {
    const { error } = await pullWith(status(429));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ code: 'source/rate-limited', retryAfterMs: undefined });
  });

  it.each([
    [401, 'source/unauthorised'],
    [403, 'source/forbidden'],
    [404, 'source/not-found'],
  ])('says at once what a %i is, and names the connector', async (code, expected) => {
    const { error } = await pullWith(status(code));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error?.code).toBe(expected);
    expect(error?.message).toContain(testCase.name);
    expect(error?.hint).toBeTruthy();
  });

  it('fails a pull on a 500 and gives the whole outcome when tried again', async () => {
    const first = await pullWith(status(500, {}, 'upstream is down'));
    expect(first.error).toBeInstanceOf(RetryableError);
    expect(first.error?.code).toBe('source/server-error');
    const second = await pullWith(() => false);
    expect(second.error).toBeNull();
    expect(outcomeLines(second.run.parsed)).toEqual(testCase.expectedLines);
  });

  it('takes nothing from an answer that breaks off', async () => {
    const half = recorded.slice(0, Math.floor(recorded.length / 2));
    const { error, run } = await pullWith(
      atFaulty((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(half)),
    );
    expect(error?.code).toBe(codes[form].brokenOff);
    expect(error).toBeInstanceOf(RetryableError);
    expect(run.pages.length).toBeLessThan(exchanges.length);
  });

  it('takes nothing from an answer whose connection breaks', async () => {
    const { error } = await pullWith(
      atFaulty((response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': String(recorded.length + 10) });
        response.write(recorded, () => response.destroy());
      }),
    );
    expect(error).toBeInstanceOf(RetryableError);
    expect(error?.code).toBe('source/unreachable');
  });

  it('recognises a login page', async () => {
    const { error } = await pullWith(
      atFaulty((response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>'),
      ),
    );
    expect(error).toBeInstanceOf(PermanentError);
    expect(error?.code).toBe(codes[form].loginPage);
    expect(`${error?.message} ${error?.hint}`).toMatch(codes[form].says);
  });

  it('does not take an empty body for an empty result', async () => {
    const { error } = await pullWith(
      atFaulty((response) => response.writeHead(200, { 'content-type': 'application/json' }).end()),
    );
    expect(error?.code).toBe('source/empty-answer');
  });

  it.each(['{}', '[]', 'null', '42', '"text"', '[[]]', '{"status":"success"}', '{"value":{}}', '{"d":7}'])(
    'refuses %s as data',
    async (body) => {
      const { error } = await pullWith(
        atFaulty((response) => response.writeHead(200, { 'content-type': 'application/json' }).end(body)),
      );
      expect(error).toBeInstanceOf(PermanentError);
      expect(error?.code).toBe('source/bad-shape');
    },
  );

  it('stops reading an answer that is longer than allowed', async () => {
    const maxResponseBytes = Math.max(...exchanges.map((exchange) => Buffer.byteLength(bodyOf(exchange)))) + 1000;
    let sentBytes = 0;
    const { error } = await pullWith(
      atFaulty((response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const chunk = Buffer.alloc(65_536, ' ');
        const more = (): void => {
          if (response.destroyed || sentBytes > maxResponseBytes + (64 << 20)) return void response.end();
          sentBytes += chunk.length;
          response.write(chunk, more);
        };
        more();
      }),
      { http: { maxResponseBytes } },
    );
    expect(error).toBeInstanceOf(PermanentError);
    expect(error?.code).toBe('source/too-large');
    expect(error?.message).toContain(String(maxResponseBytes));
    expect(sentBytes).toBeLessThan(maxResponseBytes + (64 << 20));
  });

  it('stops in the middle of a page when it is cancelled', async () => {
    const cancel = new AbortController();
    let closed: Promise<void> = Promise.resolve();
    const { error, run } = await pullWith(
      atFaulty((response) => {
        closed = new Promise((resolve) => response.once('close', resolve));
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write(recorded.slice(0, Math.floor(recorded.length / 2)), () => cancel.abort());
      }),
      { signal: cancel.signal },
    );
    expect(error?.code).toBe('queue/cancelled');
    expect(run.pages.length).toBeLessThan(exchanges.length);
    await closed;
  });

  it('gives up when the answer takes longer than the time-out', async () => {
    const { error } = await pullWith(
      atFaulty((response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{')),
      { http: { timeoutMs: 300 } },
    );
    expect(error).toBeInstanceOf(RetryableError);
    expect(error?.code).toBe('source/timeout');
  });

  it('names host and port when nothing listens there', async () => {
    const server = await startReplayServer([]);
    await server.close();
    const run = runCase(kind, testCase, await connectorOf(kind, testCase, server.url));
    const error = await run.then(() => null, asOutturnError);
    expect(error).toBeInstanceOf(RetryableError);
    expect(error?.code).toBe('source/unreachable');
    expect(error?.message).toContain(server.url.replace('http://', ''));
  });

  describe.each<{ auth: HttpSettings['auth']; ignoreQuery: string[] }>([
    { auth: { kind: 'basic', username: 'outturn', password: SECRET }, ignoreQuery: [] },
    { auth: { kind: 'bearer', token: SECRET }, ignoreQuery: [] },
    { auth: { kind: 'header', values: { 'X-Api-Key': SECRET } }, ignoreQuery: [] },
    { auth: { kind: 'query', name: 'api_key', value: SECRET }, ignoreQuery: ['api_key'] },
  ])('with a secret in auth $auth.kind', ({ auth, ignoreQuery }) => {
    const forms = [
      SECRET,
      encodeURIComponent(SECRET),
      new URLSearchParams({ x: SECRET }).toString().slice(2),
      Buffer.from(SECRET).toString('base64'),
      Buffer.from(`outturn:${SECRET}`).toString('base64'),
    ];
    const reveals = (text: string): string[] => forms.filter((form) => text.includes(form));

    it('shows it nowhere while all goes well', async () => {
      const { run, error, server } = await pullWith(() => false, { http: { auth }, ignoreQuery });
      expect(error).toBeNull();
      expect(server.problems).toEqual([]);
      expect(reveals(JSON.stringify({ pages: run.pages, parsed: run.parsed, log: run.log }))).toEqual([]);
    });

    it.each([401, 400, 422, 500])('shows it nowhere when the source repeats it in a %i', async (code) => {
      const echo: Fault = (index, response, request) => {
        if (index !== faulty) return false;
        const body = JSON.stringify({ headers: request.headers, plain: SECRET, encoded: forms[2] });
        response.writeHead(code, { 'content-type': 'text/plain' }).end(body);
        return true;
      };
      const { run, error } = await pullWith(echo, { http: { auth }, ignoreQuery });
      expect(error).not.toBeNull();
      const shown = JSON.stringify([error?.message, error?.hint, error?.facts, error?.stack, run.log, run.pages]);
      expect(reveals(shown)).toEqual([]);
      expect(reveals(String((error?.cause as Error | undefined)?.stack ?? ''))).toEqual([]);
    });
  });
});

describe.each(await loadKinds())('connectors/$folder parses archived pages', ({ folder, kind }) => {
  const cases = caseNames(folder)
    .map((name) => loadCase(folder, name))
    .filter(({ definition, expectedLines }) => definition.action === 'pull' && expectedLines !== null);

  it.each(cases)('of $name again with the same outcome, without asking anyone', async (testCase) => {
    const { run, contextOf } = await pagesOf(kind, testCase);
    for (const [index, page] of run.pages.entries()) {
      const archived: typeof page = JSON.parse(JSON.stringify(page));
      expect(await kind.parse(archived, contextOf)).toEqual(run.parsed[index]);
    }
  });

  it.each(cases)('of $name with any one value spoilt: data or a typed error, never a crash', async (testCase) => {
    const { run, contextOf } = await pagesOf(kind, testCase);
    for (const page of run.pages)
      for (const body of spoilt(page.body)) {
        try {
          const { measurements, costs, quotes = [] } = await kind.parse({ ...page, body }, contextOf);
          for (const quote of quotes) {
            expect(quote.rate, body).toMatch(/^\d+(\.\d+)?$/);
            expect(quote.date, body).toMatch(/^\d{4}-\d{2}-\d{2}$/);
            expect(quote.quote, body).toMatch(/^[A-Z]{3}$/);
          }
          for (const measurement of measurements) {
            expect(Number.isSafeInteger(measurement.atMs), body).toBe(true);
            if (measurement.value === null) expect(measurement.status, body).toBe('missing');
            else expect(Number.isFinite(measurement.value), body).toBe(true);
          }
          for (const cost of costs) {
            expect(cost.amount, body).toMatch(/^-?\d+(\.\d+)?$/);
            expect(cost.postingDate, body).toMatch(/^\d{4}-\d{2}-\d{2}$/);
            expect(cost.currency, body).toMatch(/^[A-Z]{3}$/);
          }
        } catch (thrown) {
          if (!(thrown instanceof PermanentError))
            throw new Error(`${String(thrown)} for ${body.slice(0, 2000)}`, { cause: thrown });
          expect(thrown.code.startsWith('source/'), thrown.message).toBe(true);
        }
      }
  });
});

async function pagesOf(kind: AnyConnectorKind, testCase: TestCase) {
  const server = testCase.exchanges === null ? null : await startReplayServer(testCase.exchanges);
  try {
    const connector = await connectorOf(kind, testCase, server?.url ?? null);
    const run = await runCase(kind, testCase, connector);
    const streamId = testCase.definition.stream ?? connector.streams[0]?.id ?? '';
    const stream = connector.streams.find(({ id }) => id === streamId);
    return { run, contextOf: { ...connectorContext(connector.options), stream: stream?.options, streamId } };
  } finally {
    await server?.close();
  }
}

const MOST_SPOILT = 60;
const REPLACEMENTS: readonly unknown[] = [null, 'spoilt', 1e21, true, {}, []];

/** Variants of a body: JSON with one value replaced or removed, other text cut off or with a byte changed. */
function spoilt(body: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    const cuts = [0, 1, Math.floor(body.length / 3), Math.floor(body.length / 2), body.length - 1];
    return cuts.flatMap((at) => [
      body.slice(0, at),
      `${body.slice(0, at)}"${body.slice(at + 1)}`,
      `${body.slice(0, at)}\0`,
    ]);
  }
  const paths = pathsOf(value);
  const stride = Math.max(1, Math.floor(paths.length / MOST_SPOILT));
  return paths
    .filter((_, index) => index % stride === 0)
    .flatMap((path) => [
      ...REPLACEMENTS.map((replacement) => JSON.stringify(replaced(value, path, () => replacement))),
      JSON.stringify(replaced(value, path, () => undefined)),
    ]);
}

function pathsOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return [path, ...value.flatMap((item, index) => pathsOf(item, [...path, index]))];
  if (typeof value === 'object' && value !== null)
    return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
  return [path];
}

function replaced(value: unknown, path: readonly (string | number)[], by: () => unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return by() ?? null;
  if (Array.isArray(value)) return value.map((item, index) => (index === head ? replaced(item, rest, by) : item));
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) };
  const inner = rest.length === 0 ? by() : replaced(copy[head], rest, by);
  if (inner === undefined) delete copy[head];
  else copy[head] = inner;
  return copy;
}
