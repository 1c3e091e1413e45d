import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles, spoil } from '../../test/factories/config.ts';

describe('a project that the API defines', () => {
  const stub = (more = ''): Record<string, string> => ({
    'outturn.yaml': goodYaml,
    'remote.yaml': `projects:\n  remote: { managed: api${more} }\nsubscriptions:\n  remote: { project: remote, to: [{ stakeholder: sponsor, channel: email }] }\n`,
  });
  it('may be named in subscriptions; its definition is none of the configuration', async () => {
    const { config, lines } = await loadFiles(stub());
    expect(lines).toEqual([]);
    expect(config?.projectStubs).toEqual(['remote']);
    expect(config?.projects.map(({ id }) => id)).toEqual(['checkout']);
    expect(config?.subscriptions.map(({ project, timeZone }) => [project, timeZone])).toEqual([
      ['checkout', 'Europe/Berlin'],
      ['remote', 'Europe/Berlin'],
    ]);
  });
  it('has nothing else in YAML', async () => {
    const { lines, config } = await loadFiles(stub(', name: Remote'));
    expect(lines).toEqual([
      'remote.yaml:2:27 projects.remote.name: the project is defined by the API: leave this out, or leave out managed: api',
    ]);
    expect(config).toBeNull();
  });
  it('is not meant by managed: config, and another word is refused', async () => {
    const managed = (word: string) =>
      loadFiles(spoil('    name: Checkout\n', `    name: Checkout\n    managed: ${word}\n`));
    expect((await managed('config')).config?.projects[0]).toMatchObject({ id: 'checkout', managed: 'config' });
    expect((await managed('apo')).lines).toEqual([
      expect.stringMatching(
        /projects\.checkout\.managed: expected one of config or api, found "apo" \(did you mean "api"\?\)/,
      ),
    ]);
  });
});

describe('portfolios', () => {
  const inPortfolio = (portfolio: string, section: string) =>
    loadFiles({
      ...spoil('    name: Checkout\n', `    name: Checkout\n    portfolio: ${portfolio}\n`),
      'portfolios.yaml': section,
    });
  it('are defined once, and a project names one of them', async () => {
    const { config, lines } = await inPortfolio(
      'shop',
      'portfolios:\n  shop: { name: Shop, currency: USD, discountRate: 7 % }\n  it: { currency: EUR }\n',
    );
    expect(lines).toEqual([]);
    expect(config?.portfolios).toEqual([
      { id: 'shop', name: 'Shop', currency: 'USD', discount: [{ fromYear: 0, rate: '0.07' }] },
      { id: 'it', name: 'it', currency: 'EUR', discount: null },
    ]);
  });
  it('one that is not there is an error, unless none is defined at all', async () => {
    const { lines } = await inPortfolio('shap', 'portfolios: { shop: { currency: EUR } }\n');
    expect(lines).toEqual([
      'outturn.yaml:18:16 projects.checkout.portfolio: there is no portfolio "shap"; known: shop (did you mean "shop"?)',
    ]);
    expect((await inPortfolio('shap', '')).config?.projects[0]?.portfolio).toBe('shap');
  });
  it('have the rules of discounting', async () => {
    const { lines } = await inPortfolio(
      'shop',
      'portfolios:\n  shop:\n    currency: EUR\n    discountRate: 8 %\n    discount: [{ fromYear: 2, rate: 8 % }]\n',
    );
    expect(lines).toEqual([
      'portfolios.yaml:5:5 portfolios.shop.discount: discountRate says it already: write one of the two; see line 4',
      expect.stringMatching(
        /^portfolios\.yaml:5:28 portfolios\.shop\.discount\[0\]\.fromYear: the first step must be from year 0/,
      ),
    ]);
  });
});

describe('problems of projects', () => {
  it('name what came from outside by its place alone', async () => {
    const { lines } = await loadFiles(spoil('shop, stream: failures', 'shop, stream: "${env:STREAM}"'), {
      env: { STREAM: 'quite-a-secret' },
    });
    expect(lines).toEqual([
      expect.stringMatching(/source\.stream: the connector "shop" has no stream; known: failures$/),
    ]);
  });
  it('say nothing of what rests on a reference that failed', async () => {
    const { lines } = await loadFiles(spoil('startsOn: 2026-06-01', 'startsOn: "${env:START}"'));
    expect(lines).toEqual([expect.stringMatching(/startsOn: the environment variable START is not set/)]);
  });
  it('are bounded: a plan of too many points, too many deliverables', async () => {
    const points = Array.from({ length: 1_001 }, () => '{ from: 2026-07-01, value: 1 }').join(', ');
    const many = Array.from({ length: 501 }, (_, index) => `      d${index}: { planned: 2026-07-01 }`).join('\n');
    const { lines } = await loadFiles(
      spoil(
        '    metrics:\n',
        `    plans: { v1: { frozenOn: 2026-05-01, benefits: { failures: { curve: [${points}] } } } }\n    deliverables:\n${many}\n    metrics:\n`,
      ),
    );
    expect(lines).toEqual([
      expect.stringMatching(/curve: expected at most 1000 entries/),
      expect.stringMatching(/deliverables: expected at most 500 entries/),
    ]);
  });
  it('a date in the year 226 is a slip, and does not cost a day of computing', async () => {
    const { lines } = await loadFiles(spoil('startsOn: 2026-06-01', 'startsOn: 0226-06-01'));
    expect(lines).toEqual([expect.stringMatching(/startsOn: expected a date from 1970 to 2199, found "0226-06-01"/)]);
  });
});

it('the example of the documentation is valid', async () => {
  const page = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  const example = /```yaml\n(projects:[\s\S]*?)```/.exec(page)?.[1] ?? '';
  const { config, lines } = await loadFiles({
    'sources.yaml': goodYaml.slice(0, goodYaml.indexOf('projects:')),
    'example.yaml': example,
  });
  expect(lines).toEqual([]);
  expect(config?.projects[0]).toMatchObject({
    metrics: [{ startsOn: '2026-10-15', hasStarted: false, counterfactual: { kind: 'trend', fit: 'window' } }],
    plans: [{ benefits: [{ startsOn: '2026-09-29', rate: { amount: '4.5' } }] }],
  });
});
