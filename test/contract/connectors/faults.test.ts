import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { asOutturnError, type HttpSettings, OutturnError, PermanentError, RetryableError } from '#kit';
import { baseCaseOf, faultFrom } from './base-case.ts';
import { bodyOf, loadKinds } from './case.ts';
import { connectorOf } from './connector-config.ts';
import { type Fault, type ReplayServer, startReplayServer } from './replay-server.ts';
import { emptyRun, outcomeLines, type Run, runCase } from './run-case.ts';

const SECRET = 'tr0ub4dor&3-horse/battery';

/** What a kind says to answers that are no data, by the form that it reads. */
const codes = {
  json: { brokenOff: 'source/not-json', loginPage: 'source/not-json', says: /text\/html.*Sign in.*login page/s },
  xml: { brokenOff: 'source/partial', loginPage: 'source/bad-shape', says: /Sign in.*login page/s },
  csv: { brokenOff: null, loginPage: 'source/bad-shape', says: /./s },
} as const;
const logins: readonly HttpSettings['auth'][] = [
  { kind: 'basic', username: 'outturn', password: SECRET },
  { kind: 'bearer', token: SECRET },
  { kind: 'header', values: { 'X-Api-Key': SECRET } },
  { kind: 'query', name: 'api_key', value: SECRET },
  {
    kind: 'sigv4',
    accessKeyId: 'AKID',
    secretAccessKey: SECRET,
    sessionToken: null,
    region: 'eu-central-1',
    service: 'aps',
  },
];

const kinds = (await loadKinds()).flatMap(({ folder, kind }) => {
  const base = baseCaseOf(folder);
  return base === null ? [] : [{ folder, kind, base }];
});

// With OUTTURN_CONNECTOR none of the folders may be of this sort: a file without a test would fail.
it.runIf(kinds.length === 0)('has no folder to walk', () => {});

describe.each(kinds)('connectors/$folder when the source misbehaves', ({ kind, base }) => {
  const { testCase, exchanges, recorded, form } = base;

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
  const atFaulty = (answer: (response: ServerResponse) => void): Fault =>
    faultFrom(base, (_, response) => answer(response));
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
    // Rows of a table that ends at a line show nothing of it; they are at least no other rows.
    if (codes[form].brokenOff === null)
      return expect(testCase.expectedLines).toEqual(expect.arrayContaining(outcomeLines(run.parsed)));
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

  const notData = ['{}', '[]', 'null', '42', '"text"', '[[]]', '{"status":"success"}', '{"value":{}}', '{"d":7}'];
  // Where the rows themselves are the answer, no row is an answer too.
  it.each(notData.filter((body) => body !== '[]' || !recorded.trimStart().startsWith('[')))(
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

  const possible = base.logsIn ? [] : logins.filter((auth) => kind.auth === undefined || kind.auth.includes(auth.kind));
  describe.each(possible.map((auth) => ({ auth })))('with a secret in auth $auth.kind', ({ auth }) => {
    const ignoreQuery = auth.kind === 'query' ? [auth.name] : [];
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
      const echo = faultFrom(base, (_, response, request) => {
        const body = JSON.stringify({ headers: request.headers, plain: SECRET, encoded: forms[2] });
        response.writeHead(code, { 'content-type': 'text/plain' }).end(body);
      });
      const { run, error } = await pullWith(echo, { http: { auth }, ignoreQuery });
      expect(error).not.toBeNull();
      const shown = JSON.stringify([error?.message, error?.hint, error?.facts, error?.stack, run.log, run.pages]);
      expect(reveals(shown)).toEqual([]);
      expect(reveals(String((error?.cause as Error | undefined)?.stack ?? ''))).toEqual([]);
    });
  });
});
