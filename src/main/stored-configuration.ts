import { type Config, OutturnError, type Store } from '#kit';
import { openStoreAt } from './app.ts';
import { requireLoaded } from './configuration.ts';
import { type DatabaseServer, joinServer } from './database-server.ts';
import type { Environment } from './environment.ts';
import { followSecrets, openKeyRing } from './secrets.ts';

/**
 * The configuration with its secrets, for a command that makes, starts and migrates no database. Where none answers,
 * connectors with secrets are unreadable. Without `${secret:}` no database is asked. Throws as `requireConfig`.
 */
export async function requireConfigWithSecrets(environment: Environment): Promise<Config> {
  const loaded = await requireLoaded(environment);
  if (loaded.secretUses.length === 0) return loaded.config;
  const keyRing = await openKeyRing(environment);
  let server: Pick<DatabaseServer, 'url' | 'release'> | null = null;
  let store: Store | null = null;
  try {
    server = await joinServer(environment);
    if (server !== null) store = await openStoreAt(server.url, environment.log);
    const secrets = store?.secrets ?? noStore;
    const { config } = await followSecrets(
      environment,
      loaded,
      { ...noStore, sealed: () => secrets.sealed() },
      keyRing,
    );
    return config;
  } finally {
    await store?.close();
    await server?.release();
  }
}

const noStore = {
  fingerprint: async () => '',
  sealed: () =>
    Promise.reject(
      new OutturnError('storage/unavailable', 'no database runs that holds it', {
        hint: 'Secrets lie in the database: set DATABASE_URL, or name the data folder by --data and start `outturn up`.',
      }),
    ),
};
