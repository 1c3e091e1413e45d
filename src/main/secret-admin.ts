import {
  type KeyRing,
  MAX_SECRET_BYTES,
  nearest,
  OutturnError,
  PermanentError,
  SECRET_NAME,
  SECRET_NAME_RULE,
  type SecretAdmin,
  type SecretRotation,
  type SecretUse,
  type SecretView,
  type Store,
  secretContext,
  tokenContext,
} from '#kit';
import { keyIdOf } from '#src/auth/index';
import { openSecret } from './secrets.ts';

/** Secrets for the command line and the API. `uses`: where the configuration names them. */
export function createSecretAdmin(options: {
  store: Pick<Store, 'secrets'>;
  keyRing: KeyRing | null;
  uses: readonly SecretUse[];
}): SecretAdmin {
  const { keyRing, uses } = options;
  const { secrets } = options.store;
  const usesOf = (name: string): SecretUse[] => uses.filter((use) => use.name === name);

  const requireKeys = (): KeyRing => {
    if (keyRing !== null) return keyRing;
    throw new PermanentError('secret/no-key', 'There is no key to encrypt secrets with.', {
      hint: 'Set OUTTURN_KEY or OUTTURN_KEY_FILE; `outturn secret generate-key` makes a key. Every process of Outturn needs the same one.',
    });
  };

  return {
    async list() {
      const [rows, sealed] = await Promise.all([secrets.list(), secrets.sealed()]);
      const forms = new Map(sealed.map((each) => [each.name, each.sealed]));
      const stored = rows.map(({ name, keyId, setAtMs, setBy }): SecretView => {
        const answer = openSecret(name, forms.get(name) ?? '', keyRing);
        const problem = answer.state === 'unreadable' ? answer.message : null;
        return {
          name,
          state: problem === null ? 'readable' : 'unreadable',
          problem,
          keyId,
          setAtMs,
          setBy,
          usedBy: usesOf(name),
        };
      });
      const missing = [...new Set(uses.map(({ name }) => name))].filter((name) => !forms.has(name));
      return [
        ...stored,
        ...missing.map(
          (name): SecretView => ({
            name,
            state: 'missing',
            problem: null,
            keyId: null,
            setAtMs: null,
            setBy: null,
            usedBy: usesOf(name),
          }),
        ),
      ].sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async set(name, value, by) {
      requireName(name);
      if (value === '') throw new OutturnError('usage', 'The value is empty.', { hint: 'Give it on standard input.' });
      if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
        throw new OutturnError('usage', `The value is larger than ${MAX_SECRET_BYTES / 1024} KiB.`);
      if (!value.isWellFormed() || value.includes('\uFFFD') || value.includes('\0'))
        throw new OutturnError('usage', 'The value is not UTF-8 text.', { hint: 'Encode what is binary as Base64.' });
      return await secrets.set({ name, sealed: requireKeys().seal(value, secretContext(name)), setBy: by });
    },

    async remove(name, { force }) {
      const places = usesOf(name);
      const rows = await secrets.list();
      if (!rows.some((row) => row.name === name))
        throw notThere(
          name,
          rows.map((row) => row.name),
        );
      if (places.length > 0 && !force)
        throw new PermanentError(
          'secret/in-use',
          `The configuration names ${name}: ${places.map(({ path, file, line }) => `${path} (${file}:${line})`).join(', ')}.`,
          { hint: 'Take that out first; with --force (force=true) it is removed and what uses it stops.' },
        );
      if (!(await secrets.remove(name))) throw notThere(name, []);
    },

    async rotate() {
      const keys = requireKeys();
      const done: SecretRotation = { keyId: keys.keyId, rotated: [], unchanged: [], unreadable: [], tokens: 0 };
      for (const { name, sealed: from } of await secrets.sealed()) {
        const to = rewrapped(keys, from, secretContext(name));
        if (to === null) done.unreadable.push(name);
        else if (to === from) done.unchanged.push(name);
        // One that was set meanwhile has the new key already.
        else done[(await secrets.rewrap({ name, from, to })) ? 'rotated' : 'unchanged'].push(name);
      }
      for (const { key, sealed: from } of await secrets.sealedTokens()) {
        const to = rewrapped(keys, from, tokenContext(key));
        // One that cannot be read is no loss: its connector logs in anew.
        if (to !== null && to !== from && (await secrets.rewrapToken({ key, from, to }))) done.tokens += 1;
      }
      return done;
    },
  };
}

/** The same when it has the key that seals; null when no key opens it. */
function rewrapped(keys: KeyRing, sealed: string, context: string): string | null {
  if (keyIdOf(sealed) === keys.keyId) return sealed;
  try {
    return keys.rewrap(sealed, context);
  } catch (thrown) {
    if (thrown instanceof OutturnError && thrown.code === 'secret/unreadable') return null;
    throw thrown;
  }
}

function requireName(name: string): void {
  if (SECRET_NAME.test(name)) return;
  throw new OutturnError('usage', `A secret's name has ${SECRET_NAME_RULE}.`, {
    hint: 'The value is no argument: give the name alone, and the value on standard input.',
  });
}

function notThere(name: string, known: readonly string[]): PermanentError {
  const meant = nearest(name, known);
  return new PermanentError('not-found', `There is no secret "${name}".`, {
    hint: `${meant === null ? '' : `Did you mean ${meant}? `}\`outturn secret list\` shows those that there are.`,
  });
}
