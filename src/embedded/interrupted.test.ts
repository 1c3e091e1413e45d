import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../test/harness/silent-log.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/harness/temporary.ts';
import { openEmbeddedPostgres } from './index.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory('embedded');
  await chmod(directory.path, 0o755);
});
afterEach(() => directory.remove());

const open = () =>
  openEmbeddedPostgres({ dataDirectory: join(directory.path, 'data'), log: silentLog, isDisposable: true });

const end = vi.hoisted((): { script: string | null } => ({ script: null }));
vi.mock('./programs.ts', async (importOriginal) => {
  const programs = await importOriginal<typeof import('./programs.ts')>();
  const runProgram: typeof programs.runProgram = (program, args, options) =>
    end.script === null
      ? programs.runProgram(program, args, options)
      : programs.runProgram('/bin/sh', ['-c', end.script], options);
  return { ...programs, runProgram };
});

describe('a start of the embedded PostgreSQL', () => {
  it.each([
    ['initdb tells of it', 'echo caught signal; exit 1'],
    ['initdb just ends', 'kill -INT $$; sleep 60'],
  ])('that is interrupted at the first time says so, and the next one works: %s', async (_how, script) => {
    end.script = script;
    await expect(open()).rejects.toMatchObject({
      code: 'storage/stopped',
      message: 'Initialising PostgreSQL was interrupted',
      hint: 'Start again: nothing half-made is left.',
    });
    end.script = null;
    const server = await open();
    expect(server.mode).toBe('started');
    await server.release();
  });

  it('whose folder is open to others says how to close it', async () => {
    await (await open()).release();
    const pgdata = join(directory.path, 'data', 'pgdata');
    await chmod(pgdata, 0o755);
    await expect(open()).rejects.toMatchObject({
      code: 'storage/directory-unwritable',
      message: expect.stringContaining('Permissions should be u=rwx (0700)'),
      hint: `Close it to others: chmod 700 ${pgdata}`,
    });
  });
});
