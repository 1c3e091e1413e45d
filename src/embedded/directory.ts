import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { explainFileError, unwritable } from './failures.ts';

/**
 * Makes a folder and those above it, as `mkdir -p`; `mode` is for each that is made. Step by step, because Node's own
 * recursive form never ends where an existing folder answers ENOENT to mkdir, as /proc does.
 *
 * Errors: `storage/directory-unwritable`, `storage/disk-full`.
 */
export async function makeDirectory(directory: string, mode = 0o777): Promise<void> {
  const missing: string[] = [];
  try {
    for (let at = resolve(directory); (await statOrNull(at)) === null; at = dirname(at)) missing.unshift(at);
    for (const at of missing)
      await mkdir(at, { mode }).catch((error: NodeJS.ErrnoException) => {
        // Another process was first.
        if (error.code !== 'EEXIST') throw error;
      });
    if (!(await stat(directory)).isDirectory())
      throw unwritable(directory, `${directory} is a file where a folder is needed`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw unwritable(
        directory,
        `no folder can be made at ${(error as NodeJS.ErrnoException).path ?? directory}`,
        error,
      );
    throw explainFileError(directory, error);
  }
}

const statOrNull = (file: string) =>
  stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
