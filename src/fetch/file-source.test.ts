import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asOutturnError, PermanentError, readText } from '#kit';
import { createFileSource } from './index.ts';

let root = '';
let base = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'outturn-files-'));
  base = join(root, 'config');
  await mkdir(join(base, 'data/old'), { recursive: true });
  await writeFile(join(base, 'data/seats-b.csv'), 'b');
  await writeFile(join(base, 'data/seats-a.csv'), 'aé');
  await writeFile(join(base, 'data/old/seats-0.csv'), '0');
  await writeFile(join(base, 'data/[x].csv'), 'x');
  await writeFile(join(root, 'outside.csv'), 'secret');
});
afterEach(() => rm(root, { recursive: true }));
const source = () => createFileSource({ baseDirectory: base });
const text = (path: string, maxBytes: number) => readText(source(), { path }, { maxBytes });
const names = async (pattern: string) => (await source().list(pattern)).map(({ path }) => relative(base, path));
const failure = (work: Promise<unknown>) => work.then(() => expect.fail('an error was expected'), asOutturnError);

describe('files below the configuration folder', () => {
  it('are found by path and by pattern, sorted, folders left out', async () => {
    expect(await names('data/seats-a.csv')).toEqual(['data/seats-a.csv']);
    expect(await names('data/seats-*.csv')).toEqual(['data/seats-a.csv', 'data/seats-b.csv']);
    expect(await names('data/**/seats-*.csv')).toEqual([
      'data/old/seats-0.csv',
      'data/seats-a.csv',
      'data/seats-b.csv',
    ]);
    expect(await names('data/[x].csv')).toEqual(['data/[x].csv']);
    expect(await names(join(base, 'data/seats-b.csv'))).toEqual(['data/seats-b.csv']);
    expect((await source().list('data/seats-a.csv'))[0]).toMatchObject({ bytes: 3, modifiedAtMs: expect.any(Number) });
  });

  it('that are not there are named, with the folder that was searched', async () => {
    const error = await failure(source().list('data/costs-*.csv'));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.code).toBe('config/not-found');
    expect(error.message).toContain('data/costs-*.csv');
    expect(error.message).toContain(base);
    expect((await failure(source().list('data'))).code).toBe('config/not-found');
  });

  it.each(['../outside.csv', 'data/../../outside.csv', '../*.csv', '/etc/passwd', '/etc/*'])(
    '%s is refused',
    async (pattern) => {
      const error = await failure(source().list(pattern));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error.code).toBe('config/unreadable-file');
      expect((await failure(text(pattern, 1000))).code).toBe('config/unreadable-file');
    },
  );

  it('links that lead out are refused, links inside are followed', async () => {
    await symlink(join(root, 'outside.csv'), join(base, 'data/link.csv'));
    await symlink(root, join(base, 'up'));
    await symlink('seats-a.csv', join(base, 'data/inside.csv'));
    expect((await failure(source().list('data/link.csv'))).code).toBe('config/unreadable-file');
    expect((await failure(source().list('data/l*.csv'))).code).toBe('config/unreadable-file');
    expect((await failure(text('data/link.csv', 1000))).code).toBe('config/unreadable-file');
    expect((await failure(text('up/outside.csv', 1000))).code).toBe('config/unreadable-file');
    expect(await text('data/inside.csv', 1000)).toBe('aé');
  });

  it('are read as UTF-8, or UTF-16 with its mark; other bytes are refused', async () => {
    await writeFile(join(base, 'utf16.csv'), Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('ä;1', 'utf16le')]));
    await writeFile(join(base, 'bom.csv'), '\ufeffday');
    await writeFile(join(base, 'latin1.csv'), Buffer.from('ä;1', 'latin1'));
    expect(await text('utf16.csv', 1000)).toBe('ä;1');
    expect(await text('bom.csv', 1000)).toBe('day');
    const error = await failure(text('latin1.csv', 1000));
    expect(error.code).toBe('source/bad-shape');
    expect(error.hint).toContain('UTF-8');
  });

  it('longer than allowed are not read', async () => {
    expect(await text('data/seats-a.csv', 3)).toBe('aé');
    expect((await failure(text('data/seats-a.csv', 2))).code).toBe('source/too-large');
  });

  it('that are pipes or folders are refused at once', async () => {
    execFileSync('mkfifo', [join(base, 'pipe.csv')]);
    expect((await failure(text('pipe.csv', 1000))).code).toBe('config/unreadable-file');
    expect((await failure(text('data', 1000))).code).toBe('config/unreadable-file');
  });
});
