import path from 'node:path';
import { joinEmbeddedPostgres, openEmbeddedPostgres } from '#src/embedded/index';
import type { Environment } from './environment.ts';

/** A PostgreSQL that answers; nothing is known yet of what it holds. */
export interface DatabaseServer {
  /** With the password: never to be shown. */
  url: string;
  mode: 'started' | 'joined' | 'external';
  /** Null: only the server itself knows. */
  version: string | null;
  /** Starts the embedded server again when it is gone; somebody else's server is not ours to start. */
  revive(): Promise<'running' | 'restarted'>;
  release(): Promise<void>;
}

/** DATABASE_URL, or the embedded server in the data directory, started or joined. */
export async function openServer(
  { databaseUrl, dataDirectory, log }: Pick<Environment, 'databaseUrl' | 'dataDirectory' | 'log'>,
  { isDisposable = false }: { isDisposable?: boolean } = {},
): Promise<DatabaseServer> {
  if (databaseUrl !== null) return external(databaseUrl);
  return openEmbeddedPostgres({ dataDirectory: path.join(dataDirectory, 'postgres'), log, isDisposable });
}

/** DATABASE_URL, or the embedded server in the data directory when it runs; else null, and nothing was made or started. */
export async function joinServer({
  databaseUrl,
  dataDirectory,
  log,
}: Pick<Environment, 'databaseUrl' | 'dataDirectory' | 'log'>): Promise<DatabaseServer | null> {
  if (databaseUrl !== null) return external(databaseUrl);
  return await joinEmbeddedPostgres({ dataDirectory: path.join(dataDirectory, 'postgres'), log });
}

const external = (url: string): DatabaseServer => ({
  url,
  mode: 'external',
  version: null,
  revive: async () => 'running',
  release: async () => {},
});
