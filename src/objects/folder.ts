import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { type ObjectStore, PermanentError, RetryableError } from '#kit';
import { checkKey, sha256Of } from './key.ts';

// ENOENT: the folder above is there, yet nothing can be made in it, as below /proc.
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT']);
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Objects as files below `path`: a file appears whole under its name (written aside, flushed, renamed) or not at all. */
export function openFolderStore(path: string): ObjectStore {
  const root = resolve(path);
  const pathOf = (key: string) => join(root, checkKey(key));

  return {
    async put(key, body) {
      const target = pathOf(key);
      const stored = { key, location: target, bytes: body.length, sha256: sha256Of(body) };
      if (await isSame(target, body)) return stored;
      await writing(target, async () => {
        await makeFolder(dirname(target));
        await writeAside(target, body);
      });
      return stored;
    },

    async get(key) {
      try {
        return await readFile(pathOf(key));
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR')
          throw new PermanentError('object/not-found', `No object ${key} in ${root}`, { cause: error });
        if (error instanceof PermanentError) throw error;
        throw new RetryableError('object/unavailable', `Cannot read ${key} in ${root}: ${textOf(error)}`, {
          cause: error,
        });
      }
    },

    async delete(key) {
      const target = pathOf(key);
      try {
        await unlink(target);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR') throw storageError(error, target, root);
      }
    },

    async check() {
      const probe = join(root, `.probe-${randomUUID()}`);
      await writing(probe, async () => {
        await makeFolder(root);
        await writeAside(probe, Buffer.from('probe'));
      });
      await rm(probe, { force: true });
    },
  };

  async function writing(target: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      throw storageError(error, target, root);
    }
  }
}

/** `mkdir -p`, step by step: Node's own recursive form never ends where an existing folder answers ENOENT, as /proc does. */
async function makeFolder(directory: string): Promise<void> {
  if (await isFolder(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) await makeFolder(parent);
  await mkdir(directory).catch(async (error: unknown) => {
    // Another writer was first.
    if (codeOf(error) !== 'EEXIST' || !(await isFolder(directory))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function writeAside(target: string, body: Buffer): Promise<void> {
  const aside = join(dirname(target), `.${randomUUID()}.part`);
  try {
    const file = await open(aside, 'wx', 0o640);
    try {
      await file.writeFile(body);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(aside, target);
  } catch (error) {
    await rm(aside, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Spares the write when the content is there already; a cut or foreign file under the name is written anew. */
async function isSame(target: string, body: Buffer): Promise<boolean> {
  try {
    const { size } = await stat(target);
    return size === body.length && sha256Of(await readFile(target)) === sha256Of(body);
  } catch {
    return false;
  }
}

function storageError(error: unknown, target: string, root: string): Error {
  const code = codeOf(error);
  if (FULL.has(code))
    return new RetryableError('storage/disk-full', `No space left to write ${target}`, {
      hint: `Free space on the file system of ${root}, or name another folder under settings.objects.path.`,
      cause: error,
    });
  if (UNWRITABLE.has(code))
    return new PermanentError('storage/directory-unwritable', `Cannot write to ${root}: ${textOf(error)}`, {
      hint: 'Give this user write permission, or name another folder under settings.objects.path.',
      cause: error,
    });
  return new RetryableError('object/unavailable', `Cannot write ${target}: ${textOf(error)}`, { cause: error });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
