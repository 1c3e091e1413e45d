import { OutturnError, PermanentError, RetryableError } from '#kit';

const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'EISDIR', 'ENOENT']);
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Runs what writes below `directory`; a refusal of the file system becomes `storage/directory-unwritable` or `storage/disk-full`, naming the path. */
export async function writingBelow<T>(directory: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw explain(directory, error);
  }
}

function explain(directory: string, thrown: unknown): unknown {
  if (thrown instanceof OutturnError || !(thrown instanceof Error)) return thrown;
  const { code, path } = thrown as NodeJS.ErrnoException;
  const at = path ?? directory;
  const facts = { directory };
  if (FULL.has(code ?? ''))
    return new RetryableError('storage/disk-full', `No space is left on the disk that holds ${at}.`, {
      hint: 'Free some space there, or name another data directory by --data.',
      facts,
      cause: thrown,
    });
  if (UNWRITABLE.has(code ?? '') && path !== undefined)
    return new PermanentError('storage/directory-unwritable', `${at} cannot be written (${code}).`, {
      hint: 'Give the account that runs Outturn the right to write there, or name another data directory by --data.',
      facts,
      cause: thrown,
    });
  return thrown;
}
