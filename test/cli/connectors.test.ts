import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, outturn } from '../harness/cli.ts';
import { type TestDatabase, testDatabase } from '../harness/database.ts';
import { openMetrics, type PrometheusServer, startPrometheus } from '../harness/servers/prometheus.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const HOUR_MS = 3_600_000;

describe('from a source to its first figures', () => {
  let directory: TemporaryDirectory;
  let database: TestDatabase;
  let prometheus: PrometheusServer;
  let config: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    const nowMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
    const points = Array.from({ length: 48 }, (_, index) => ({
      atMs: nowMs - (48 - index) * HOUR_MS,
      value: 40 + index,
    }));
    const series = [{ labels: { shop: 'berlin' }, points }];
    [directory, database, prometheus] = await Promise.all([
      temporaryDirectory('connectors'),
      testDatabase(),
      startPrometheus({ history: openMetrics([{ name: 'stock_level', type: 'gauge', help: 'Items', series }]) }),
    ]);
    config = path.join(directory.path, 'config');
    await mkdir(config);
    env = { DATABASE_URL: database.url, OUTTURN_CONFIG: config };
  });
  afterAll(async () => {
    await prometheus?.close();
    await database?.close();
    await directory?.remove();
  });
  const run = (...args: string[]): Promise<CliResult> => outturn(args, { env });

  it('leads from nothing but an address, without guessing an id', async () => {
    const file = path.join(config, 'shop.yaml');
    const shop = `connectors:\n  shop:\n    kind: prometheus\n    url: \${env:SHOP_URL:-${prometheus.url}}\n    since: 3d\n`;
    await writeFile(file, shop);
    const listed = await run('discover', 'shop', '--filter', 'stock');
    expect(listed.stdout).toMatch(/stock_level +–/);
    const wrong = await run('discover', 'shop', '--write', file, '--stream', 'stock_levl', '--force');
    expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('Did you mean stock_level?')]);
    expect((await run('discover', 'shop', '--write', file)).stderr).toContain('is there already');
    expect(await readFile(file, 'utf8')).toBe(shop);

    const written = await run('discover', 'shop', '--write', file, '--stream', 'stock_level', '--force');
    expect([written.status, written.stderr]).toEqual([0, '']);
    const text = await readFile(file, 'utf8');
    expect(text).toContain(`\${env:SHOP_URL:-${prometheus.url}}`);
    expect(text).toMatch(/^ {6}stock-level:$/m);
    expect((await run('validate')).stdout).toContain('1 stream');
    const checked = await run('check', '--json');
    const { connectors } = checked.json<{ connectors: { findings: { level: string; aspect: string }[] }[] }>();
    expect(connectors[0]?.findings.map(({ level, aspect }) => `${aspect} ${level}`)).toEqual(
      expect.arrayContaining(['connectivity ok', 'credentials ok', 'clock ok']),
    );
    const dry = await run('pull', 'shop', '--dry-run');
    expect(dry.stdout).toContain('nothing was written');

    const before = await run('connectors');
    expect(before.stdout).toContain('never pulled');
    expect((await run('pull', 'shop')).status).toBe(0);
    const after = await run('connectors', '--json');
    expect(after.json()).toMatchObject({
      connectors: [
        {
          id: 'shop',
          state: 'by-hand',
          needsAPerson: false,
          lastSuccessAt: expect.stringMatching(/^20.*Z$/),
          neverSucceeded: [],
          streams: [{ id: 'stock-level', failures: 0 }],
        },
      ],
    });
  });

  it('says of each connector that fails since when and why, and is an alarm for scripts', async () => {
    await writeFile(
      path.join(config, 'broken.yaml'),
      `connectors:
  broken:
    kind: prometheus
    url: ${prometheus.url}
    streams:
      wrong: { query: 'sum(', step: 1h, sample: instant, unit: items }
`,
    );
    expect((await run('pull', 'broken')).status).toBe(1);
    const found = await run('connectors', 'broken', '--exit-code');
    expect(found.status).toBe(1);
    expect(found.stdout).toMatch(/failing since \d{4}-/);
    expect(found.stdout).toContain('source/bad-request');
    const unknown = await run('connectors', 'brokn');
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('Did you mean broken?')]);
  });
});
