import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outturn } from '../harness/cli.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../harness/temporary.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('the README', () => {
  let text: string;
  let directory: TemporaryDirectory;
  beforeAll(async () => {
    [text, directory] = await Promise.all([readFile(`${root}README.md`, 'utf8'), temporaryDirectory('readme')]);
  });
  afterAll(() => directory.remove());

  it('shows YAML that is valid as it stands', async () => {
    const yaml = /```yaml\n([\s\S]+?)```/.exec(text)?.[1] ?? '';
    await writeFile(path.join(directory.path, 'sources.yaml'), yaml);
    const result = await outturn(['validate', '--config', directory.path], { env: { PROMETHEUS_TOKEN: 'a-token' } });
    expect(result.stdout).toContain('1 connector, 1 stream');
    expect(result.status).toBe(0);
  });

  it('links to files that are there', async () => {
    const targets = [...text.matchAll(/\]\(([^)#:]+)\)|src="([^":]+)"/g)].map((match) => match[1] ?? match[2] ?? '');
    expect(targets.length).toBeGreaterThan(8);
    for (const target of targets) await expect(access(path.join(root, target)), target).resolves.toBeUndefined();
  });

  it('names commands that exist', async () => {
    const { stdout } = await outturn(['--help']);
    const commands = [...text.matchAll(/outturn -- (\w+)/g)].map((match) => match[1] ?? '');
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
  });

  it('and continuous integration run the same test command', async () => {
    const script = await readFile(`${root}.ci/run`, 'utf8');
    expect(text).toContain('npm ci && npm test\n');
    expect(script.trimEnd().split('\n').at(-1)).toBe('npm ci && npm test');
  });
});
