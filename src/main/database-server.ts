import path from 'node:path';
import { openEmbeddedPostgres } from '#src/embedded/index';
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
  if (databaseUrl !== null)
    return {
      url: databaseUrl,
      mode: 'external',
      version: null,
      revive: async () => 'running',
      release: async () => {},
    };
  return openEmbeddedPostgres({ dataDirectory: path.join(dataDirectory, 'postgres'), log, isDisposable });
}
