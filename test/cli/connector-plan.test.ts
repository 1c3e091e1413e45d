import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, outturnProcess } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

interface Choices {
  password?: string;
  timeout?: string;
  query?: string;
  points?: number;
  orders?: boolean;
  apply?: string;
}
const yaml = ({
  password = 'correct-horse',
  timeout = '30s',
  query = 'failures',
  points = 500,
  orders = true,
  apply = 'manual',
}: Choices) => `
settings: { timeZone: Europe/Berlin, apply: ${apply} }
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:9
    auth: { kind: basic, username: outturn, password: ${password} }
    timeout: ${timeout}
    streams:
      failures: { query: ${query}, step: 1d, sample: interval, unit: failures, pointsPerRequest: ${points} }
      ${orders ? 'orders: { query: orders, step: 1d, sample: interval, unit: orders }' : ''}
`;

describe('plan and apply of connectors', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let env: Record<string, string>;
  beforeAll(async () => {
    [directory, database] = await Promise.all([temporaryDirectory('connector-plan'), testDatabase()]);
    const config = path.join(directory.path, 'config');
    await mkdir(config);
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config };
  });
  afterAll(async () => {
    await database?.close();
    await directory?.remove();
  });
  const run = async (choices: Choices, ...args: string[]): Promise<CliResult> => {
    await writeFile(path.join(env['OUTTURN_CONFIG'] ?? '', 'outturn.yaml'), yaml(choices));
    return await outturnProcess(args, { env });
  };

  it('say field by field what changes, show no secret, and what becomes of each watermark', async () => {
    const first = await run({}, 'plan');
    expect(first.stdout).toContain('+ connector shop is new prometheus');
    expect(first.stdout).toContain('+ stream failures: the first pull begins at since');
    const early = await run({}, 'pull', 'shop.failures', '--json');
    expect([early.status, early.stdout]).toEqual([1, expect.stringContaining('config/not-applied')]);
    expect(early.stdout).toContain('shop.failures was never applied');
    const secretless = await run({ password: '"${env:SHOP_PASSWORD}"' }, 'pull', 'shop.failures', '--json');
    expect(secretless.stdout).toContain('SHOP_PASSWORD');
    expect(secretless.stdout).not.toContain('config/not-applied');
    const tried = await run({}, 'pull', 'shop.failures', '--dry-run');
    expect(tried.stdout + tried.stderr).not.toContain('config/not-applied');

    const applied = await run({}, 'apply', '--yes');
    expect(applied.stdout).toContain('applied: connectors added: shop');

    const settings = { timeout: '60s', password: 'battery-staple', points: 100 };
    const changed = await run(settings, 'plan', 'shop');
    expect(changed.stdout).toContain('~ connector shop changes against version 1');
    expect(changed.stdout).toContain('timeout  30s → 1m');
    expect(changed.stdout).toContain('its secrets changed');
    expect(changed.stdout).toContain('pointsPerRequest  500 → 100');
    expect(changed.stdout).not.toMatch(/correct-horse|battery-staple|read anew/);

    const anew = await run({ query: 'failures_total', orders: false }, 'apply', '--yes', '--json');
    expect(anew.json()).toMatchObject({ connectors: { changed: ['shop'], anew: ['shop.failures'] } });
    const jobs = await run({ query: 'failures_total', orders: false }, 'jobs', '--json');
    expect(jobs.stdout).toContain('"stream": "failures"');
    const nothing = await run({ query: 'failures_total', orders: false }, 'plan', '--exit-code');
    expect([nothing.status, nothing.stdout]).toEqual([0, expect.stringContaining('Nothing to apply')]);
  });

  it('refuse a pull that asks something else than was applied', async () => {
    const pulled = await run({ query: 'something_else' }, 'pull', 'shop.failures', '--json');
    expect(pulled.status).toBe(1);
    expect(pulled.stdout).toContain('config/not-applied');
    const connectors = await run({}, 'connectors', 'shop');
    expect(connectors.stdout).toMatch(/failing[^]*put it in force by `outturn\s+apply`/);
  });

  it('are left to commands that do work: one that only shows puts no edited stream in force, also where applying is automatic', async () => {
    const edited = { query: 'looked_at_only', apply: 'automatic' };
    const replay = await run(edited, 'replay', 'shop.failures');
    expect(replay.stdout).toContain('not in force');
    await run(edited, 'pull', 'shop.failures', '--dry-run');
    await run(edited, 'connectors');
    expect((await run(edited, 'plan', '--exit-code')).status).toBe(2);
  });
});
