import { createHash } from 'node:crypto';
import { PermanentError } from '#kit';

const MAX_KEY_BYTES = 900;

/** Keys are relative paths of plain segments. Throws `internal` for anything that could leave the store's root. */
export function checkKey(key: string): string {
  const segments = key.split('/');
  const bad = segments.some((segment) => segment === '' || segment === '.' || segment === '..' || segment.length > 200);
  if (bad || /[\\\u0000-\u001f\u007f]/.test(key) || Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new PermanentError('internal', `Not a valid object key: ${JSON.stringify(key.slice(0, 200))}`);
  return key;
}

export function sha256Of(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
