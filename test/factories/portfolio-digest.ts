import {
  buildPortfolioDigestFacts,
  type DigestFacts,
  type PortfolioDigestInput,
  type PortfolioMember,
  type PortfolioOutputs,
  type PortfolioProject,
} from '#domain';
import { metricOutput, NOW_MS, previousOutputs, project, roiOutputs } from './digest.ts';

/** A portfolio of three: two that claim the same, and one that is not counted. */

export function portfolioProject(overrides: Partial<PortfolioProject> = {}): PortfolioProject {
  return {
    projectId: 'checkout-rewrite',
    name: 'Checkout rewrite',
    currency: 'EUR',
    inputsHash: 'ab'.repeat(32),
    excludedBecause: null,
    benefitToDate: '180000',
    costToDate: '90000',
    npv: '85000',
    roi: '0.95',
    claimReduction: '45700.4',
    coverage: '1',
    own: { benefitToDate: '225700.4', costToDate: '90000', npv: '1234567.89', roi: '0.42' },
    ...overrides,
  };
}
export const search = (overrides: Partial<PortfolioProject> = {}): PortfolioProject =>
  portfolioProject({
    ...{ projectId: 'search', name: 'Search relevance', benefitToDate: '40000', costToDate: '60000', npv: '-21000' },
    ...{ roi: '-0.35', claimReduction: '0' },
    ...overrides,
  });
export const unknownCost = (): PortfolioProject =>
  portfolioProject({
    ...{ projectId: 'scanner', name: 'Scanner', excludedBecause: 'its cost to date is not known', benefitToDate: null },
    ...{ costToDate: null, npv: null, roi: null, claimReduction: null },
  });

export function portfolioOutputs(overrides: Partial<PortfolioOutputs> = {}): PortfolioOutputs {
  return {
    portfolioId: 'shop',
    name: 'Shop',
    asOf: '2026-09-14',
    currency: 'EUR',
    baseDate: '2026-07-01',
    basis: '2 of 3 projects, closed periods, discounted at each project’s own rates to 2026-07-01, claims settled',
    counted: 2,
    of: 3,
    benefitToDate: '220000',
    benefitBeforeClaims: '265700.4',
    costToDate: '150000',
    pvBenefits: '212000',
    pvCosts: '148000',
    npv: '64000',
    roi: '0.432',
    realisedRoi: '0.467',
    bcr: '1.43',
    irr: roiOutputs().irr,
    payback: roiOutputs().payback,
    coverage: { expected: 100, received: 99, ratio: '0.99' },
    cashFlows: roiOutputs().cashFlows,
    projects: [portfolioProject(), search(), unknownCost()],
    conflicts: [
      {
        ...{ claimKey: 'checkout-orders', from: '2026-07-01', to: '2026-08-01', attributionTotal: '1.3' },
        claimants: [
          { projectId: 'checkout-rewrite', metricId: 'failed-checkouts', attribution: '0.7' },
          { projectId: 'search', metricId: 'orders', attribution: '0.6' },
        ],
      },
    ],
    warnings: [],
    ...overrides,
  };
}

/** As it was told a week before. */
export const earlierOutputs = (): PortfolioOutputs =>
  portfolioOutputs({
    ...{ asOf: '2026-09-07', roi: '0.4', benefitToDate: '200000', costToDate: '140000' },
    projects: [portfolioProject({ benefitToDate: '165000' }), search({ benefitToDate: '35000', costToDate: '50000' })],
  });

export const members = (): PortfolioMember[] => [
  { project: project(), outputs: roiOutputs(), before: previousOutputs() },
  {
    project: project({ id: 'search', name: 'Search relevance' }),
    outputs: roiOutputs({ metrics: [metricOutput({ name: 'Orders' })] }),
    before: null,
  },
];

export const portfolioDigestFacts = (overrides: Partial<PortfolioDigestInput> = {}): DigestFacts =>
  buildPortfolioDigestFacts({
    outputs: portfolioOutputs(),
    members: members(),
    previous: { date: '2026-09-07', outputs: earlierOutputs() },
    reader: { locale: 'en-GB', timeZone: 'Europe/Berlin' },
    nowMs: NOW_MS,
    why: 'You get this because you are a recipient of the subscription “shop-monthly” for the portfolio Shop.',
    ...overrides,
  });
