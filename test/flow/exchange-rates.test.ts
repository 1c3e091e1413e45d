import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, outturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

/** A project in euros with a cost of $1,000 on a Saturday, one in euros alone, and the ECB's files on a server of our own. */
const yaml = (port: number): string => `
settings: { timeZone: Europe/Berlin }
connectors:
  ecb:
    kind: ecb
    url: http://127.0.0.1:${port}/stats/eurofxref
    since: 2024-01-02
    streams:
      daily: {}
projects:
${['abroad', 'home']
  .map(
    (id) => `
  ${id}:
    name: ${id}
    currency: EUR
    startsOn: 2024-01-01
    horizonYears: 5
    discountRate: 8 %
    costs:
      lines:
        - { id: invoice, date: 2024-01-06, amount: 1000, currency: ${id === 'abroad' ? 'USD' : 'EUR'}, kind: actual }
    metrics: {}`,
  )
  .join('\n')}
`;

describe('exchange rates of the ECB', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let server: Server;
  let env: Record<string, string>;
  let friday = '1.0921';
  const asked: string[] = [];

  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('fx'), testDatabase()]);
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const day = (date: string, usd: string): string =>
        `<Cube time="${date}"><Cube currency="USD" rate="${usd}"/><Cube currency="JPY" rate="158.57"/></Cube>`;
      response
        .writeHead(200, { 'content-type': 'text/xml' })
        .end(
          `<?xml version="1.0" encoding="UTF-8"?><gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01"><Cube>${day('2024-01-08', '1.0946')}${day('2024-01-05', friday)}${day('2024-01-04', '1.0953')}</Cube></gesmes:Envelope>`,
        );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml((server.address() as AddressInfo).port));
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config };
  });
  afterAll(async () => {
    server?.close();
    await database?.close();
    await directory?.remove();
  });

  const run = async (...args: string[]): Promise<CliResult> => {
    const result = await outturn(args, { env });
    expect(result.status, `${args.join(' ')}\n${result.stdout}${result.stderr}`).toBeLessThan(2);
    return result;
  };
  const costOf = async (id: string, ...more: string[]): Promise<string | null> => {
    const node = (await run('explain', id, 'cost', ...more, '--json')).json<{
      tree: { value: { amount: string } | null };
    }>();
    return node.tree.value?.amount ?? null;
  };

  it('without a rate there is no figure; the pull brings it, and a correction restates it, but not as known before', async () => {
    // What only shows puts nothing in force.
    await run('apply', '--yes');
    expect(await costOf('abroad')).toBeNull();
    expect(await costOf('home')).toBe('1000');
    expect((await run('fx', 'coverage')).stdout).toContain('missing');

    const first = await run('pull', 'ecb', '--json');
    expect(asked).toEqual(['/stats/eurofxref/eurofxref-hist.xml']);
    expect(first.stdout).toContain('"abroad"');
    expect(first.stdout).not.toContain('"home"');
    // 1,000 / 1.0921, of the Friday before.
    expect(await costOf('abroad')).toBe('915.66706346');
    const before = new Date().toISOString();

    expect((await run('pull', 'ecb', '--from', '2024-01-02', '--json')).stdout).not.toContain('"abroad"');
    friday = '1.0900';
    const corrected = await run('pull', 'ecb', '--from', '2024-01-02', '--json');
    expect(corrected.stdout).toContain('"abroad"');
    expect(await costOf('abroad')).toBe('917.43119266');
    expect(await costOf('abroad', '--known-at', before)).toBe('915.66706346');
    // The pull had the snapshot made, of which digests and reports are.
    expect((await run('roi', 'abroad', '--json')).stdout).toContain('917.43119266');

    const rate = (await run('fx', '--from', 'USD', '--to', 'EUR', '--on', '2024-01-06', '--json')).json();
    expect(rate).toMatchObject({
      found: true,
      legs: [{ date: '2024-01-05', source: 'ecb/daily', quoted: { rate: '1.0900' }, stored: { revision: 2 } }],
    });
    const then = await run('fx', '--from', 'USD', '--to', 'EUR', '--on', '2024-01-06', '--known-at', before);
    expect(then.stdout).toContain('1 EUR = 1.0921 USD');
  });
});
