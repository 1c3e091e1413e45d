import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles } from '../../test/factories/config.ts';

describe('a configuration that is right', () => {
  it('loads without a problem', async () => {
    const { config, lines } = await loadFiles({ 'outturn.yaml': goodYaml });
    expect(lines).toEqual([]);
    expect(config?.projects[0]?.metrics[0]).toMatchObject({ attribution: '1', startsOn: '2026-07-01' });
  });

  it('may be split over files in folders, with empty files and comments between', async () => {
    const [head, tail] = [
      goodYaml.slice(0, goodYaml.indexOf('projects:')),
      goodYaml.slice(goodYaml.indexOf('projects:')),
    ];
    const { config, lines } = await loadFiles({
      'sources/all.yml': head,
      'projects/checkout.yaml': tail,
      'empty.yaml': '',
      'comment.yaml': '# nothing yet\n',
      'null-section.yaml': 'fx:\nschedules: # none\n',
      'schema/outturn.yaml': 'not: read',
      'notes.txt': 'not: read: either',
    });
    expect(lines).toEqual([]);
    expect(config?.connectors.map((connector) => connector.id)).toEqual(['shop', 'books']);
  });
});

describe('a folder of several files', () => {
  it('the same id in two files, both places', async () => {
    const { lines } = await loadFiles({
      'a.yaml': goodYaml,
      'b.yaml': 'stakeholders:\n  sponsor: { name: Other }\nsettings: { timeZone: UTC }\n',
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^b\.yaml:2:3 stakeholders\.sponsor: "sponsor" is defined a second time; the first is at .*a\.yaml:34/,
      ),
      expect.stringMatching(
        /^b\.yaml:3:13 settings\.timeZone: "timeZone" is defined a second time; the first is at .*a\.yaml:2/,
      ),
    ]);
  });
  it('overlapping exchange rates, both places', async () => {
    const { lines } = await loadFiles({
      'a.yaml': goodYaml,
      'fx.yaml':
        'fx:\n  - { from: USD, to: EUR, rate: 0.9, validFrom: 2026-01-01 }\n  - { from: USD, to: EUR, rate: 0.8, validFrom: 2026-06-01 }\n',
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^fx\.yaml:3:\d+ fx\[1\]\.validFrom: starts on 2026-06-01, but overlaps the rate at .*fx\.yaml:2/,
      ),
    ]);
  });
  it('a folder that is not there, or holds no YAML', async () => {
    const empty = await loadFiles({ 'readme.txt': 'x' });
    expect(empty.problems).toMatchObject([{ code: 'config/not-found', message: expect.stringContaining('no *.yaml') }]);
    expect(empty.config).toBeNull();
    const gone = await loadFiles(
      {},
      { prepare: async (directory) => (await import('node:fs/promises')).rmdir(directory) },
    );
    expect(gone.problems).toMatchObject([
      { code: 'config/not-found', message: expect.stringContaining('no such folder') },
    ]);
  });
});
