import { symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles, SECRET } from '../../test/factories/config.ts';

describe('a hostile file is refused, quickly and by name', () => {
  it('aliases that multiply (a billion laughs)', async () => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0
        ? 'a0: &a0 [x, x, x, x, x, x, x, x, x]'
        : `a${level}: &a${level} [${Array(9)
            .fill(`*a${level - 1}`)
            .join(', ')}]`,
    );
    const { lines, config } = await loadFiles({ 'bomb.yaml': levels.join('\n'), 'good.yaml': goodYaml });
    expect(lines.join('\n')).toMatch(/^bomb\.yaml:\d+:\d+ .*expand to more than 10000 values/m);
    expect(config).toBeNull();
  });

  it('an alias that contains itself, one that leads nowhere', async () => {
    const { lines } = await loadFiles({ 'a.yaml': 'fx: &a [*a]\n', 'b.yaml': 'fx: [*nothing]\n' });
    expect(lines).toEqual([
      expect.stringMatching(/^a\.yaml:1:9 fx\[0\]: the alias \("\*"\) contains itself/),
      expect.stringMatching(/^b\.yaml:1:6/),
    ]);
  });

  it('an honest alias is fine', async () => {
    const yaml = goodYaml
      .replace('settings:\n', 'settings:\n')
      .replace('timeZone: Europe/Berlin', 'timeZone: &zone Europe/Berlin')
      .replace('name: Checkout', 'name: Checkout\n    timeZone: *zone');
    const { config, lines } = await loadFiles({ 'outturn.yaml': yaml });
    expect(lines).toEqual([]);
    expect(config?.projects[0]?.timeZone).toBe('Europe/Berlin');
  });

  it.each(['__proto__', 'constructor', 'prototype'])('the key %s', async (key) => {
    const { lines } = await loadFiles({ 'a.yaml': `projects:\n  ${key}: { polluted: yes }\n`, 'good.yaml': goodYaml });
    expect(lines.join('\n')).toMatch(
      new RegExp(`^a\\.yaml:2:3 projects\\.${key}: the key "${key}" is not allowed`, 'm'),
    );
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('names that objects inherit are plain unknown keys', async () => {
    const { lines } = await loadFiles({
      'a.yaml': goodYaml.replace('step: 1h', 'step: 1h, toString: 1, hasOwnProperty: 2'),
    });
    expect(lines.map((line) => line.match(/unknown key "\w+"/)?.[0])).toEqual([
      'unknown key "toString"',
      'unknown key "hasOwnProperty"',
    ]);
  });

  it('nesting without end', async () => {
    const { lines } = await loadFiles({
      'brackets.yaml': `fx: ${'['.repeat(100_000)}`,
      'closed.yaml': `fx: ${'['.repeat(200)}${']'.repeat(200)}`,
      'maps.yaml': Array.from({ length: 300 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'),
    });
    expect(lines.map((line) => line.split(':')[0]).sort()).toEqual(
      expect.arrayContaining(['brackets.yaml', 'closed.yaml', 'maps.yaml']),
    );
  });

  it('a file larger than 1 MiB, one that is no text, a tag that would run something', async () => {
    const { lines } = await loadFiles({
      'binary.yaml': Buffer.from([0x61, 0x3a, 0xff, 0xff]),
      'large.yaml': `# ${'x'.repeat(1_100_000)}`,
      'tag.yaml': 'settings: !!js/function "function () {}"\n',
    });
    expect(lines).toEqual([
      expect.stringMatching(/^binary\.yaml: cannot be read: it is not UTF-8 text/),
      expect.stringMatching(/^large\.yaml: cannot be read: it is larger than 1 MiB/),
      expect.stringMatching(/^tag\.yaml:1:11: tags/),
    ]);
  });

  it('more mistakes than anybody reads: the first thousand are shown, the others counted', async () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n');
    const { lines, problems, config } = await loadFiles({ 'many.yaml': keys });
    expect(config).toBeNull();
    expect(problems).toHaveLength(1_001);
    expect(lines[999]).toMatch(/^many\.yaml:1000:1 k999: unknown key/);
    expect(lines[1000]).toBe('many.yaml: and at least 19,000 more errors, which are not shown');
    expect(problems[1000]).toMatchObject({ standsFor: 19_000, severity: 'error' });
  });

  it('a thousand warnings take no error its place', async () => {
    const plain = Array.from(
      { length: 1_200 },
      (_, index) => `  m${index}: { kind: meter, apiKey: plain-key-${index} }`,
    );
    const { lines } = await loadFiles({ 'many.yaml': `connectors:\n${plain.join('\n')}\n`, 'z.yaml': 'x: 1\n' });
    expect(lines.filter((line) => line.includes('stands in the file as it is'))).toHaveLength(1_000);
    expect(lines.slice(-2).join('\n')).toMatch(
      /and at least 1 more error,[^]*and 200 more warnings, which are not shown$/,
    );
  });

  it('more words and signs than are read in a second', async () => {
    const { lines, config } = await loadFiles({ 'brackets.yaml': `fx: [${'[],'.repeat(100_000)}]` });
    expect(lines).toEqual([
      expect.stringMatching(
        /^brackets\.yaml:1:\d+: the file has more than 150,000 words, signs and line breaks; spread it over several files$/,
      ),
    ]);
    expect(config).toBeNull();
  });

  it('references that grow: one file again and again, too many files, too many of them', async () => {
    const large = { 'large.txt': 'x'.repeat(60_000) };
    const again = await loadFiles({ ...large, 'a.yaml': `fx: "${'${file:large.txt}'.repeat(10_000)}"` });
    expect(again.lines.join('\n')).toMatch(/^a\.yaml:1:5 fx: what the references .* more than 8 MiB altogether$/m);
    const names = Array.from({ length: 1_001 }, (_, index) => `\${file:x${index}}`);
    const files = await loadFiles({ 'a.yaml': `fx: "${names.join('')}"` });
    expect(files.lines.join('\n')).toMatch(/refers to more than 1,000 files \(\$\{file:…\}\)$/m);
    const many = await loadFiles({ 'a.yaml': `fx: "${'${env:A:-a}'.repeat(20_001)}"` });
    expect(many.lines.join('\n')).toMatch(/has more than 20,000 references \(\$\{…\}\)$/m);
  });

  it.each(['---\nfx: []\n', '...\nfx: []\n'])('a second document, which nobody would read: %j', async (second) => {
    const { lines, config } = await loadFiles({ 'two.yaml': `${goodYaml}${second}` });
    expect(lines).toEqual([expect.stringMatching(/^two\.yaml:\d+:1: a second document begins here/)]);
    expect(config).toBeNull();
  });

  it('an empty document at the end hides nothing', async () => {
    const { lines } = await loadFiles({ 'one.yaml': `---\n${goodYaml}---\n` });
    expect(lines).toEqual([]);
  });

  it('links that run in a circle, and one that dangles', async () => {
    const { lines, config } = await loadFiles(
      { 'outturn.yaml': goodYaml },
      {
        prepare: async (directory) => {
          await symlink(directory, path.join(directory, 'circle'));
          await symlink('nowhere', path.join(directory, 'dangling.yaml'));
          await writeFile(path.join(directory, '.hidden.yaml'), '[');
        },
      },
    );
    expect(lines).toEqual([expect.stringMatching(/^dangling\.yaml: cannot be read: there is no such file/)]);
    expect(config).toBeNull();
  });

  it('whatever is done to a file, it loads or is refused with places, and its secrets stay hidden', async () => {
    const snippets = fc.constantFrom(
      '*',
      '&a ',
      '{',
      '}',
      '[',
      ']',
      '\t',
      '\n',
      ': ',
      '- ',
      '"',
      "'",
      '|\n',
      '!!set ',
      '<<: ',
      '${',
      '${env:',
      '---\n',
      '%',
      '@',
      '\u0000',
      '\ufeff',
      '0x1',
      'null',
      '.nan',
      '1e999',
      '__proto__: ',
    );
    const edit = fc.record({
      at: fc.nat(goodYaml.length),
      cut: fc.nat(12),
      insert: fc.oneof(snippets, fc.string({ maxLength: 4 })),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
        let yaml = goodYaml;
        for (const { at, cut, insert } of edits) yaml = yaml.slice(0, at) + insert + yaml.slice(at + cut);
        const { config, problems, lines } = await loadFiles({ 'outturn.yaml': yaml });
        expect(lines.join('\n')).not.toContain(SECRET);
        expect(config === null).toBe(problems.some((problem) => problem.severity === 'error'));
        for (const problem of problems)
          expect(problem).toMatchObject({ file: expect.stringContaining('outturn.yaml'), line: expect.any(Number) });
        for (const line of lines) expect(line).not.toContain('\n');
      }),
      { numRuns: 300, seed: 20_260_601 },
    );
  });
});
