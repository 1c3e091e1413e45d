import type { SecretAdmin } from '#kit';
import { openDatabase } from './app.ts';
import { readConfig } from './configuration.ts';
import { type Environment, requireDataDirectory } from './environment.ts';
import { createSecretAdmin } from './secret-admin.ts';
import { openKeyRing } from './secrets.ts';

export { generateKey } from '#src/auth/index';

/**
 * Secrets of the database, whatever the state of the configuration: they are set before it is right. With `reads` there
 * must be data already. Throws for keys that are none and for a database that does not answer.
 */
export async function openSecretAdmin(
  environment: Environment,
  { reads }: { reads: boolean },
): Promise<{ admin: SecretAdmin; close(): Promise<void> }> {
  if (reads) await requireDataDirectory(environment);
  const keyRing = await openKeyRing(environment);
  const { secretUses } = await readConfig(environment);
  const { store, close } = await openDatabase(environment);
  return { admin: createSecretAdmin({ store, keyRing, uses: secretUses }), close };
}
