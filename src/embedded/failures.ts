import { OutturnError, PermanentError, RetryableError } from '#kit';

/** What the server or initdb wrote, read for the causes that a person can do something about. */
export function explainOutput(what: string, directory: string, output: string): OutturnError {
  const last = output.trim().split('\n').slice(-8).join('\n');
  if (/no space left on device|disk quota exceeded/i.test(output)) return diskFull(directory);
  const open = /data directory "([^"]+)" has invalid permissions/i.exec(output);
  if (open !== null) {
    const detail = /DETAIL:\s*(.+)/.exec(output)?.[1] ?? 'Permissions should be u=rwx (0700).';
    return new PermanentError('storage/directory-unwritable', `${what} failed: ${lastLine(last)}. ${detail}`, {
      hint: `Close it to others: chmod 700 ${open[1]}`,
      facts: { directory, output: last },
    });
  }
  if (/permission denied|read-only file system/i.test(output)) {
    return new PermanentError(
      'storage/directory-unwritable',
      `${what} may not write in ${directory}: ${lastLine(last)}`,
      {
        hint: 'Give the account that runs Outturn the right to write there, or name another data directory.',
        facts: { directory, output: last },
      },
    );
  }
  if (/could not (create|map|attach) .*shared memory|cannot allocate memory/i.test(output)) {
    return new RetryableError('storage/unavailable', `${what} got too little memory: ${lastLine(last)}`, {
      hint: 'Free some memory (about 200 MB are needed) or set DATABASE_URL to a PostgreSQL server of your own.',
      facts: { directory, output: last },
    });
  }
  return new PermanentError('storage/unavailable', `${what} failed: ${lastLine(last) || 'no message'}`, {
    hint: `Read ${directory}/server.log; if the data cannot be recovered, move ${directory} away and start again.`,
    facts: { directory, output: last },
  });
}

/** Ctrl-C reaches the programs that are run to their end, as well as us. */
export function explainProgram(
  what: string,
  directory: string,
  { code, output }: { code: number | null; output: string },
): OutturnError {
  if (code !== null && !/caught signal|due to (user request|administrator command)/i.test(output))
    return explainOutput(what, directory, output);
  return new RetryableError('storage/stopped', `${what} was interrupted`, {
    hint: 'Start again: nothing half-made is left.',
    facts: { directory },
  });
}

/** File-system errors of our own calls, in the same terms. */
export function explainFileError(directory: string, thrown: unknown): unknown {
  if (thrown instanceof OutturnError) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(directory, thrown);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return unwritable(directory, `${error.path ?? directory} cannot be written (${error.code})`, thrown);
    case 'ENOTDIR':
    case 'EEXIST':
      return unwritable(directory, `${error.path ?? directory} is a file where a folder is needed`, thrown);
    default:
      return thrown;
  }
}

function diskFull(directory: string, cause?: unknown): RetryableError {
  return new RetryableError('storage/disk-full', `No space is left on the disk that holds ${directory}`, {
    hint: 'Free at least 200 MB on that disk, or name a data directory on another one.',
    facts: { directory },
    cause,
  });
}

export function unwritable(directory: string, message: string, cause?: unknown): PermanentError {
  return new PermanentError('storage/directory-unwritable', `The data directory is not usable: ${message}`, {
    hint: 'Give the account that runs Outturn the right to write there, or name another data directory.',
    facts: { directory },
    cause,
  });
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const fatal = lines.findLast((line) => /FATAL|PANIC|error:/i.test(line));
  return (fatal ?? lines.at(-1) ?? '').trim();
}
