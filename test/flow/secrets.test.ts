import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PullRequest } from '#kit';
import { createApi } from '#src/api/index';
import { generateKey } from '#src/auth/index';
import { type App, openApp } from '#src/main/app';
import { type Environment, readEnvironment } from '#src/main/environment';
import { type CliResult, outturnProcess } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';
import { secretsFoundIn } from './secret-search.ts';

const yaml = (port: number): string => `
settings: { timeZone: Europe/Berlin }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:${port}
    auth: { kind: bearer, token: "\${secret:SHOP_TOKEN}" }
    since: 3h
    streams:
      failures: { query: sum(failures), step: 1h, unit: failures, sample: instant }
  other:
    kind: prometheus
    url: http://127.0.0.1:${port}
    auth: { kind: bearer, token: open-to-all }
    since: 3h
    streams:
      failures: { query: sum(failures), step: 1h, unit: failures, sample: instant }
`;
const FIRST = 'first-token-hunter2';
const SECOND = 'second-token-hunter2';

describe('secrets in the database', () => {
  const [oldKey, newKey, strangeKey] = [generateKey(), generateKey(), generateKey()];
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let source: Server;
  let env: Record<string, string>;
  /** What the source takes. */
  let accepted = FIRST;
  let shown = '';

  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('secrets'), testDatabase()]);
    // Answers as Prometheus does; echoes the key that it was sent, as careless servers do.
    source = createServer((request, response) => {
      const sent = request.headers.authorization ?? '';
      const known = [`Bearer ${accepted}`, 'Bearer open-to-all'].includes(sent);
      response
        .writeHead(known ? 200 : 401, { 'content-type': 'application/json' })
        .end(
          known
            ? `{"status":"success","data":{"resultType":"matrix","result":[]},"infos":["sent ${sent}"]}`
            : `{"status":"error","errorType":"unauthorized","error":"bad key ${sent}"}`,
        );
    });
    await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml((source.address() as AddressInfo).port));
    env = {
      DATABASE_URL: database.url,
      OUTTURN_CONFIG: config,
      OUTTURN_DATA: path.join(directory.path, 'data'),
      OUTTURN_KEY: oldKey,
    };
  });
  afterAll(async () => {
    source?.close();
    await database?.close();
    await directory?.remove();
  });

  const run = async (
    args: string[],
    { input, ...more }: { input?: string; OUTTURN_KEY?: string } = {},
  ): Promise<CliResult> => {
    const result = await outturnProcess(args, { env: { ...env, ...more }, input: input ?? '' });
    shown += result.stdout + result.stderr;
    return result;
  };
  const open = async (key: string): Promise<{ app: App; environment: Environment }> => {
    const environment = readEnvironment({ logLevel: 'silent' }, { ...env, OUTTURN_KEY: key });
    return { app: await openApp(environment), environment };
  };
  const pull = (app: App, connector: string) =>
    app.ports.pulls.run(
      // Of no job: nothing fences it.
      { jobId: randomUUID(), attempt: 1, connector, stream: 'failures', fromMs: null, toMs: null } as PullRequest,
      { signal: new AbortController().signal, progress: () => undefined },
    );

  it('validate needs none of them, no key and no database, and says how many it did not look up', async () => {
    const { status, stdout } = await outturnProcess(['validate'], { env: { OUTTURN_CONFIG: env['OUTTURN_CONFIG'] } });
    expect(status, stdout).toBe(0);
    expect(stdout).toContain('1 secret was not looked up');
  });

  it('what is not set stops every start, at the place that names it', async () => {
    const { status, stderr } = await run(['pull', 'shop', '--dry-run']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/outturn\.yaml:7:34 connectors\.shop\.auth\.token: the secret SHOP_TOKEN is not set/);
  });

  it('are set from standard input, never by an argument, and only with a key', async () => {
    expect((await run(['secret', 'set', 'SHOP_TOKEN'], { input: FIRST, OUTTURN_KEY: '' })).stderr).toContain(
      'secret/no-key',
    );
    expect((await run(['secret', 'set', 'SHOP_TOKEN', 'value'], { input: FIRST })).status).toBe(2);
    expect((await run(['secret', 'set', 'SHOP_TOKEN'], { input: '\n' })).stderr).toContain('The value is empty');
    const set = await run(['secret', 'set', 'SHOP_TOKEN', '--json'], { input: `${FIRST}\n` });
    expect(set.json()).toEqual({ name: 'SHOP_TOKEN', done: 'created' });
    await run(['secret', 'set', 'UNUSED'], { input: 'unused-value' });
    const listed = (await run(['secret', 'list', '--json'])).json<Record<string, unknown>[]>();
    expect(listed).toMatchObject([
      { name: 'SHOP_TOKEN', state: 'readable', usedBy: [{ connector: 'shop', path: 'connectors.shop.auth.token' }] },
      { name: 'UNUSED', state: 'readable', usedBy: [] },
    ]);
  });

  it('check reads them without any running process', async () => {
    const { stdout, stderr } = await run(['check', 'shop']);
    expect(stdout + stderr).not.toContain('secret/');
    expect(stdout).not.toContain('source/unauthorised');
  });

  it('one that is set anew is used by the next pull of a running process', async () => {
    const { app } = await open(oldKey);
    try {
      expect(await pull(app, 'shop')).toMatchObject({ pages: 1 });
      accepted = SECOND;
      const refused = await pull(app, 'shop').catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'source/unauthorised' });
      expect(String((refused as Error).message)).not.toContain(FIRST);
      await run(['secret', 'set', 'SHOP_TOKEN'], { input: SECOND });
      expect(await pull(app, 'shop')).toMatchObject({ pages: 1 });
      await app.store.secrets.remove('SHOP_TOKEN');
      await expect(pull(app, 'shop')).rejects.toMatchObject({ code: 'config/missing-secret' });
      expect(await pull(app, 'other')).toMatchObject({ pages: 1 });
    } finally {
      await app.close();
    }
    await run(['secret', 'set', 'SHOP_TOKEN'], { input: SECOND });
  });

  it('a lost key stops the connector that needs it, by name, and nothing else', async () => {
    const { app } = await open(strangeKey);
    try {
      await expect(pull(app, 'shop')).rejects.toMatchObject({
        code: 'secret/unreadable',
        message: expect.stringContaining('connectors.shop.auth.token'),
      });
      expect((await app.store.pulls.latest('shop', 'failures'))?.errorCode).toBe('secret/unreadable');
      expect(await pull(app, 'other')).toMatchObject({ pages: 1 });
    } finally {
      await app.close();
    }
    const { stdout } = await run(['secret', 'list'], { OUTTURN_KEY: strangeKey });
    expect(stdout).toMatch(/SHOP_TOKEN +unreadable/);
    expect((await run(['check', 'shop'], { OUTTURN_KEY: strangeKey })).stdout).toContain('secret/unreadable');
  });

  it('rotate under a new key, after which the old one may go', async () => {
    const rotated = await run(['secret', 'rotate', '--json'], { OUTTURN_KEY: `${newKey},${oldKey}` });
    expect(rotated.json()).toMatchObject({ rotated: ['SHOP_TOKEN', 'UNUSED'], unreadable: [] });
    const again = await run(['secret', 'rotate', '--json'], { OUTTURN_KEY: newKey });
    expect(again.json()).toMatchObject({ rotated: [], unchanged: ['SHOP_TOKEN', 'UNUSED'] });
    const lost = await run(['secret', 'rotate'], { OUTTURN_KEY: strangeKey });
    expect(lost).toMatchObject({ status: 1, stdout: expect.stringContaining('SHOP_TOKEN, UNUSED') });
    const { app } = await open(newKey);
    try {
      expect(await pull(app, 'shop')).toMatchObject({ pages: 1 });
    } finally {
      await app.close();
    }
  });

  it('are not removed while the configuration names them, unless forced', async () => {
    const used = await run(['secret', 'remove', 'SHOP_TOKEN']);
    expect(used).toMatchObject({ status: 1, stderr: expect.stringContaining('connectors.shop.auth.token') });
    expect((await run(['secret', 'remove', 'UNUSD'])).stderr).toContain('Did you mean UNUSED?');
    expect((await run(['secret', 'remove', 'UNUSED'])).status).toBe(0);
  });

  it('are written, listed and removed by HTTP, and never given back', async () => {
    const { app, environment } = await open(newKey);
    const token = 'api-token-for-this-test';
    const api = createApi({
      ...app,
      ...app.ports,
      token,
      secrets: app.secrets,
      readiness: async () => ({}),
    } as unknown as Parameters<typeof createApi>[0]);
    try {
      const { url } = await api.listen({ host: '127.0.0.1', port: 0 });
      const call = async (method: string, name: string, body?: unknown) => {
        const response = await fetch(`${url}/v1/secrets${name}`, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        shown += text;
        return { status: response.status, body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>) };
      };
      expect(await call('PUT', '/BY_HTTP', { value: 'http-value-hunter2', by: 'anna' })).toMatchObject({ status: 201 });
      expect(await call('PUT', '/BY_HTTP', { value: 'http-value-hunter2' })).toMatchObject({ status: 200 });
      expect(await call('GET', '')).toMatchObject({
        status: 200,
        body: { secrets: [{ name: 'BY_HTTP', setBy: 'api', state: 'readable' }, { name: 'SHOP_TOKEN' }] },
      });
      expect(await call('PUT', '/a%20b', { value: 'x' })).toMatchObject({ status: 422 });
      expect(await call('PUT', '/BY_HTTP', { value: '' })).toMatchObject({ status: 422 });
      expect(await call('GET', '/BY_HTTP')).toMatchObject({ status: 405 });
      expect(await call('DELETE', '/SHOP_TOKEN')).toMatchObject({ status: 409, body: { code: 'secret/in-use' } });
      expect(await call('DELETE', '/BY_HTTP')).toMatchObject({ status: 204 });
      expect(await call('DELETE', '/BY_HTTP')).toMatchObject({ status: 404 });
      expect((await fetch(`${url}/v1/secrets`)).status).toBe(401);
      expect(environment.redactor.text(`key ${newKey}`)).toBe('key [redacted]');
    } finally {
      await api.close();
      await app.close();
    }
  });

  it('stand in no table, no archived page, no file and no output', async () => {
    const secrets = [FIRST, SECOND, 'http-value-hunter2', 'unused-value', oldKey, newKey];
    const folder = directory.path;
    expect(await secretsFoundIn({ secrets, databaseUrl: database.url, redisUrl: null, folder, log: shown })).toEqual(
      [],
    );
  });
});
