import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { type KeyRing, PermanentError } from '#kit';
import type { MasterKey } from './master-keys.ts';

const VERSION = 'outturn1';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const SEALED = /^outturn1\.([0-9a-f]{12})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * AES-256-GCM with a key of its own for each secret, which the first master key wraps (by AES-256-GCM as well). The sealed
 * form is `outturn1.KEYID.WRAPPED.TEXT`, the last two as Base64url of nonce, ciphertext and tag. Context and key id are
 * authenticated with both. `keys` must not be empty.
 */
export function createSecretBox(keys: readonly [MasterKey, ...MasterKey[]]): KeyRing {
  const [first] = keys;
  const byId = new Map(keys.map((key) => [key.id, key.bytes]));

  const unwrap = (sealed: string, context: string): { dataKey: Buffer; text: Buffer } => {
    const parts = SEALED.exec(sealed);
    const [wrapped, text] = [decode(parts?.[2]), decode(parts?.[3])];
    const id = parts?.[1];
    if (id === undefined || wrapped === null || text === null) throw damaged(context);
    const master = byId.get(id);
    if (master === undefined)
      throw new PermanentError('secret/unreadable', `${context} was encrypted by the key ${id}, which is not given.`, {
        hint: 'Add that key to OUTTURN_KEY or OUTTURN_KEY_FILE, after the one in use. If it is lost, so is the value: set it anew.',
        facts: { context, keyId: id, knownKeyIds: [...byId.keys()] },
      });
    const dataKey = decrypt(master, wrapped, aad('key', id, context));
    if (dataKey === null) throw damaged(context);
    return { dataKey, text };
  };
  const wrap = (dataKey: Buffer, context: string): string =>
    encrypt(first.bytes, dataKey, aad('key', first.id, context)).toString('base64url');

  return {
    keyId: first.id,
    keyIds: [...byId.keys()],
    seal(plain, context) {
      const dataKey = randomBytes(KEY_BYTES);
      const text = encrypt(dataKey, Buffer.from(plain, 'utf8'), aad('text', '', context));
      return [VERSION, first.id, wrap(dataKey, context), text.toString('base64url')].join('.');
    },
    open(sealed, context) {
      const { dataKey, text } = unwrap(sealed, context);
      const plain = decrypt(dataKey, text, aad('text', '', context));
      if (plain === null) throw damaged(context);
      return plain.toString('utf8');
    },
    rewrap(sealed, context) {
      const { dataKey, text } = unwrap(sealed, context);
      return [VERSION, first.id, wrap(dataKey, context), text.toString('base64url')].join('.');
    },
  };
}

/** Which key a sealed form needs; null when it is none. */
export const keyIdOf = (sealed: string): string | null => SEALED.exec(sealed)?.[1] ?? null;

/** The parts' lengths stand before them, so that no two contexts give the same bytes. */
const aad = (...parts: string[]): Buffer =>
  Buffer.from([VERSION, ...parts].map((part) => `${Buffer.byteLength(part)}:${part}`).join(''), 'utf8');

/** Random nonces come from the operating system alone: one that repeats would give the key away. */
function encrypt(key: Buffer, plain: Buffer, associated: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(associated);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Null when anything of it was changed or the key is another one. */
function decrypt(key: Buffer, sealed: Buffer, associated: Buffer): Buffer | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(associated).setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return null;
  }
}

/** Null where two texts would mean the same bytes: a sealed form has one spelling. */
function decode(text: string | undefined): Buffer | null {
  if (text === undefined) return null;
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}

const damaged = (context: string): PermanentError =>
  new PermanentError(
    'secret/unreadable',
    `${context} cannot be decrypted: what is stored was changed, or belongs elsewhere.`,
    {
      hint: 'Restore the row from a backup of the database, or set the value anew.',
      facts: { context },
    },
  );
