import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { openEmbeddedPostgres } from '#src/embedded/index';
import { migrate } from '#src/store/index';
import { silentLog } from './silent-log.ts';

export { silentLog } from './silent-log.ts';

const templateName = 'outturn_template';

export interface TestDatabase {
  url: string;
  /** Ends every session on it and drops it. */
  close(): Promise<void>;
}

/** Starts a server in a folder of its own and prepares the template. The run's global setup does it once. */
export async function startTestServer(): Promise<TestDatabase> {
  const directory = await mkdtemp(join(tmpdir(), 'outturn-test-postgres-'));
  // For root the server runs as another account, which must be able to pass.
  await chmod(directory, 0o755);
  const server = await openEmbeddedPostgres({
    dataDirectory: join(directory, 'postgres'),
    log: silentLog,
    isDisposable: true,
  });
  try {
    await asAdmin(server.url, (client) => client.query(`CREATE DATABASE ${templateName}`));
    await migrate({ url: withDatabase(server.url, templateName), log: silentLog });
  } catch (error) {
    await server.release();
    throw error;
  }
  return {
    url: server.url,
    async close() {
      await server.release();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** A fresh migrated database, cloned from the template. Close it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const provided = await providedUrl();
  const own = provided === null ? await startTestServer() : null;
  const serverUrl = provided ?? own?.url ?? '';
  const name = `outturn_test_${randomBytes(8).toString('hex')}`;
  await asAdmin(serverUrl, (client) =>
    // Copied as files: half the work of writing each block into the log.
    client.query(`CREATE DATABASE ${name} TEMPLATE ${templateName} STRATEGY FILE_COPY`),
  );
  return {
    url: withDatabase(serverUrl, name),
    async close() {
      await asAdmin(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await own?.close();
    },
  };
}

/** Another, empty and unmigrated database, for tests of migrations. */
export async function emptyDatabase(): Promise<TestDatabase> {
  const provided = await providedUrl();
  const own = provided === null ? await startTestServer() : null;
  const serverUrl = provided ?? own?.url ?? '';
  const name = `outturn_empty_${randomBytes(8).toString('hex')}`;
  await asAdmin(serverUrl, (client) => client.query(`CREATE DATABASE ${name}`));
  return {
    url: withDatabase(serverUrl, name),
    async close() {
      await asAdmin(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
      await own?.close();
    },
  };
}

/** The run's server when vitest started one; null outside vitest, or when the global setup did not run. */
async function providedUrl(): Promise<string | null> {
  if (process.env['VITEST'] === undefined) return null;
  const { inject } = await import('vitest');
  const broker = inject('testServerBroker');
  if (broker === undefined) return null;
  const answer = await fetch(broker);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function asAdmin(url: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
