import { createHash, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { PermanentError } from '#kit';

/** A key that wraps the keys of secrets. */
export interface MasterKey {
  /** Twelve hexadecimal digits that follow from the key and do not lead back to it. */
  id: string;
  bytes: Buffer;
}

const KEY_BYTES = 32;
/** Of 32 random bytes about 30 differ; fewer than 16 come from a repeated or typed pattern only. */
const MIN_DISTINCT_BYTES = 16;
const MAX_FILE_BYTES = 64 * 1024;
const HOW = 'Make one by `outturn secret generate-key`.';

/**
 * The keys of `OUTTURN_KEY`, or of the file that `OUTTURN_KEY_FILE` names: each 32 bytes as Base64 or hexadecimal digits,
 * several with blanks, commas or line ends between them, lines that begin with # left out. The first seals, all open.
 * Empty when neither is set. Throws `config/invalid-value` for what is no key (a passphrase is none) and
 * `config/unreadable-file`; no message holds what was given.
 */
export async function readKeys(variables: Readonly<Record<string, string | undefined>>): Promise<MasterKey[]> {
  const text = variables.OUTTURN_KEY || null;
  const file = variables.OUTTURN_KEY_FILE || null;
  if (text !== null && file !== null)
    throw new PermanentError('config/invalid-value', 'OUTTURN_KEY and OUTTURN_KEY_FILE are both set.', {
      hint: 'Unset one of them; either may hold several keys, the one that seals first.',
    });
  if (text !== null) return parseKeys(text, 'OUTTURN_KEY');
  return file === null ? [] : parseKeys(await readKeyFile(file), `OUTTURN_KEY_FILE (${file})`);
}

/** A new key as Base64, out of the random source of the operating system. */
export const generateKey = (): string => randomBytes(KEY_BYTES).toString('base64');

async function readKeyFile(file: string): Promise<string> {
  const fail = (why: string): PermanentError =>
    new PermanentError('config/unreadable-file', `The key file ${file} (OUTTURN_KEY_FILE) ${why}.`, {
      hint: `It holds one key a line, and the user that runs Outturn must be able to read it. ${HOW}`,
    });
  const stats = await stat(file).catch((thrown: unknown) => {
    throw fail(`cannot be read: ${reasonOf(thrown)}`);
  });
  // A pipe without a writer would hold up the start.
  if (!stats.isFile()) throw fail('is not a regular file');
  if (stats.size > MAX_FILE_BYTES) throw fail('is larger than 64 KiB');
  return await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw fail(`cannot be read: ${reasonOf(thrown)}`);
  });
}

function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown reason';
  return (
    { ENOENT: 'there is no such file', EACCES: 'permission denied', ENOTDIR: 'part of its path is no folder' }[code] ??
    code
  );
}

function parseKeys(text: string, where: string): MasterKey[] {
  const words = text
    .split(/\r?\n/)
    .filter((line) => !line.trimStart().startsWith('#'))
    .flatMap((line) => line.split(/[\s,]+/))
    .filter((word) => word !== '');
  const keys = words.map((word, index) => parseKey(word, words.length === 1 ? where : `${where}, key ${index + 1},`));
  if (keys.length === 0) throw new PermanentError('config/invalid-value', `${where} holds no key.`, { hint: HOW });
  return keys.filter((key, index) => keys.findIndex((other) => other.id === key.id) === index);
}

function parseKey(word: string, where: string): MasterKey {
  const bytes = decodeKey(word);
  if (bytes === null)
    throw new PermanentError(
      'config/invalid-value',
      `${where} is no key: it must be 32 random bytes as Base64 or as 64 hexadecimal digits.`,
      {
        hint: `A passphrase is not taken, as it can be guessed. ${HOW}`,
      },
    );
  if (new Set(bytes).size < MIN_DISTINCT_BYTES)
    throw new PermanentError('config/invalid-value', `${where} is not random: its bytes repeat.`, { hint: HOW });
  return { id: createHash('sha256').update('outturn key id\0').update(bytes).digest('hex').slice(0, 12), bytes };
}

function decodeKey(word: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(word)) return Buffer.from(word, 'hex');
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(word)) return null;
  const bytes = Buffer.from(word, 'base64');
  return bytes.length === KEY_BYTES ? bytes : null;
}
