import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TemporaryDirectory, temporaryDirectory } from '../../test/harness/temporary.ts';
import { generateKey, readKeys } from './master-keys.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory('keys');
});
afterEach(() => directory.remove());

describe('the keys that Outturn is given', () => {
  it('are none when nothing is set', async () => {
    expect(await readKeys({ OUTTURN_KEY: '' })).toEqual([]);
  });

  it('are the same as Base64, Base64url and hexadecimal digits', async () => {
    const key = generateKey();
    const bytes = Buffer.from(key, 'base64');
    const forms = [
      key,
      key.replace('=', ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      bytes.toString('hex').toUpperCase(),
    ];
    for (const form of forms) expect(await readKeys({ OUTTURN_KEY: form })).toMatchObject([{ bytes }]);
    expect(await readKeys({ OUTTURN_KEY: forms.join(',') })).toHaveLength(1);
  });

  it('come from a file, the first one first, comments and blank lines left out', async () => {
    const [one, two] = [generateKey(), generateKey()];
    const file = path.join(directory.path, 'key');
    await writeFile(file, `# made in November\n${one}\r\n\n  # the one before, until everything is rotated\n${two}\n`);
    const keys = await readKeys({ OUTTURN_KEY_FILE: file });
    expect(keys.map(({ bytes }) => bytes.toString('base64'))).toEqual([one, two]);
  });

  it.each([
    ['correct horse battery staple', 'OUTTURN_KEY, key 1, is no key'],
    ['hunter2', 'OUTTURN_KEY is no key'],
    [Buffer.alloc(16, 'ab').toString('hex'), 'OUTTURN_KEY is no key'],
    ['0'.repeat(64), 'OUTTURN_KEY is not random'],
    ['# nothing', 'OUTTURN_KEY holds no key'],
  ])('are refused when it is %s', async (given, message) => {
    const error = await readKeys({ OUTTURN_KEY: given }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'config/invalid-value', message: expect.stringContaining(message) });
    if (given !== '# nothing') expect(JSON.stringify(error)).not.toContain(given);
  });

  it('are not taken from two places at once', async () => {
    await expect(readKeys({ OUTTURN_KEY: generateKey(), OUTTURN_KEY_FILE: '/run/secrets/key' })).rejects.toMatchObject({
      code: 'config/invalid-value',
    });
  });

  it('say which file cannot be read and why', async () => {
    await mkdir(path.join(directory.path, 'folder'));
    await expect(readKeys({ OUTTURN_KEY_FILE: path.join(directory.path, 'absent') })).rejects.toMatchObject({
      code: 'config/unreadable-file',
      message: expect.stringContaining('there is no such file'),
    });
    await expect(readKeys({ OUTTURN_KEY_FILE: path.join(directory.path, 'folder') })).rejects.toMatchObject({
      message: expect.stringContaining('is not a regular file'),
    });
  });
});
