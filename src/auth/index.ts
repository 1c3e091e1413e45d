/** Keys and sealed secrets. */
export { generateKey, readKeys } from './master-keys.ts';
export { createSecretBox, keyIdOf } from './secret-box.ts';
