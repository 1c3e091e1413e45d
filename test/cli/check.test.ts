import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbeddedPostgres } from '#src/embedded/index';
import { type CliResult, outturn } from '../harness/cli.ts';
import { emptyDatabase, silentLog, type TestDatabase, testDatabase } from '../harness/database.ts';
import { freePort } from '../harness/ports.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const yaml = (port: number) => `
settings:
  timeZone: Europe/Berlin
connectors:
  shop:
    kind: prometheus
    url: http://127.0.0.1:${port}
    streams:
      errors: { query: up, step: 1h, unit: ea, sample: instant }
`;

describe('a check of connectors', () => {
  let directory: TemporaryDirectory;
  let config: string;
  const databases: TestDatabase[] = [];
  beforeAll(async () => {
    directory = await temporaryDirectory('check');
    // For root the embedded server runs as another account, which must be able to pass.
    await chmod(directory.path, 0o755);
    config = path.join(directory.path, 'config');
    await mkdir(config);
    await writeFile(path.join(config, 'outturn.yaml'), yaml(await freePort()));
  });
  afterAll(async () => {
    await Promise.all(databases.map((each) => each.close()));
    await directory?.remove();
  });
  const check = (env: Record<string, string>): Promise<CliResult> =>
    outturn(['check', '--json'], { env: { OUTTURN_CONFIG: config, ...env } });
  /** What the source said, whatever the database did. */
  const codesOf = (result: CliResult) =>
    result
      .json<{ connectors: { findings: { aspect: string }[] }[] }>()
      .connectors.flatMap(({ findings }) => findings.map(({ aspect }) => aspect));
  const opened = async (open: Promise<TestDatabase>): Promise<string> => {
    const database = await open;
    databases.push(database);
    return database.url;
  };
  async function query<T>(url: string, text: string): Promise<T[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(text)).rows as T[];
    } finally {
      await client.end();
    }
  }

  it('shares the budgets of the fleet that is there', async () => {
    const url = await opened(testDatabase());
    const result = await check({ DATABASE_URL: url });
    expect([codesOf(result), result.stderr]).toEqual([['source/unreachable'], '']);
    expect(await query(url, 'SELECT id FROM budget_account')).toEqual([{ id: 'connector:shop' }]);
  });

  it('is made without a database that does not answer, and says what it does not know then', async () => {
    const port = await freePort();
    const result = await check({ DATABASE_URL: `postgres://outturn:secret@127.0.0.1:${port}/outturn` });
    expect(codesOf(result)).toEqual(['source/unreachable']);
    expect(result.stderr).toMatch(/without the budgets of the fleet[^]*cannot be reached/);
    expect(result.stderr).not.toContain('secret');
  });

  it('migrates nothing', async () => {
    const url = await opened(emptyDatabase());
    expect(codesOf(await check({ DATABASE_URL: url }))).toEqual(['source/unreachable']);
    expect(await query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).toEqual([]);
  });

  it('makes no data directory', async () => {
    const data = path.join(directory.path, 'none');
    const result = await check({ OUTTURN_DATA: data });
    expect([codesOf(result), result.stderr]).toEqual([['source/unreachable'], '']);
    await expect(stat(data)).rejects.toThrow('ENOENT');
  });

  it('does not start an embedded server, but joins one that runs', async () => {
    const data = path.join(directory.path, 'data');
    const env = { OUTTURN_CONFIG: config, OUTTURN_DATA: data };
    expect((await outturn(['migrate'], { env })).status).toBe(0);
    const alone = await check(env);
    expect([codesOf(alone), alone.stderr]).toEqual([['source/unreachable'], '']);
    const server = await openEmbeddedPostgres({ dataDirectory: path.join(data, 'postgres'), log: silentLog });
    try {
      expect(await query(server.url, 'SELECT id FROM budget_account')).toEqual([]);
      expect(codesOf(await check(env))).toEqual(['source/unreachable']);
      expect(await query(server.url, 'SELECT id FROM budget_account')).toEqual([{ id: 'connector:shop' }]);
    } finally {
      await server.release();
    }
  });
});
