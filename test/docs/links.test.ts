import { access, glob, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { outturn } from '../harness/cli.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages: string[] = [];
for await (const page of glob(['*.md', 'docs/**/*.md', 'connectors/*/README.md'], { cwd: root })) pages.push(page);

/** As GitHub names a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

describe('the documentation', () => {
  it.each(pages)('%s links to what is there', async (page) => {
    const text = await readFile(path.join(root, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s:]+)\)/g)) {
      const [file = '', anchor] = target.split('#');
      const linked = file === '' ? path.join(root, page) : path.resolve(root, path.dirname(page), file);
      await expect(access(linked), target).resolves.toBeUndefined();
      if (anchor === undefined) continue;
      const headings = [...(await readFile(linked, 'utf8')).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
      expect(headings.map(anchorOf), target).toContain(anchor);
    }
  });

  it('on operations names commands and variables that there are', async () => {
    const text = await readFile(path.join(root, 'docs/operations.md'), 'utf8');
    const { stdout } = await outturn(['--help']);
    const commands = [...text.matchAll(/`outturn (\w+)/g)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(5);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    const sources = [];
    for (const room of ['main', 'cli'])
      for (const file of await readdir(path.join(root, 'src', room), { recursive: true }))
        if (file.endsWith('.ts') && !file.endsWith('.test.ts'))
          sources.push(await readFile(path.join(root, 'src', room, file), 'utf8'));
    const names = new Set(sources.join('\n').match(/\b(?:OUTTURN|DATABASE|REDIS)_[A-Z_]+\b/g));
    for (const page of ['docs/operations.md', 'docs/redis.md', 'docs/telemetry.md'])
      for (const [, name = ''] of (await readFile(path.join(root, page), 'utf8')).matchAll(
        /`((?:OUTTURN|DATABASE|REDIS)_[A-Z_]+)[`=]/g,
      ))
        expect(names, `${page}: ${name}`).toContain(name);
  });
});
