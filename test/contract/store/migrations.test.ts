import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '#kit';
import { migrate, pendingMigrations } from '#src/store/index';
import { emptyDatabase, silentLog, type TestDatabase } from '../../harness/database.ts';
import { pollUntil } from '../../harness/poll.ts';

const released = fileURLToPath(new URL('../../../migrations', import.meta.url));
let database: TestDatabase;
let directory: string;
beforeEach(async () => {
  database = await emptyDatabase();
  directory = await mkdtemp(join(tmpdir(), 'outturn-migrations-'));
  await cp(released, directory, { recursive: true });
});
afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

const run = (log: Logger = silentLog) => migrate({ url: database.url, log, directory });
async function rows(statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  try {
    return (await client.query(statement)).rows;
  } finally {
    await client.end();
  }
}

describe('migrations', () => {
  it('bring an empty database up to date once, and find nothing to do the second time', async () => {
    const pending = await pendingMigrations(database.url);
    expect(pending[0]).toBe('001 measurements');
    expect(pending).toHaveLength((await readdir(released)).length);
    expect(await migrate({ url: database.url, log: silentLog })).toEqual({ applied: pending });
    expect(await migrate({ url: database.url, log: silentLog })).toEqual({ applied: [] });
    expect(await pendingMigrations(database.url)).toEqual([]);
  });

  it('are run by one of several processes that start at once; the others wait, say so, and find them done', async () => {
    const said: string[] = [];
    const log: Logger = { ...silentLog, info: (_facts, message) => said.push(message) };
    const holder = new Client({ connectionString: database.url });
    await holder.connect();
    await holder.query("SELECT pg_advisory_lock(hashtextextended('outturn migrations', 0))");
    const runs = [run(log), run(log), run(log)];
    await pollUntil('all wait', () => said.filter((message) => message.includes('waiting')).length === 3);
    await holder.end();
    const applied = (await Promise.all(runs)).map((one) => one.applied.length).sort((a, b) => a - b);
    expect(applied).toEqual([0, 0, (await readdir(released)).length]);
  });

  it('are refused when a file was changed after it had been applied', async () => {
    await run();
    const first = join(directory, '001.do.measurements.sql');
    const text = await readFile(first, 'utf8');
    await writeFile(first, `${text}\n-- harmless?\n`);
    await expect(run()).rejects.toMatchObject({
      code: 'storage/migration-failed',
      message: expect.stringContaining('Migration 1 was changed'),
    });
    await writeFile(first, text.replaceAll('\n', '\r\n'));
    expect(await run()).toEqual({ applied: [] });
  });

  it('of a newer release are lived with while that one allows it, and refused in words when it does not', async () => {
    await run();
    const newest = Math.max(...(await readdir(released)).map((name) => Number.parseInt(name, 10)));
    await rows("INSERT INTO schema_migration VALUES (900, 'later', 'x', now())");
    const said: { facts: object; message: string }[] = [];
    const log: Logger = { ...silentLog, info: (facts, message) => said.push({ facts, message }) };
    expect(await run(log)).toEqual({ applied: [] });
    expect(said).toEqual([
      {
        facts: expect.objectContaining({ schema: 900, known: newest }),
        message: expect.stringContaining('newer release'),
      },
    ]);
    expect(await pendingMigrations(database.url, directory)).toEqual([]);
    await rows(`UPDATE schema_floor SET version = ${newest}`);
    expect(await run()).toEqual({ applied: [] });
    await rows('UPDATE schema_floor SET version = 900');
    await expect(run()).rejects.toMatchObject({
      code: 'storage/migration-failed',
      message: expect.stringMatching(/schema 900.*knows schemas up to/),
      hint: expect.stringContaining('newer release'),
    });
  });

  it('of an older release, changed since, are found also in a database of a newer one', async () => {
    await run();
    await rows("INSERT INTO schema_migration VALUES (900, 'later', 'x', now())");
    const first = join(directory, '001.do.measurements.sql');
    await writeFile(first, `${await readFile(first, 'utf8')}\n-- harmless?\n`);
    await expect(run()).rejects.toMatchObject({ message: expect.stringContaining('Migration 1 was changed') });
  });

  it('leave nothing of a file that fails, and go on from it when it is mended', async () => {
    const broken = join(directory, '800.do.broken.sql');
    await writeFile(broken, 'CREATE TABLE half (n int); SELECT 1 / 0;');
    await expect(run()).rejects.toMatchObject({
      code: 'storage/migration-failed',
      message: expect.stringMatching(/800 broken.*division by zero/),
    });
    expect(await rows("SELECT to_regclass('half') AS half")).toEqual([{ half: null }]);
    expect(await pendingMigrations(database.url, directory)).toEqual(['800 broken']);
    await writeFile(broken, 'CREATE TABLE half (n int);');
    expect(await run()).toEqual({ applied: ['800 broken'] });
  });

  it('explain each table in the database itself', async () => {
    await run();
    const unexplained = await rows(
      `SELECT relname FROM pg_class
       WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
         AND obj_description(oid, 'pg_class') IS NULL`,
    );
    expect(unexplained).toEqual([]);
  });
});
