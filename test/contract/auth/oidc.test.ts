import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  asOutturnError,
  type ConnectorConfig,
  createRedactor,
  type FetchFactory,
  type HttpSettings,
  type Logger,
  type SecretBox,
  type TokenStore,
} from '#kit';
import { createSecretBox, readKeys } from '#src/auth/index';
import { createFetchFactory, createLocalBudgets } from '#src/fetch/index';
import { httpSettings } from '../../factories/connector.ts';
import { type OidcServer, startOidc } from '../../harness/servers/oidc.ts';
import { type StoreFixture, storeFixture } from '../store/fixtures.ts';
import type { Setting } from './asking-process.ts';

let fixture: StoreFixture;
let oidc: OidcServer;
let box: SecretBox;
const masterKey = randomBytes(32).toString('base64');
beforeAll(async () => {
  [fixture, oidc] = await Promise.all([storeFixture(), startOidc()]);
  const [key, ...more] = await readKeys({ OUTTURN_KEY: masterKey });
  if (key === undefined) throw new Error('no key');
  box = createSecretBox([key, ...more]);
});
afterAll(async () => {
  await oidc.close();
  await fixture.close();
});

const lines: string[] = [];
const write = (facts: Record<string, unknown>, message: string): void =>
  void lines.push(JSON.stringify({ ...facts, message }));
const log: Logger = { debug: write, info: write, warn: write, error: write, child: () => log };

/** As one process of the fleet has it. */
function processOf(store: TokenStore | null, clock = { nowMs: () => Date.now() }, asksAnew = false): FetchFactory {
  return createFetchFactory({
    redactor: createRedactor(),
    log,
    clock,
    budgets: createLocalBudgets(clock),
    tokens: store === null ? undefined : { store, box },
    asksAnew,
  });
}
const connector = (auth: HttpSettings['auth']): ConnectorConfig => ({
  id: 'crm',
  kind: 'http',
  http: httpSettings({ url: oidc.resourceUrl, auth }),
  options: {},
  streams: [],
});
const ask = (factory: FetchFactory, auth: HttpSettings['auth']) =>
  factory
    .client(connector(auth), new AbortController().signal)
    .request({ url: 'resource' })
    .then((response) => response.json(), asOutturnError);
/** What was asked of the token endpoint meanwhile. */
async function requestsDuring<T>(work: () => Promise<T>): Promise<{ result: T; requests: OidcServer['requests'] }> {
  const before = oidc.requests.length;
  const result = await work();
  return { result, requests: oidc.requests.slice(before) };
}
const lastToken = (): string => (oidc.seen.at(-1) ?? '').replace('Bearer ', '');

type OAuth2 = Extract<HttpSettings['auth'], { kind: 'oauth2' }>;
let number = 0;
/** Credentials that no other test has: a parameter that the provider does not know makes them another set. */
const own = (): Record<string, string> => {
  number += 1;
  return { of_test: String(number) };
};
const machine = (changes: Partial<OAuth2> = {}): OAuth2 => ({
  kind: 'oauth2',
  tokenUrl: oidc.tokenUrl,
  clientId: oidc.clients.machine.id,
  clientSecret: oidc.clients.machine.secret,
  scopes: [],
  refreshToken: null,
  parameters: own(),
  ...changes,
});
const person = async (): Promise<OAuth2> => ({
  ...machine(),
  clientId: oidc.clients.person.id,
  clientSecret: oidc.clients.person.secret,
  refreshToken: await oidc.issueRefreshToken(),
});

describe('client credentials at an OpenID provider', () => {
  it('give one token to two processes that ask at once', async () => {
    const auth = machine();
    const [a, b] = [processOf(fixture.store.tokens), processOf((await fixture.another()).tokens)];
    const { result, requests } = await requestsDuring(() =>
      Promise.all([ask(a, auth), ask(b, auth), ask(a, auth), ask(b, auth)]),
    );
    expect(result).toEqual([{ ok: true }, { ok: true }, { ok: true }, { ok: true }]);
    expect(requests).toEqual([{ grant: 'client_credentials', status: 200 }]);
  });

  it('are stored encrypted, under a name that says nothing of them', async () => {
    const auth = machine();
    await ask(processOf(fixture.store.tokens), auth);
    const { default: pg } = await import('pg');
    const client = new pg.Client({ connectionString: fixture.database.url });
    await client.connect();
    const { rows } = await client.query('SELECT * FROM source_token').finally(() => client.end());
    const text = JSON.stringify(rows);
    expect(text).toContain('"connector":"crm"');
    expect(text).not.toContain(lastToken());
    expect(text).not.toContain(oidc.clients.machine.secret);
  });

  it('bring another token once when the provider has ended the first, whoever of two notices', async () => {
    const auth = machine();
    const [a, b] = [processOf(fixture.store.tokens), processOf(fixture.store.tokens)];
    expect([await ask(a, auth), await ask(b, auth)]).toEqual([{ ok: true }, { ok: true }]);
    await oidc.revoke(lastToken());
    const { result, requests } = await requestsDuring(async () => [await ask(a, auth), await ask(b, auth)]);
    expect(result).toEqual([{ ok: true }, { ok: true }]);
    expect(requests).toHaveLength(1);
  });

  it('that are wrong are tried once by all processes together, by a check again, and others at once', async () => {
    const auth = machine({ clientSecret: 'wrong-secret-of-machine' });
    const first = await requestsDuring(() => ask(processOf(fixture.store.tokens), auth));
    expect(first.result).toMatchObject({ code: 'source/unauthorised' });
    expect(asOutturnError(first.result).message).toContain(`token request POST ${oidc.tokenUrl}`);
    expect(asOutturnError(first.result).message).toContain('invalid_client');
    // In the header, then in the body.
    expect(first.requests).toHaveLength(2);
    const { result, requests } = await requestsDuring(() => ask(processOf(fixture.store.tokens), auth));
    expect(result).toMatchObject({ code: 'source/unauthorised' });
    expect(asOutturnError(result).message).toMatch(/invalid_client.*nobody tries again for 15m/);
    expect(requests).toEqual([]);
    const check = await requestsDuring(() =>
      ask(processOf(fixture.store.tokens, { nowMs: () => Date.now() }, true), auth),
    );
    expect(check.requests).not.toEqual([]);
    expect(await ask(processOf(fixture.store.tokens), { ...auth, clientSecret: oidc.clients.machine.secret })).toEqual({
      ok: true,
    });
  });
});

describe('a refresh token that the provider replaces at each use', () => {
  it('serves two processes and one that starts later, although the configured one is used up', async () => {
    const auth = await person();
    const [a, b] = [processOf(fixture.store.tokens), processOf(fixture.store.tokens)];
    const { requests } = await requestsDuring(() => Promise.all([ask(a, auth), ask(b, auth)]));
    expect(requests).toEqual([{ grant: 'refresh_token', status: 200 }]);
    for (const late of [a, b, processOf(fixture.store.tokens)]) {
      await oidc.revoke(lastToken());
      expect(await ask(late, auth)).toEqual({ ok: true });
    }
    expect(oidc.requests.slice(-3).every(({ status }) => status === 200)).toBe(true);
  });

  it('is used once by three processes of the machine that all need a token at the same moment, each time anew', async () => {
    const setting: Setting = {
      databaseUrl: fixture.database.url,
      key: masterKey,
      connector: connector(await person()),
    };
    const children: ChildProcess[] = Array.from({ length: 3 }, () =>
      fork(new URL('asking-process.ts', import.meta.url), [JSON.stringify(setting)], {
        execArgv: ['--conditions=outturn-source'],
      }),
    );
    try {
      await Promise.all(children.map((child) => once(child, 'message')));
      for (let round = 0; round < 4; round += 1) {
        if (round > 0) await oidc.revoke(lastToken());
        const { result, requests } = await requestsDuring(() =>
          Promise.all(
            children.map(async (child) => {
              child.send(5);
              const [answers] = await once(child, 'message');
              return answers as unknown[];
            }),
          ),
        );
        expect(result.flat()).toEqual(Array.from({ length: 15 }, () => ({ ok: true })));
        expect(requests).toEqual([{ grant: 'refresh_token', status: 200 }]);
      }
    } finally {
      for (const child of children) child.kill();
    }
  }, 60_000);

  it('is saved before the new access token is used, also when the database fails for a moment', async () => {
    const auth = await person();
    let failures = 2;
    const { tokens } = fixture.store;
    const flaky: TokenStore = {
      ...{ read: tokens.read, claim: tokens.claim, release: tokens.release, refuse: tokens.refuse },
      async save(token) {
        failures -= 1;
        if (failures >= 0) throw new Error('the database is away');
        expect(oidc.seen.length).toBe(seenBefore);
        return await tokens.save(token);
      },
    };
    const seenBefore = oidc.seen.length;
    expect(await ask(processOf(flaky), auth)).toEqual({ ok: true });
    await oidc.revoke(lastToken());
    expect(await ask(processOf(tokens), auth)).toEqual({ ok: true });
  });

  it('that is over is said so, and is not tried again by anybody', async () => {
    const auth = { ...(await person()), refreshToken: 'never-issued-refresh-token' };
    const error = asOutturnError(await ask(processOf(fixture.store.tokens), auth));
    expect(error).toMatchObject({ code: 'source/unauthorised', hint: expect.stringContaining('auth.refreshToken') });
    expect(error.message).not.toContain('never-issued');
    const { requests } = await requestsDuring(() => ask(processOf(fixture.store.tokens), auth));
    expect(requests).toEqual([]);
  });

  it('lives in the process alone without a key, which is said', async () => {
    const auth = await person();
    lines.length = 0;
    const alone = processOf(null);
    expect(await ask(alone, auth)).toEqual({ ok: true });
    await oidc.revoke(lastToken());
    expect(await ask(alone, auth)).toEqual({ ok: true });
    expect(lines.filter((line) => line.includes('set OUTTURN_KEY'))).toHaveLength(1);
  });
});

describe('a JWT in place of the client secret', () => {
  const signer = (privateKey: string): HttpSettings['auth'] => ({
    kind: 'jwt',
    tokenUrl: oidc.tokenUrl,
    use: 'client-assertion',
    issuer: oidc.clients.signer.id,
    subject: null,
    audience: oidc.issuer,
    algorithm: 'PS256',
    keyId: oidc.clients.signer.keyId,
    privateKey,
    scopes: [],
    claims: {},
    parameters: own(),
  });

  it('is accepted by the provider', async () => {
    expect(await ask(processOf(fixture.store.tokens), signer(oidc.clients.signer.privateKey))).toEqual({ ok: true });
  });

  it('of another key is refused, and neither key nor assertion is shown', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const pem = other.export({ format: 'pem', type: 'pkcs8' }).toString();
    const error = asOutturnError(await ask(processOf(fixture.store.tokens), signer(pem)));
    expect(error).toMatchObject({ code: 'source/unauthorised', hint: expect.stringContaining('privateKey') });
    expect(JSON.stringify([error.message, error.hint, error.facts])).not.toMatch(/eyJ|BEGIN/);
  });

  it('of a clock that is wrong is explained by the clock', async () => {
    const ahead = { nowMs: () => Date.now() - 3_600_000 };
    const error = await ask(processOf(fixture.store.tokens, ahead), signer(oidc.clients.signer.privateKey));
    expect(error).toMatchObject({
      code: 'source/unauthorised',
      hint: expect.stringMatching(/clock is 1h behind the source's/),
    });
  });
});
