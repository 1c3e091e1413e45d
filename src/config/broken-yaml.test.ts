import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles, spoil } from '../../test/factories/config.ts';

describe('a file that is no YAML', () => {
  it('has its syntax errors told, of all files at once, and what is wrong in the files that can be read', async () => {
    const { lines, config } = await loadFiles({
      'a.yaml': 'projects: [1, 2\nstakeholders: {}\n',
      'b.yaml': 'settings:\n\ttimeZone: UTC\n',
      'c.yaml': '- a\n- list\n',
      'd.yaml': goodYaml.replace('8 %', 'eight'),
    });
    const text = lines.join('\n');
    expect(text).toMatch(/^a\.yaml:2:\d+: not valid YAML/m);
    expect(text).toMatch(/^b\.yaml:2:\d+: a tab cannot indent YAML/m);
    expect(text).toMatch(/^c\.yaml:1:1: expected a mapping at the top/m);
    expect(text).toMatch(/^d\.yaml:20:19 projects\.checkout\.discountRate: .*found "eight"/m);
    expect(config).toBeNull();
  });
  it.each([
    [
      'a schedule without quotes',
      'schedule: "0 8 * * 1"',
      'schedule: */15 * * * *',
      /begins with \* must stand in quotes/,
    ],
    [
      'a reference without quotes inside { }',
      '{ value: 100 }',
      '{ value: ${env:X} }',
      /with \{ or \[ in it must stand in quotes/,
    ],
    ['a key indented by one less', '    currency: EUR', '   currency: EUR', /indented differently from its neighbours/],
    ['a text with a colon', 'name: Checkout', 'name: Checkout: again', /with ": " in it must stand in quotes/],
    [
      'a key without a space',
      '    name: Checkout',
      '    name:Checkout',
      /a colon and a plain space must follow the key/,
    ],
    ['a quote that stays open', '"0 8 * * 1"', '"0 8 * * 1', /a quote that was opened further up is never closed/],
    ['a value that begins with %', 'discountRate: 8 %', 'discountRate: %8', /must stand in quotes/],
  ])('%s: one line says how to mend it', async (_mistake, good, bad, says) => {
    const yaml = goodYaml.replace(good, () => bad);
    expect(yaml).not.toBe(goodYaml);
    const { lines } = await loadFiles({ 'outturn.yaml': yaml });
    expect(lines[0]).toMatch(says);
    expect(lines.length).toBeLessThan(5);
  });
  it('the same key twice in one mapping, both lines', async () => {
    const { lines } = await loadFiles(spoil('    name: Checkout\n', '    name: Checkout\n    name: Again\n'));
    expect(lines).toEqual([
      'outturn.yaml:18:5 projects.checkout.name: the key "name" stands here a second time; the first is at line 17',
    ]);
  });
  it('a reference that may lead into a broken file is not called wrong', async () => {
    const { lines } = await loadFiles({
      'broken.yaml': 'stakeholders: [',
      ...spoil('stakeholder: sponsor', 'stakeholder: somebody'),
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^broken\.yaml:1/);
  });
});
