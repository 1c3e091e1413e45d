import { constants } from 'node:fs';
import { glob, lstat, open, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type FileSource, type FoundFile, PermanentError } from '#kit';
import { MOST_FILES, tooManyFiles } from './most-files.ts';
import { createS3Source } from './s3-source.ts';
import { textOf } from './text-of.ts';

const CHUNK_BYTES = 256 * 1024;

/**
 * Files below one folder (that of the configuration), and objects of S3 (`s3://bucket/key`). Patterns are relative to the
 * folder: `data/costs.csv`, `data/seats-*.csv`. Whatever leads out of the folder (`..`, an absolute path, a symbolic
 * link) is refused with `config/unreadable-file`.
 */
export function createFileSource({ baseDirectory }: { baseDirectory: string }): FileSource {
  const base = resolve(baseDirectory);
  const s3 = createS3Source();
  let realBase: string | null = null;

  const escapes = (shown: string, reason: string): PermanentError =>
    new PermanentError('config/unreadable-file', `${shown} ${reason} (${base})`, {
      hint: 'Put the file into the configuration folder and name it by a path relative to that folder.',
    });

  /** The real path, when it lies below the base folder. */
  async function within(path: string, shown: string): Promise<string> {
    try {
      realBase ??= await realpath(base);
      const real = await realpath(path);
      if (!isBelow(realBase, real)) throw escapes(shown, 'is a link that leads out of the configuration folder');
      return real;
    } catch (thrown) {
      throw readError(thrown, shown);
    }
  }

  function checkedPattern(pattern: string): string {
    if (pattern.trim() === '' || pattern.includes('\0'))
      throw new PermanentError('config/invalid-value', 'the path of a file is empty', {
        hint: 'Write a path relative to the configuration folder.',
      });
    const path = isAbsolute(pattern) ? relative(base, pattern) : pattern;
    if (isAbsolute(path) || path.split(/[\\/]/).includes('..'))
      throw escapes(pattern, 'leads out of the configuration folder');
    return path;
  }

  return {
    async list(pattern, access) {
      if (isS3(pattern)) return await s3.list(pattern, access);
      const path = checkedPattern(pattern);
      const found: FoundFile[] = [];
      const add = async (file: string): Promise<void> => {
        const real = await within(file, relative(base, file));
        const facts = await lstat(real);
        if (!facts.isFile()) return;
        if (found.length === MOST_FILES) throw tooManyFiles(pattern);
        found.push({ path: file, modifiedAtMs: Math.trunc(facts.mtimeMs), bytes: facts.size });
      };
      // The path as it stands comes first: brackets are allowed in file names.
      const literal = join(base, path);
      if (await exists(literal)) await add(literal);
      else for await (const match of glob(path, { cwd: base })) await add(join(base, match));
      if (found.length === 0)
        throw new PermanentError('config/not-found', `no file matches ${pattern} in ${base}`, {
          hint: 'Paths are relative to the configuration folder; * stands for a part of a name, ** for folders.',
        });
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },

    async *read(file, options) {
      if (isS3(file.path)) {
        yield* s3.read(file, options);
        return;
      }
      const shown = relative(base, resolve(base, file.path));
      const real = await within(join(base, checkedPattern(file.path)), shown);
      // Non-blocking: opening a named pipe would otherwise wait for ever.
      const handle = await open(real, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: unknown) => {
        throw readError(thrown, shown);
      });
      try {
        const facts = await handle.stat();
        if (!facts.isFile())
          throw new PermanentError('config/unreadable-file', `${shown} is not a regular file`, {
            hint: 'Name a file, or a pattern such as folder/*.csv.',
          });
        const bytes = handle.createReadStream({ autoClose: false, highWaterMark: CHUNK_BYTES });
        yield* textOf(bytes as AsyncIterable<Buffer>, { shown, maxBytes: options.maxBytes });
      } finally {
        await handle.close();
      }
    },
  };
}

const isS3 = (path: string): boolean => path.startsWith('s3://');

function isBelow(base: string, path: string): boolean {
  return path === base || path.startsWith(base.endsWith(sep) ? base : base + sep);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch {
    return false;
  }
}

function readError(thrown: unknown, shown: string): unknown {
  if (thrown instanceof PermanentError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'ENOENT')
    return new PermanentError('config/not-found', `${shown} is not there (or is a link to nothing)`, { cause: thrown });
  return new PermanentError('config/unreadable-file', `cannot read ${shown} (${code === '' ? String(thrown) : code})`, {
    hint: 'Check that the user who runs outturn may read it.',
    cause: thrown,
  });
}
