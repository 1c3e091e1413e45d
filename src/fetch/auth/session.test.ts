import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  asOutturnError,
  cookiesOf,
  createRedactor,
  type HttpRequest,
  PermanentError,
  type SessionProtocol,
} from '#kit';
import { httpSettings } from '../../../test/factories/connector.ts';
import { silentLog } from '../../../test/harness/silent-log.ts';
import { createFetchFactory, createLocalBudgets } from '../index.ts';

/** A source that says in an HTTP 200 that a session is over, as many do. */
const protocol: SessionProtocol = {
  login: (body) => ({ method: 'POST', url: 'login', body }),
  read(response) {
    const { token, error } = response.json() as { token?: string; error?: string };
    if (token === undefined) throw new PermanentError('source/unauthorised', `the source says: ${error}`);
    return {
      headers: { 'X-Session': token, Cookie: cookiesOf(response) ?? '' },
      secrets: [token],
      expiresInMs: null,
    };
  },
  isExpired: ({ body }) => body.includes('session is over'),
};

const server = createServer((request, response) => {
  const answer = (status: number, body: unknown, headers: Record<string, string | string[]> = {}): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  if (request.url === '/login') {
    logins += 1;
    expect(request.headers['x-session']).toBeUndefined();
    if (!passwordIsRight) return answer(200, { error: 'Login name or password is incorrect' });
    live = `ticket-${logins}-of-the-session`;
    const cookies = [`sid=${logins}; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly`, 'lang=en'];
    return answer(200, { token: live }, { 'set-cookie': cookies });
  }
  seen.push(`${request.url} ${request.headers['x-session']} ${request.headers.cookie}`);
  if (request.url === '/anonymous') return answer(200, {});
  if (request.headers['x-session'] === live && !refusesAll) return answer(200, { ok: true });
  return request.url === '/status' ? answer(401, {}) : answer(200, { error: 'session is over' });
});
let url = '';
let live = '';
let logins = 0;
let passwordIsRight = true;
let refusesAll = false;
let seen: string[] = [];
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  [live, logins, passwordIsRight, refusesAll, seen] = ['', 0, true, false, []];
});

function open() {
  const redactor = createRedactor();
  let nowMs = 0;
  const factory = createFetchFactory({
    redactor,
    log: silentLog,
    clock: { nowMs: () => nowMs },
    budgets: createLocalBudgets({ nowMs: () => Date.now() }),
    sessionOf: (kind) => (kind === 'ours' ? protocol : undefined),
  });
  const http = httpSettings({ url, auth: { kind: 'session', username: 'outturn', password: 'pass-word' } });
  const ask = (request: HttpRequest = { url: 'data' }, kind = 'ours') =>
    factory
      .client({ id: 'shop', kind, http, options: {}, streams: [] }, new AbortController().signal)
      .request(request)
      .then((response) => response.json(), asOutturnError);
  return { ask, redactor, pass: (ms: number) => void (nowMs += ms) };
}

describe('a session', () => {
  it('is begun once for all requests, with the cookies that the login sets', async () => {
    const { ask, redactor } = open();
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(logins).toBe(1);
    expect(seen).toContain('/data ticket-1-of-the-session sid=1; lang=en');
    expect(redactor.text('has ticket-1-of-the-session')).toBe('has [redacted]');
  });

  it.each(['data', 'status'])('that is over is begun anew, once (told by %s)', async (path) => {
    const { ask } = open();
    await ask();
    live = 'ended at the source';
    expect(await Promise.all([ask({ url: path }), ask({ url: path })])).toEqual([{ ok: true }, { ok: true }]);
    expect(logins).toBe(2);
  });

  it('is not begun again and again where what it gives is refused', async () => {
    const { ask } = open();
    refusesAll = true;
    for (let tries = 0; tries < 5; tries += 1)
      expect(await ask({ url: 'status' })).toMatchObject({ code: 'source/unauthorised' });
    expect(logins).toBe(2);
  });

  it('with a wrong password is tried once, and again after a quarter of an hour', async () => {
    const { ask, pass } = open();
    passwordIsRight = false;
    for (let tries = 0; tries < 5; tries += 1) {
      const error = await ask();
      expect(error).toMatchObject({
        code: 'source/unauthorised',
        message: expect.stringContaining('password is incorrect'),
      });
    }
    expect(logins).toBe(1);
    passwordIsRight = true;
    pass(900_001);
    expect(await ask()).toEqual({ ok: true });
  });

  it('is not needed for a request that must not carry one', async () => {
    const { ask } = open();
    await ask({ url: 'anonymous', anonymous: true });
    expect([logins, seen]).toEqual([0, ['/anonymous undefined undefined']]);
  });

  it('is refused for a kind that has none', async () => {
    expect(await open().ask({ url: 'data' }, 'other')).toMatchObject({
      code: 'config/invalid-value',
      message: expect.stringContaining('other has no login by auth session'),
    });
  });
});
