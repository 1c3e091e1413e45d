import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pollUntil } from '../../test/harness/poll.ts';
import { silentLog } from '../../test/harness/silent-log.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/harness/temporary.ts';
import { openEmbeddedPostgres } from './index.ts';
import { resolveServerUser } from './os-user.ts';

/** Closing the server's log takes until a server that was refused is gone, as it may where much runs at once. */
vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs/promises')>();
  return {
    ...fs,
    async open(...args: Parameters<typeof fs.open>) {
      const file = await fs.open(...args);
      const path = String(args[0]);
      if (!path.endsWith('server.log')) return file;
      const before = (await file.stat()).size;
      const close = file.close.bind(file);
      file.close = async () => {
        await pollUntil('the server has said something, and is gone when it was refused', async () => {
          const said = (await fs.readFile(path, 'utf8')).slice(before);
          const refused = /\[(\d+)\] FATAL/.exec(said);
          return refused === null ? said !== '' : !isThere(Number(refused[1]));
        });
        await close();
      };
      return file;
    },
  };
});

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory('embedded');
  await chmod(directory.path, 0o755);
});
afterEach(() => directory.remove());

describe.runIf(process.platform === 'linux')('a start beside a killed server that nobody has buried yet', () => {
  it('is tried again until it is, however early each refused server ends', async () => {
    const open = () =>
      openEmbeddedPostgres({ dataDirectory: join(directory.path, 'data'), log: silentLog, isDisposable: true });
    await (await open()).release();

    const user = await resolveServerUser();
    // The shell's child ends, and what the shell becomes never asks for it.
    const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    });
    try {
      const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
      await pollUntil('it is dead', async () => (await readFile(`/proc/${line}/stat`, 'utf8')).includes(') Z '));
      const pgdata = join(directory.path, 'data', 'pgdata');
      await writeFile(join(pgdata, 'postmaster.pid'), `${line}\n${pgdata}\n1\n1\n\n127.0.0.1\n0\nready\n`);
      const opening = open();
      const log = join(directory.path, 'data', 'server.log');
      await pollUntil('two were refused', async () => (await readFile(log, 'utf8')).split('FATAL').length > 2);
      parent.kill('SIGKILL');
      const server = await opening;
      expect(server.mode).toBe('started');
      await server.release();
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
