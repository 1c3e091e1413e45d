import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles } from '../../test/factories/config.ts';
import { nearMiss } from './problems.ts';

describe('what may have been meant', () => {
  it.each([
    ['ulr', ['auth', 'url', 'tls'], 'url'],
    ['form', ['from', 'to'], 'from'],
    ['AUTH', ['auth', 'url'], 'auth'],
    ['discuontRate', ['discountRate'], 'discountRate'],
    ['tsl', ['tls', 'url'], 'tls'],
  ])('%s: two letters that changed places, a typo, another case', (word, candidates, meant) => {
    expect(nearMiss(word, candidates)).toBe(meant);
  });

  it.each([
    ['xyz', ['url', 'tls']],
    ['lur', ['tls', 'to']],
    ['metrics', ['connectors', 'projects']],
  ])('%s: nothing is near', (word, candidates) => {
    expect(nearMiss(word, candidates)).toBeNull();
  });

  it('a connector with ulr is asked whether url was meant', async () => {
    const { lines } = await loadFiles({ 'outturn.yaml': goodYaml.replace('    url: http', '    ulr: http') });
    expect(lines.join('\n')).toMatch(/connectors\.shop\.ulr: unknown key "ulr".*\(did you mean "url"\?\)/);
  });
});
