import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { metricOutput, NOW_MS, project, roiOutputs } from '../../../test/factories/digest.ts';
import {
  earlierOutputs,
  members,
  portfolioDigestFacts,
  portfolioOutputs,
  portfolioProject,
  search,
  unknownCost,
} from '../../../test/factories/portfolio-digest.ts';
import { digestSubject } from './build.ts';
import { digestFingerprint } from './fingerprint.ts';
import { projectsMoved } from './portfolio-digest.ts';

const DAY_MS = 86_400_000;

describe('the digest of a portfolio', () => {
  it('has the roll-up as headline, with its basis, and its projects', () => {
    const facts = portfolioDigestFacts();
    expect(facts.headline).toMatchObject({
      ...{ roi: '0.432', roiChange: '0.032', npv: '64000', benefitToDate: '220000', costToDate: '150000', bcr: '1.43' },
      basis: expect.stringMatching(/^2 of 3 projects, .* claims settled$/),
    });
    expect(facts.projects?.map(({ name, npv, claimReduction }) => [name, npv, claimReduction])).toEqual([
      ['Checkout rewrite', '85000', '45700.4'],
      ['Search relevance', '-21000', '0'],
      ['Scanner', null, null],
    ]);
    expect(digestSubject(facts)).toBe('[Shop] ROI 43% (+3 pts) · NPV €64k · 2 alerts · w/e 14 Sep');
  });

  it('names who is left out and why, and what is claimed by several', () => {
    expect(portfolioDigestFacts().alerts).toEqual([
      'Scanner is left out of every figure here: its cost to date is not known',
      expect.stringMatching(
        /^checkout-orders is claimed 130% \(Checkout rewrite 70%, Search relevance 60%\), 1.*31 Jul 2026; each share is scaled/,
      ),
    ]);
  });

  it('tells a claim once, however often its shares changed', () => {
    const [conflict] = portfolioOutputs().conflicts;
    if (conflict === undefined) throw new Error('no conflict');
    const later = { ...conflict, from: '2026-08-10', to: '2026-09-01', attributionTotal: '1.1' };
    const { alerts } = portfolioDigestFacts({ outputs: portfolioOutputs({ conflicts: [later, conflict] }) });
    expect(alerts.filter((alert) => alert.includes('claimed'))).toEqual([
      expect.stringMatching(/claimed up to 130% .*, 1 Jul.*31 Aug 2026; /),
    ]);
  });

  it('names the projects that lack samples', () => {
    const thin = portfolioOutputs({
      coverage: { expected: 100, received: 80, ratio: '0.8' },
      projects: [portfolioProject(), search({ coverage: '0.6' })],
    });
    expect(portfolioDigestFacts({ outputs: thin }).alerts).toContain(
      'Only 80% of the expected samples arrived (Search relevance 60%)',
    );
  });

  it('is another one for its reader when a project left it out or in', () => {
    const without = portfolioOutputs({ projects: [portfolioProject(), search()] });
    expect(digestFingerprint(portfolioDigestFacts())).not.toBe(
      digestFingerprint(portfolioDigestFacts({ outputs: without })),
    );
  });
});

describe('the headline of a portfolio is withheld', () => {
  it('when no project belongs to it', () => {
    const facts = portfolioDigestFacts({ outputs: portfolioOutputs({ projects: [], counted: 0, of: 0 }), members: [] });
    expect([facts.headline, facts.chart]).toEqual([null, []]);
    expect(facts.headlineAbsentBecause).toBe('No project belongs to this portfolio, so no figure can be stated.');
  });

  it('when none is counted, with the reason of each', () => {
    const facts = portfolioDigestFacts({ outputs: portfolioOutputs({ projects: [unknownCost()], counted: 0 }) });
    expect(facts.headline).toBeNull();
    expect(facts.headlineAbsentBecause).toContain('Scanner: its cost to date is not known');
  });

  it('when the money of a counted project rests on stale data, naming project and metric', () => {
    const facts = portfolioDigestFacts({ nowMs: NOW_MS + 30 * DAY_MS });
    expect(facts.headline).toBeNull();
    expect(facts.headlineAbsentBecause).toMatch(
      /^Fresh data are missing for Checkout rewrite: Failed checkouts \(newest/,
    );
    expect([facts.moved, facts.netChange, facts.chart]).toEqual([[], null, []]);
    expect(facts.projects?.map(({ stale }) => stale)).toEqual([true, true, false]);
  });

  it('but not for a stale project that is not counted, nor for a metric that is only tracked: they are named', () => {
    const stale = metricOutput({ stale: true });
    const scanner = { project: project({ id: 'scanner', name: 'Scanner' }), outputs: roiOutputs({ metrics: [stale] }) };
    const notCounted = portfolioDigestFacts({ members: [...members(), { ...scanner, before: null }] });
    expect(notCounted.headline).not.toBeNull();
    expect(notCounted.staleSources.map(({ metric }) => metric)).toEqual(['Scanner: Failed checkouts']);
    const [first] = members();
    if (first === undefined) throw new Error('no member');
    const tracked = metricOutput({
      metricId: 'conversion',
      name: 'Conversion',
      stale: true,
      monetised: false,
      notMonetisedBecause: 'tracked',
    });
    const outputs = roiOutputs({ metrics: [metricOutput(), tracked] });
    const facts = portfolioDigestFacts({ members: [{ ...first, outputs }] });
    expect(facts.headline).not.toBeNull();
    expect(facts.alerts[0]).toMatch(/^Checkout rewrite: Conversion is stale/);
  });
});

describe('what moved a portfolio', () => {
  it('is told by project, with who came, left, or is counted no longer', () => {
    const now = portfolioOutputs({
      ...{ benefitToDate: '190000', costToDate: '90000' },
      projects: [
        portfolioProject(),
        portfolioProject({ ...search(), excludedBecause: 'unknown', benefitToDate: null, costToDate: null }),
        portfolioProject({ projectId: 'new', name: 'Newcomer', benefitToDate: '10000', costToDate: '0' }),
      ],
    });
    const before = earlierOutputs();
    before.projects.push(portfolioProject({ projectId: 'gone', name: 'Gone', benefitToDate: '0', costToDate: '1' }));
    const { moved } = projectsMoved(now, before);
    expect(moved).toEqual([
      { cause: 'Checkout rewrite', amount: '15000' },
      { cause: 'Search relevance: no longer counted', amount: '15000' },
      { cause: 'Newcomer: new in the portfolio', amount: '10000' },
      { cause: 'Gone: left the portfolio', amount: '1' },
    ]);
  });

  it('sums exactly for any projects', () => {
    const amount = fc.integer({ min: -1e9, max: 1e9 }).map((cents) => new Decimal(cents).div(100).toFixed());
    const projects = fc.array(fc.tuple(amount, amount, fc.boolean()), { minLength: 1, maxLength: 14 });
    const total = (amounts: readonly string[]) =>
      amounts.reduce((sum, each) => sum.plus(each), new Decimal(0)).toFixed();
    const outputsOf = (list: readonly [string, string, boolean][]) =>
      portfolioOutputs({
        benefitToDate: total(list.map(([benefit]) => benefit)),
        costToDate: total(list.map(([, cost]) => cost)),
        projects: list.map(([benefitToDate, costToDate, isKept], index) =>
          portfolioProject({ projectId: `${isKept ? 'p' : `${list.length}-`}${index}`, benefitToDate, costToDate }),
        ),
      });
    fc.assert(
      fc.property(projects, projects, (now, before) => {
        const [after, earlier] = [outputsOf(now), outputsOf(before)];
        const moves = projectsMoved(after, earlier);
        const sum = moves.moved.reduce((left, move) => left.plus(move.amount), new Decimal(moves.otherMoves ?? 0));
        const net = (of: typeof after) => new Decimal(of.benefitToDate ?? 0).minus(of.costToDate ?? 0);
        expect(moves.moved.length).toBeLessThanOrEqual(8);
        expect(sum.toFixed()).toBe(net(after).minus(net(earlier)).toFixed());
        if (moves.moved.length < 8) expect(new Decimal(moves.otherMoves ?? 1).isZero()).toBe(true);
      }),
      { seed: 20260914 },
    );
  });

  it('is not told against another currency, nor against nothing counted', () => {
    expect(projectsMoved(portfolioOutputs(), { ...earlierOutputs(), currency: 'USD' }).netChange).toBeNull();
    expect(projectsMoved(portfolioOutputs(), { ...earlierOutputs(), counted: 0 }).netChange).toBeNull();
    expect(portfolioDigestFacts({ previous: null })).toMatchObject({ moved: [], comparedWith: null });
  });

  it('compares nothing with a digest of the same day since which nothing changed', () => {
    const again = portfolioDigestFacts({ previous: { date: '2026-09-14', outputs: portfolioOutputs() }, members: [] });
    expect(again).toMatchObject({ comparedWith: null, netChange: null });
    const changed = portfolioDigestFacts({ previous: { date: '2026-09-14', outputs: earlierOutputs() } });
    expect(changed.comparedWith).toBe('2026-09-14');
  });
});

describe('restatements of a portfolio', () => {
  it('are those of its projects, named, each in the currency of its project', () => {
    const [restated] = portfolioDigestFacts().restatements;
    expect(restated?.metric).toMatch(/^Checkout rewrite: /);
    expect(restated).not.toHaveProperty('currency');
    const abroad = members().map((member) => ({
      ...member,
      outputs: { ...member.outputs, currency: 'USD' },
      before: member.before === null ? null : { ...member.before, currency: 'USD' },
    }));
    expect(portfolioDigestFacts({ members: abroad }).restatements[0]?.currency).toBe('USD');
  });
});
