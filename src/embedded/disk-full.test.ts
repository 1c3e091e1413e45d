import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLog } from '../../test/harness/silent-log.ts';
import { explainFileError, explainOutput } from './failures.ts';
import { openEmbeddedPostgres } from './index.ts';

const full = {
  name: 'RetryableError',
  code: 'storage/disk-full',
  message: expect.stringContaining('/data'),
  hint: expect.stringContaining('Free at least'),
};

/** A small disk of its own, where the tests may mount one. */
function mounted(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a disk without space', () => {
  it('is named, with what to do, and nothing half-made stays on it', async ({ skip }) => {
    const directory = await mkdtemp(join(tmpdir(), 'outturn-full-'));
    await chmod(directory, 0o755);
    const disk = join(directory, 'disk');
    await mkdir(disk);
    try {
      if (!mounted(disk)) skip('mounting a small disk needs root');
      const open = () => openEmbeddedPostgres({ dataDirectory: join(disk, 'data'), log: silentLog });
      await expect(open()).rejects.toMatchObject(full);
      execFileSync('mount', ['-o', 'remount,size=512m', disk]);
      const server = await open();
      expect(server.mode).toBe('started');
      await server.release();
    } finally {
      try {
        execFileSync('umount', [disk], { stdio: 'ignore' });
      } catch {
        // It was not mounted.
      }
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('is recognised in what initdb and the server say, and in errors of our own files', () => {
    expect(
      explainOutput(
        'Starting PostgreSQL',
        '/data',
        'PANIC:  could not write to file "pg_wal": No space left on device',
      ),
    ).toMatchObject(full);
    expect(explainFileError('/data', Object.assign(new Error('x'), { code: 'ENOSPC' }))).toMatchObject(full);
    expect(explainFileError('/data', Object.assign(new Error('x'), { code: 'EDQUOT' }))).toMatchObject(full);
  });
});
