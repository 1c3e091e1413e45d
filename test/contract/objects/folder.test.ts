import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openObjectStore } from '#src/objects/index';
import { objectStoreContract } from './contract.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outturn-objects-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

objectStoreContract('folder', async () => openObjectStore({ kind: 'folder', path: join(directory, 'store') }));

describe('the folder store', () => {
  it('writes a cut file anew and leaves nothing beside it', async () => {
    const path = join(directory, 'cut');
    const store = openObjectStore({ kind: 'folder', path });
    await store.put('a', Buffer.from('whole'), 'text/plain');
    await writeFile(join(path, 'a'), 'who');
    await store.put('a', Buffer.from('whole'), 'text/plain');
    expect((await store.get('a')).toString()).toBe('whole');
    expect(await readdir(path)).toEqual(['a']);
  });

  it('names the folder that it cannot write to', async () => {
    const path = join(directory, 'a-file');
    await writeFile(path, '');
    const store = openObjectStore({ kind: 'folder', path });
    const refusal = { code: 'storage/directory-unwritable', message: expect.stringContaining(path) };
    await expect(store.check()).rejects.toMatchObject(refusal);
    await expect(store.put('a', Buffer.from('x'), 'text/plain')).rejects.toMatchObject(refusal);
  });

  it.skipIf(process.platform !== 'linux')(
    'names a folder in which nobody can make one, and does not try for ever',
    async () => {
      await expect(openObjectStore({ kind: 'folder', path: '/proc/outturn/objects' }).check()).rejects.toMatchObject({
        code: 'storage/directory-unwritable',
        message: expect.stringContaining('/proc/outturn/objects'),
      });
    },
  );

  it.skipIf(process.getuid?.() === 0)('names a folder without permission', async () => {
    const path = await mkdtemp(join(directory, 'locked-'));
    await chmod(path, 0o500);
    await expect(openObjectStore({ kind: 'folder', path }).check()).rejects.toMatchObject({
      code: 'storage/directory-unwritable',
    });
  });

  it('says that the disk is full, and leaves no half-written file', async (test) => {
    const path = await mkdtemp(join(directory, 'small-'));
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path]);
    test.skip(mounted.status !== 0, 'only who may mount a small file system can fill it');
    try {
      const store = openObjectStore({ kind: 'folder', path });
      await expect(store.put('big', Buffer.alloc(200_000, 1), 'text/plain')).rejects.toMatchObject({
        code: 'storage/disk-full',
        hint: expect.stringContaining('settings.objects.path'),
      });
      expect(await readdir(path)).toEqual([]);
    } finally {
      spawnSync('umount', [path]);
    }
  });
});
