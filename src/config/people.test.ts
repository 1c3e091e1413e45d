import { describe, expect, it } from 'vitest';
import { goodYaml, loadFiles, spoil } from '../../test/factories/config.ts';

const SPONSOR = 'sponsor: { name: Sponsor, email: sponsor@example.com }';
const WEEKLY = 'schedule: "0 8 * * 1" }';
const withSponsor = (more: string) =>
  loadFiles(spoil(SPONSOR, `sponsor: { name: Sponsor, email: sponsor@example.com, ${more} }`));
const withWeekly = (more: string) => loadFiles(spoil(WEEKLY, `schedule: "0 8 * * 1", ${more} }`));
const lineOf = (text: string) => goodYaml.split('\n').findIndex((line) => line.includes(text)) + 1;

describe('stakeholders', () => {
  it('need no more than a name; then they may be told of everything, in the currency of the project', async () => {
    const { config, lines } = await loadFiles({ 'outturn.yaml': goodYaml });
    expect(lines).toEqual([]);
    expect(config?.stakeholders[0]).toMatchObject({ role: null, currency: null, scopes: null, slackId: null });
  });

  it('have a role, a currency and scopes', async () => {
    const { config, lines } = await withSponsor('role: finance, currency: USD, scopes: { projects: [checkout] }');
    expect(lines).toEqual([]);
    expect(config?.stakeholders[0]).toMatchObject({
      role: 'finance',
      currency: 'USD',
      scopes: { projects: ['checkout'], portfolios: [] },
    });
    const other = await withSponsor('role: { other: Works council }');
    expect(other.config?.stakeholders[0]?.role).toEqual({ other: 'Works council' });
  });

  it.each([
    ['role: spnsor', 'role', 'sponsor, owner, finance, pmo, operations'],
    ['currency: EURO', 'currency', 'ISO 4217'],
    ['scopes: {}', 'scopes', 'names nothing'],
    ['scopes: { projects: [checkout, checkout] }', 'scopes.projects[1]', 'stands here twice'],
    [
      'scopes: { projects: [chekout] }',
      'scopes.projects[0]',
      'there is no project "chekout"; known: checkout (did you mean "checkout"?)',
    ],
    ['scopes: { portfolios: [shop] }', 'scopes.portfolios[0]', 'there is no portfolio "shop"; none is defined'],
  ])('with %s are refused at their line', async (more, path, message) => {
    const { config, lines } = await withSponsor(more);
    expect(config).toBeNull();
    expect(lines.join('\n')).toContain(`outturn.yaml:${lineOf(SPONSOR)}:`);
    expect(lines.join('\n')).toContain(`stakeholders.sponsor.${path}: `);
    expect(lines.join('\n')).toContain(message);
  });
});

describe('scopes', () => {
  const other = `${goodYaml.replace(SPONSOR, 'sponsor: { name: Sponsor, email: sponsor@example.com, scopes: SCOPES }')}`;
  const twoProjects = (scopes: string, checkout = '') =>
    loadFiles({
      'outturn.yaml': other
        .replace('SCOPES', scopes)
        .replace('    name: Checkout\n', `    name: Checkout\n${checkout}`),
      'more.yaml': [
        'portfolios: { shop: { currency: EUR }, plant: { currency: EUR } }',
        'projects:',
        '  mine: { managed: api }',
        '  scanner: { name: Scanner, portfolio: plant, currency: EUR, startsOn: 2026-06-01, discountRate: 8 %, metrics: {} }',
      ].join('\n'),
    });

  it('keep a project from somebody outside of them, at the line of the subscription', async () => {
    const { config, lines } = await twoProjects(
      '{ projects: [scanner], portfolios: [plant] }',
      '    portfolio: shop\n',
    );
    expect(config).toBeNull();
    expect(lines).toEqual([
      expect.stringMatching(
        /^outturn\.yaml:\d+:\d+ subscriptions\.weekly\.to\[0\]\.stakeholder: the stakeholder "sponsor" may not be told of the project "checkout"; its scopes are the project "scanner" or the portfolio "plant"$/,
      ),
    ]);
  });

  it('of a portfolio hold its projects', async () => {
    expect((await twoProjects('{ portfolios: [shop] }', '    portfolio: shop\n')).lines).toEqual([]);
  });

  it('leave a project of the API, whose portfolio is not written here, to the moment of sending', async () => {
    const load = (scopes: string) =>
      loadFiles({
        'outturn.yaml': other
          .replace('SCOPES', scopes)
          .replace('weekly: { project: checkout', 'weekly: { project: mine'),
        'more.yaml': 'portfolios: { shop: { currency: EUR } }\nprojects: { mine: { managed: api } }',
      });
    expect((await load('{ portfolios: [shop] }')).lines).toEqual([]);
    expect((await load('{ projects: [checkout] }')).lines.join()).toContain('may not be told of the project "mine"');
  });
});

describe('a subscription to a portfolio', () => {
  const about = (scope: string, { scopes = '', checkout = '', more = '' } = {}) =>
    loadFiles({
      'outturn.yaml': goodYaml
        .replace(SPONSOR, `sponsor: { name: Sponsor, email: sponsor@example.com${scopes} }`)
        .replace('    name: Checkout\n', `    name: Checkout\n${checkout}`)
        .replace('weekly: { project: checkout,', `weekly: { ${scope}`),
      'more.yaml': more,
    });
  const defined = 'portfolios: { shop: { currency: EUR }, plant: { currency: EUR } }';

  it('names one that is defined, or that a project names', async () => {
    const { config, lines } = await about('portfolio: shop,', { more: defined });
    expect(lines).toEqual([]);
    expect(config?.subscriptions[0]).toMatchObject({ project: null, portfolio: 'shop', timeZone: 'Europe/Berlin' });
    expect((await about('portfolio: it,', { checkout: '    portfolio: it\n' })).lines).toEqual([]);
  });

  it('that is nearly one is refused at its line', async () => {
    const { config, lines } = await about('portfolio: shp,', { more: defined });
    expect(config).toBeNull();
    expect(lines).toEqual([
      expect.stringMatching(
        /^outturn\.yaml:\d+:\d+ subscriptions\.weekly\.portfolio: there is no portfolio "shp"; known: shop or plant \(did you mean "shop"\?\)$/,
      ),
    ]);
  });

  it('whose projects have several currencies must be defined', async () => {
    const dollars =
      'projects: { us: { name: US, portfolio: it, currency: USD, startsOn: 2026-06-01, discountRate: 8 %, metrics: {} } }';
    const { lines } = await about('portfolio: it,', { checkout: '    portfolio: it\n', more: dollars });
    expect(lines).toEqual([
      expect.stringMatching(
        /^outturn\.yaml:\d+:\d+ subscriptions\.weekly\.portfolio: its projects have several currencies \(EUR, USD\)/,
      ),
    ]);
  });

  it('is needed where no project is named', async () => {
    const { lines } = await about('');
    expect(lines.join()).toContain('subscriptions.weekly.project: is missing: write the project or the portfolio');
  });

  it('is for nobody whose scopes are its projects alone', async () => {
    const of = (scopes: string) =>
      about('portfolio: shop,', { more: defined, checkout: '    portfolio: shop\n', scopes: `, scopes: ${scopes}` });
    expect((await of('{ portfolios: [shop] }')).lines).toEqual([]);
    expect((await of('{ projects: [checkout] }')).lines.join()).toContain(
      'the stakeholder "sponsor" may not be told of the portfolio "shop"; its scopes are the project "checkout"',
    );
  });
});

describe('owners and sponsors', () => {
  it('may be names; one that is nearly the id of a stakeholder is doubted, not refused', async () => {
    const { config, lines } = await loadFiles(
      spoil('    name: Checkout\n', '    name: Checkout\n    sponsor: sponser\n'),
    );
    expect(config?.projects[0]?.sponsor).toBe('sponser');
    expect(lines).toEqual([
      expect.stringContaining(
        'warning projects.checkout.sponsor: there is no stakeholder "sponser": it is taken as a name (did you mean "sponsor"?)',
      ),
    ]);
    for (const name of ['sponsor', 'Head of Commerce', 'shop-ops'])
      expect(
        (await loadFiles(spoil('    name: Checkout\n', `    name: Checkout\n    sponsor: ${name}\n`))).lines,
      ).toEqual([]);
  });
});

describe('subscriptions', () => {
  it('have thresholds of the figures that are named, and a heartbeat', async () => {
    const { config, lines } = await withWeekly(
      'when: threshold, thresholds: { roiPoints: 2, npv: "10000.50" }, heartbeat: 4',
    );
    expect(lines).toEqual([]);
    expect(config?.subscriptions[0]).toMatchObject({
      when: 'threshold',
      thresholds: { roiPoints: '2', npv: '10000.5' },
      heartbeat: 4,
      targets: [{ stakeholder: 'sponsor', address: 'sponsor@example.com' }],
    });
    expect(Object.keys(config?.subscriptions[0]?.thresholds ?? {})).toEqual(['roiPoints', 'npv']);
  });

  it('that say nothing of it send every digest', async () => {
    const { config } = await loadFiles({ 'outturn.yaml': goodYaml });
    expect(config?.subscriptions[0]).toMatchObject({ when: 'always', thresholds: null, heartbeat: null });
  });

  it.each([
    ['when: threshold', 'when', 'needs thresholds'],
    ['when: changed, thresholds: { npv: 1 }', 'thresholds', 'apply only with when: threshold, but when is changed'],
    ['when: threshold, thresholds: {}', 'thresholds', 'names no figure'],
    ['when: threshold, thresholds: { npv: 0 }', 'thresholds.npv', 'above 0'],
    ['when: threshold, thresholds: { nvp: 1 }', 'thresholds', 'nvp'],
    ['heartbeat: 4', 'heartbeat', 'no meaning with when: always'],
    ['when: changed, heartbeat: 0', 'heartbeat', ''],
    ['portfolio: shop', 'portfolio', 'write one of the two'],
  ])('with %s are refused at their line', async (more, path, message) => {
    const { config, lines } = await withWeekly(more);
    expect(config).toBeNull();
    expect(lines.join('\n')).toContain(`outturn.yaml:${lineOf(WEEKLY)}:`);
    expect(lines.join('\n')).toContain(`subscriptions.weekly.${path}`);
    expect(lines.join('\n')).toContain(message);
  });
});
