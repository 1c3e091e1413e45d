import {
  asOutturnError,
  type Config,
  type KeyRing,
  nearest,
  type SecretAnswer,
  type SecretLookup,
  type SecretRepository,
  type SecretUse,
  secretContext,
} from '#kit';
import { createSecretBox, readKeys } from '#src/auth/index';
import type { LoadInput, LoadResult } from '#src/config/index';
import { readConfig, requireLoaded } from './configuration.ts';
import type { Environment } from './environment.ts';

/** The keys of OUTTURN_KEY or OUTTURN_KEY_FILE, masked from then on; null when neither is set. Throws as `readKeys`. */
export async function openKeyRing({
  variables,
  redactor,
}: Pick<Environment, 'variables' | 'redactor'>): Promise<KeyRing | null> {
  const [first, ...rest] = await readKeys(variables);
  if (first === undefined) return null;
  for (const { bytes } of [first, ...rest])
    for (const encoding of ['base64', 'base64url', 'hex'] as const) redactor.add(bytes.toString(encoding));
  return createSecretBox([first, ...rest]);
}

type Sealed = Pick<SecretRepository, 'sealed' | 'fingerprint'>;

/** Values of stored secrets, read at the first question. A store that does not answer makes every one unreadable. */
export function secretLookup(secrets: Sealed, keyRing: KeyRing | null): SecretLookup {
  let reading: Promise<Map<string, string>> | null = null;
  return async (name) => {
    try {
      reading ??= secrets.sealed().then((rows) => new Map(rows.map((row) => [row.name, row.sealed])));
      const known = await reading;
      const sealed = known.get(name);
      if (sealed === undefined) return { state: 'missing', suggestion: nearest(name, [...known.keys()]) };
      return openSecret(name, sealed, keyRing);
    } catch (thrown) {
      return unreadable(thrown);
    }
  };
}

/** One stored secret, or why it cannot be had. */
export function openSecret(
  name: string,
  sealed: string,
  keyRing: KeyRing | null,
): SecretAnswer & { state: 'known' | 'unreadable' } {
  if (keyRing === null)
    return {
      state: 'unreadable',
      code: 'secret/no-key',
      message: `the secret ${name} cannot be decrypted, as there is no key`,
      hint: 'Set OUTTURN_KEY or OUTTURN_KEY_FILE to the key that it was stored with.',
    };
  try {
    return { state: 'known', value: keyRing.open(sealed, secretContext(name)) };
  } catch (thrown) {
    const { message, ...reason } = unreadable(thrown);
    return { ...reason, message: message.replace(secretContext(name), `the secret ${name}`) };
  }
}

function unreadable(thrown: unknown): SecretAnswer & { state: 'unreadable' } {
  const { code, message, hint } = asOutturnError(thrown);
  return { state: 'unreadable', code, message, hint };
}

/** A configuration whose secrets are those of the store. */
export interface FollowedConfig {
  config: Config;
  secretUses: readonly SecretUse[];
  /**
   * Looks whether a secret was set since, and gives the connectors of `config` the new values. What began before goes on
   * with the old ones. Never throws: without an answer of the store everything stays as it is.
   */
  refresh(): Promise<void>;
}

/**
 * The same files with their secrets. `loaded` was read without them. Throws as `requireLoaded`: for a secret that nobody
 * has set, and for a value that does not fit its field.
 */
export async function followSecrets(
  environment: Environment,
  loaded: LoadResult & { config: Config },
  secrets: Sealed,
  keyRing: KeyRing | null,
  more: Pick<LoadInput, 'withoutStreams'> = {},
): Promise<FollowedConfig> {
  const { secretUses, files } = loaded;
  if (secretUses.length === 0) return { config: loaded.config, secretUses, refresh: async () => {} };
  // Asked before the values: a change in between is seen the next time.
  let seen = await secrets.fingerprint();
  const { config } = await requireLoaded(environment, { ...more, files, lookUpSecret: secretLookup(secrets, keyRing) });
  const look = async (): Promise<void> => {
    const now = await secrets.fingerprint();
    if (now === seen) return;
    const lookUp = secretLookup(secrets, keyRing);
    const fresh = await readConfig(environment, {
      files,
      lookUpSecret: async (name) => missingStops(name, await lookUp(name)),
    });
    takeOver(config, fresh, secretUses);
    seen = now;
    environment.log.info({}, 'secrets were set or removed; connectors use them from now on');
  };
  let looking: Promise<void> | null = null;
  return {
    config,
    secretUses,
    refresh() {
      looking ??= look()
        .catch((thrown: unknown) => {
          const { code, message } = asOutturnError(thrown);
          environment.log.warn({ code }, `secrets could not be looked at again: ${environment.redactor.text(message)}`);
        })
        .finally(() => {
          looking = null;
        });
      return looking;
    },
  };
}

/** One that was removed under a running process stops what uses it, not the process. */
function missingStops(name: string, answer: SecretAnswer): SecretAnswer {
  if (answer.state !== 'missing') return answer;
  return {
    state: 'unreadable',
    code: 'config/missing-secret',
    message: `the secret ${name} is not set any more`,
    hint: `\`outturn secret set ${name}\` sets it.`,
  };
}

/** Connectors keep their identity: whoever holds one sees the new values at the next use. */
function takeOver(config: Config, fresh: LoadResult, uses: readonly SecretUse[]): void {
  for (const connector of config.connectors) {
    if (!uses.some((use) => use.connector === connector.id)) continue;
    const next = fresh.config?.connectors.find(({ id }) => id === connector.id);
    if (next !== undefined) {
      Object.assign(connector, next, { unreadable: next.unreadable });
      continue;
    }
    const wrong = fresh.problems.find(
      ({ path, severity }) => severity === 'error' && path.startsWith(`connectors.${connector.id}.`),
    );
    if (wrong !== undefined)
      connector.unreadable = {
        code: wrong.code,
        message: `${wrong.path}: ${wrong.message}`,
        hint: 'A secret was set to what does not fit there.',
      };
  }
}
