import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Config, OutturnError, type SecretRepository, type Store } from '#kit';
import type { LoadInput } from '#src/config/index';
import { openStoreAt } from './app.ts';
import { requireLoaded } from './configuration.ts';
import { type DatabaseServer, joinServer, openServer } from './database-server.ts';
import type { Environment } from './environment.ts';
import { followSecrets, openKeyRing } from './secrets.ts';

/**
 * The configuration with its secrets, for a command that makes and migrates no database. The embedded one is started for as
 * long as it is read. Where none answers, connectors with secrets are unreadable. Without `${secret:}` no database is asked.
 * Throws as `requireLoaded`.
 */
export async function requireConfigWithSecrets(
  environment: Environment,
  more: Pick<LoadInput, 'withoutStreams'> = {},
): Promise<Config> {
  const loaded = await requireLoaded(environment, more);
  if (loaded.secretUses.length === 0) return loaded.config;
  const keyRing = await openKeyRing(environment);
  let server: Pick<DatabaseServer, 'url' | 'release'> | null = null;
  let store: Store | null = null;
  // Asked when the first secret is: what fails then is said of each connector that has one.
  const open = async (): Promise<SecretRepository> => {
    server = (await joinServer(environment)) ?? (await startExisting(environment));
    if (server === null)
      throw new OutturnError('storage/unavailable', 'there is no database that holds it', {
        hint: 'Name it by DATABASE_URL or --data; `outturn secret set NAME` makes one and sets a secret.',
      });
    store = await openStoreAt(server.url, environment.log);
    return store.secrets;
  };
  try {
    const secrets = { sealed: async () => (await open()).sealed(), fingerprint: async () => '' };
    return (await followSecrets(environment, loaded, secrets, keyRing, more)).config;
  } finally {
    await (store as Store | null)?.close();
    await (server as Pick<DatabaseServer, 'release'> | null)?.release();
  }
}

async function startExisting(environment: Environment): Promise<DatabaseServer | null> {
  const made = await stat(path.join(environment.dataDirectory, 'postgres')).catch(() => null);
  return made === null ? null : await openServer(environment);
}
