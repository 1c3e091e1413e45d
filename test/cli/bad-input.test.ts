import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outturnProcess } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { freePort } from '../harness/ports.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

/** A configuration that is right; each test spoils one thing of it. */
const good = (url: string): string => `
connectors:
  shop:
    kind: prometheus
    url: ${url}
    auth: { kind: bearer, token: "\${env:SHOP_TOKEN}" }
    since: 2d
    streams:
      failures: { query: sum(failures), step: 1h, sample: interval, unit: failures }
projects:
  checkout:
    name: Checkout
    currency: EUR
    timeZone: Europe/Berlin
    startsOn: 2026-06-01
    horizonYears: 3
    discountRate: 8 %
    costs: { lines: [{ date: 2026-06-02, amount: 1000, currency: EUR, kind: actual, text: Licences }] }
    metrics:
      failures:
        name: Failures
        benefitClass: cash-releasing
        kind: flow
        unit: failures
        direction: down
        source: { connector: shop, stream: failures }
        cadence: day
        freshnessLimit: 2d
        baseline: { value: 100 }
        rates: [{ from: 2026-01-01, amount: 4.50, currency: EUR, per: failure }]
        startsOn: 2026-07-01
`;
const SECRET = 'hunter2-very-secret';

describe('bad input', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let count = 0;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('bad-input'), testDatabase()]);
    // As root, PostgreSQL runs as another user, who must be able to pass.
    await chmod(directory.path, 0o755);
  });
  afterAll(async () => {
    await database.close();
    await directory.remove();
  });

  /** Runs a command on a configuration folder that holds just this file. */
  async function withConfig(yaml: string, args: string[], env: Record<string, string | undefined> = {}) {
    const folder = path.join(directory.path, `config-${++count}`);
    await mkdir(folder);
    await writeFile(path.join(folder, 'outturn.yaml'), yaml);
    const result = await outturnProcess([...args, '--config', folder], {
      env: { SHOP_TOKEN: SECRET, DATABASE_URL: database.url, ...env },
    });
    expect(result.stdout + result.stderr, 'no secret is shown').not.toContain(SECRET);
    expect(result.stdout + result.stderr, 'no stack trace for a user’s mistake').not.toMatch(/^\s+at .+:\d+:\d+/m);
    return result;
  }

  async function withServer<T>(listener: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
    const server: Server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  describe('in the configuration is told with file, line and column by `outturn validate`', () => {
    const url = 'http://127.0.0.1:9090';
    it('the good one is valid', async () => {
      const result = await withConfig(good(url), ['validate']);
      expect(result.stdout).toContain('valid');
      expect(result.status).toBe(0);
    });

    it.each([
      ['broken YAML', good(url).replace('    kind: prometheus', '    kind: [prometheus'), /outturn\.yaml:\d+:\d+/],
      [
        'an unknown key, with the near miss',
        good(url).replace('    since:', '    sinse:'),
        /outturn\.yaml:7:\d+ .*sinse.*did you mean .*since/s,
      ],
      [
        'an unknown connector kind, with the near miss',
        good(url).replace('kind: prometheus', 'kind: promethius'),
        /outturn\.yaml:4:\d+ .*promethius.*did you mean .*prometheus/s,
      ],
      [
        'a currency without a rate',
        good(url).replace('amount: 1000, currency: EUR', 'amount: 1000, currency: CHF'),
        /outturn\.yaml:18:\d+ .*CHF.*EUR/s,
      ],
      [
        'a stream that is not there',
        good(url).replace('stream: failures }', 'stream: failurs }'),
        /outturn\.yaml:26:\d+ .*failurs.*did you mean .*failures/s,
      ],
    ])('%s', async (_what, yaml, place) => {
      const result = await withConfig(yaml, ['validate']);
      expect(result.stdout).toMatch(place);
      expect(result.status).toBe(1);
    });

    it('a missing environment variable', async () => {
      const result = await withConfig(good(url), ['validate'], { SHOP_TOKEN: undefined });
      expect(result.stdout).toMatch(/outturn\.yaml:6:\d+ .*SHOP_TOKEN/);
      expect(result.status).toBe(1);
    });

    it('a metric without a baseline and rates is tracked, not monetised, and says so', async () => {
      const result = await withConfig(good(url).replace(/ {8}(baseline|rates).*\n/g, ''), ['validate']);
      expect(result.stdout).toMatch(/outturn\.yaml:\d+:\d+ warning .*baseline/);
      expect(result.status).toBe(0);
    });

    it('all of them at once, and the same as data', async () => {
      const yaml = good(url)
        .replace('    since:', '    sinse:')
        .replace('kind: flow', 'kind: flood')
        .replace('currency: EUR\n', 'currency: EURO\n');
      const result = await withConfig(yaml, ['validate', '--json']);
      const { problems } = result.json<{ problems: { line: number; severity: string }[] }>();
      expect(problems.filter((problem) => problem.severity === 'error').map((problem) => problem.line)).toEqual(
        expect.arrayContaining([7, 13, 23]),
      );
      expect(result.status).toBe(1);
    });
  });

  describe('from a source is told by `outturn check` and `outturn pull`', () => {
    const answer =
      (status: number, type: string, body: string): RequestListener =>
      (_request, response) =>
        void response.writeHead(status, { 'content-type': type }).end(body);
    const data = (result: unknown): RequestListener =>
      answer(200, 'application/json', JSON.stringify({ status: 'success', data: { resultType: 'matrix', result } }));
    const pullOnce = (url: string) => withConfig(good(url), ['pull', 'shop', '--dry-run']);

    it('an unreachable host, with host and port', async () => {
      const port = await freePort();
      const result = await withConfig(good(`http://127.0.0.1:${port}`), ['check']);
      expect(result.stdout).toContain('source/unreachable');
      expect(result.stdout).toContain(`127.0.0.1:${port}`);
      expect(result.status).toBe(1);
    });

    it('401', async () => {
      const result = await withServer(answer(401, 'text/plain', 'no'), pullOnce);
      expect(result.stderr).toContain('source/unauthorised');
      expect(result.status).toBe(1);
    });

    it('HTML instead of JSON', async () => {
      const result = await withServer(answer(200, 'text/html', '<html><title>Sign in</title>'), pullOnce);
      expect(result.stderr).toContain('source/not-json');
      expect(result.status).toBe(1);
    });

    it('an empty answer is no data, and never zero', async () => {
      const result = await withServer(data([]), pullOnce);
      expect(result.stdout).toContain('without a row');
      expect(result.status).toBe(0);
    });

    it('NaN and Inf are left out and named', async () => {
      const atSeconds = Math.floor(Date.now() / 3_600_000) * 3_600;
      const values = [
        [atSeconds - 10_800, '5'],
        [atSeconds - 7_200, 'NaN'],
        [atSeconds - 3_600, '+Inf'],
      ];
      const result = await withServer(data([{ metric: {}, values }]), pullOnce);
      expect(result.stdout).toContain('1 measurement,');
      expect(result.stdout).toMatch(/warning .*NaN/s);
    });
  });

  describe('of the machine', () => {
    it('a port in use', async () => {
      await withServer(
        () => {},
        async (url) => {
          const { port } = new URL(url);
          const result = await withConfig(good(url), [
            'api',
            '--port',
            port,
            '--data',
            path.join(directory.path, 'data'),
          ]);
          expect(result.stderr).toContain('api/port-in-use');
          expect(result.stderr).toContain(port);
          expect(result.status).toBe(1);
        },
      );
    });

    it('a data directory that holds something else', async () => {
      const data = path.join(directory.path, 'foreign');
      await mkdir(path.join(data, 'postgres'), { recursive: true });
      await writeFile(path.join(data, 'postgres', 'thesis.txt'), 'mine');
      const result = await outturnProcess(['migrate', '--data', data]);
      expect(result.stderr).toMatch(/storage\/directory-in-use/);
      expect(result.stderr).toContain(data);
      expect(result.status).toBe(1);
    });

    it('a data directory that cannot be written', async () => {
      const file = path.join(directory.path, 'a-file');
      await writeFile(file, '');
      const result = await outturnProcess(['migrate', '--data', path.join(file, 'data')]);
      expect(result.stderr).toContain('storage/directory-unwritable');
      expect(result.stderr).toContain(file);
      expect(result.status).toBe(1);
    });

    it('a database that does not answer', async () => {
      const port = await freePort();
      const result = await outturnProcess(['migrate'], {
        env: { DATABASE_URL: `postgres://someone:${SECRET}@127.0.0.1:${port}/outturn` },
      });
      expect(result.stderr).toContain('storage/unavailable');
      expect(result.stderr).toContain(`127.0.0.1:${port}`);
      expect(result.stderr).not.toContain(SECRET);
      expect(result.status).toBe(1);
    });
  });

  it('a wrong command line ends with status 2 and says what is right', async () => {
    const [command, option, instant] = await Promise.all([
      outturnProcess(['pul']),
      outturnProcess(['validate', '--jsn']),
      outturnProcess(['pull', 'shop', '--from', 'yesterday']),
    ]);
    expect(command.stderr).toContain('Did you mean pull?');
    expect(option.stderr).toContain('--json');
    expect(instant.stderr).toContain('--from takes an ISO date');
    expect([command.status, option.status, instant.status]).toEqual([2, 2, 2]);
  });
});
