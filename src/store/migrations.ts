import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from 'pg';
import Postgrator from 'postgrator';
import { type Logger, OutturnError, PermanentError } from '#kit';
import { connectClient } from './connection.ts';
import { databaseLabel, storeError } from './failures.ts';

const schemaTable = 'schema_migration';
/** One number for all versions of the program: two runners of different releases must exclude each other too. */
const lockKey = "hashtextextended('outturn migrations', 0)";

/**
 * Brings the schema up to date: the files of `migrations/` that were not applied yet, in order, each in a transaction of its own together
 * with its entry in `schema_migration`. A second runner waits (advisory lock on a connection of its own) and then finds nothing to do.
 *
 * @returns names of the migrations applied now, e.g. `001 measurements`
 * A database that a newer release has migrated is left as it is; this release works on it when that one allows it
 * (`schema_floor`), as in a rolling upgrade.
 * Errors: `storage/unavailable`; `storage/migration-failed` when a file fails, when an applied file was edited, or when the
 * database was migrated by a newer release that this one cannot work beside.
 */
export async function migrate(options: {
  url: string;
  log: Logger;
  /** Another folder than the product's own, for tests of the runner. */
  directory?: string;
}): Promise<{ applied: string[] }> {
  const { url, log } = options;
  const client = await connectClient(url, { applicationName: 'outturn migrate' });
  try {
    await lock(client, url, log);
    const { postgrator, runnable } = await plan(client, url, options.directory ?? migrationsDirectory(), log);
    const applied: string[] = [];
    for (const migration of runnable) {
      await applyOne(client, postgrator, migration, url);
      applied.push(label(migration));
      log.info({ migration: label(migration) }, 'migration applied');
    }
    return { applied };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Names of the migrations that `migrate` would apply; changes nothing. Errors as for `migrate`. */
export async function pendingMigrations(url: string, directory = migrationsDirectory()): Promise<string[]> {
  const client = await connectClient(url, { applicationName: 'outturn migrate' });
  try {
    const { runnable } = await plan(client, url, directory, null);
    return runnable.map(label);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function lock(client: Client, url: string, log: Logger): Promise<void> {
  try {
    const { rows } = await client.query<{ locked: boolean }>(`SELECT pg_try_advisory_lock(${lockKey}) AS locked`);
    if (rows[0]?.locked === true) return;
    log.info({ database: databaseLabel(url) }, 'another process is migrating this database; waiting for it');
    await client.query(`SELECT pg_advisory_lock(${lockKey})`);
  } catch (error) {
    throw storeError(error, url);
  }
}

async function plan(
  client: Client,
  url: string,
  directory: string,
  log: Logger | null,
): Promise<{ postgrator: Postgrator; runnable: Postgrator.Migration[] }> {
  const postgrator = new Postgrator({
    driver: 'pg',
    schemaTable,
    migrationPattern: join(directory, '*.sql').replaceAll('\\', '/'),
    // Checksums must not depend on how git wrote the line ends.
    newline: 'LF',
    execQuery: (query) => client.query(query),
  });
  try {
    const migrations = await postgrator.getMigrations();
    const newest = Math.max(0, ...migrations.map((migration) => migration.version));
    const current = await postgrator.getDatabaseVersion();
    if (current > newest) {
      await requireFloor(client, url, { current, newest });
      log?.info(
        { database: databaseLabel(url), schema: current, known: newest },
        'a newer release has migrated this database; this one still works on it',
      );
    }
    await postgrator.validateMigrations(Math.min(current, newest));
    if (current >= newest) return { postgrator, runnable: [] };
    return { postgrator, runnable: postgrator.getRunnableMigrations(current, newest) };
  } catch (error) {
    if (error instanceof OutturnError) throw error;
    const checksum = /checksum failed for migration \[(\d+)\]/i.exec(error instanceof Error ? error.message : '');
    if (checksum === null) throw storeError(error, url);
    throw new PermanentError(
      'storage/migration-failed',
      `Migration ${checksum[1]} was changed after it had been applied to ${databaseLabel(url)}`,
      { hint: 'Restore the file as released; a change of the schema is a new migration.' },
    );
  }
}

/** Refuses a schema whose newest migrations took something away that this release needs. */
async function requireFloor(
  client: Client,
  url: string,
  { current, newest }: { current: number; newest: number },
): Promise<void> {
  const { rows } = await client.query<{ version: number }>('SELECT version FROM schema_floor');
  const floor = rows[0]?.version;
  if (floor !== undefined && newest >= floor) return;
  throw new PermanentError(
    'storage/migration-failed',
    `The database ${databaseLabel(url)} is at schema ${current}, which needs a release that knows schema ${floor ?? current}; this one knows schemas up to ${newest}`,
    { hint: 'Run the newer release of Outturn that migrated it, or restore a backup from before.' },
  );
}

async function applyOne(
  client: Client,
  postgrator: Postgrator,
  migration: Postgrator.Migration,
  url: string,
): Promise<void> {
  try {
    await client.query('BEGIN');
    if (migration.version === 1) await createSchemaTable(client);
    await postgrator.runMigrations([migration]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    const known = storeError(error, url);
    if (known.code === 'storage/disk-full' || (known.code === 'storage/unavailable' && !isSyntax(error))) throw known;
    throw new PermanentError(
      'storage/migration-failed',
      `Migration ${label(migration)} failed on ${databaseLabel(url)}: ${error instanceof Error ? error.message : String(error)}`,
      { hint: 'Nothing of it was kept. Mend the cause named and run outturn migrate again.', cause: error },
    );
  }
}

function isSyntax(error: unknown): boolean {
  return /^(42|22|23)/.test(String((error as { code?: unknown }).code ?? ''));
}

/** As the library would make it, within the first migration's transaction. */
async function createSchemaTable(client: Client): Promise<void> {
  await client.query(`
    CREATE TABLE IF NOT EXISTS ${schemaTable} (
      version bigint PRIMARY KEY,
      name text NOT NULL,
      md5 text,
      run_at timestamp with time zone NOT NULL
    )`);
  await client.query(`COMMENT ON TABLE ${schemaTable} IS 'Applied migrations; an applied file never changes.'`);
}

function label(migration: Postgrator.Migration): string {
  return `${String(migration.version).padStart(3, '0')} ${migration.name}`;
}

/** `migrations/` of the package: beside `src/` in a checkout, beside `dist/` when installed. */
function migrationsDirectory(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const candidate = join(at, 'migrations');
    if (existsSync(join(candidate, '001.do.measurements.sql'))) return candidate;
    if (dirname(at) === at) {
      throw new PermanentError('storage/migration-failed', 'The folder migrations of this installation is missing', {
        hint: 'Install Outturn again.',
      });
    }
  }
}
