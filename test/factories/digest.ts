import {
  buildDigestFacts,
  type DigestFacts,
  type DigestInput,
  type MetricOutput,
  type PeriodOutput,
  type Project,
  type RoiOutputs,
} from '#domain';
import { metricDefaults, outputDefaults, projectDefaults } from './value.ts';

/** A project with one metric, its snapshot and the digest inputs around them; every part can be overridden. */

export const NOW_MS = Date.parse('2026-09-14T06:00:00Z');

export const reportOrigin = { engineVersion: '1', inputsHash: 'ab'.repeat(32), knownAtMs: NOW_MS };

export function period(overrides: Partial<PeriodOutput> = {}): PeriodOutput {
  return {
    from: '2026-08-31',
    to: '2026-09-07',
    status: 'closed',
    notCountedBecause: null,
    actual: '71',
    counterfactual: '118',
    exposure: null,
    rate: '4.5',
    gross: '211.5',
    benefit: '152.28',
    received: 168,
    expected: 168,
    revision: 1,
    ...overrides,
  };
}

export function metricOutput(overrides: Partial<MetricOutput> = {}): MetricOutput {
  return {
    metricId: 'failed-checkouts',
    name: 'Failed checkouts',
    unit: 'failures',
    kind: 'flow',
    direction: 'down',
    benefitClass: 'cash-releasing',
    monetised: true,
    notMonetisedBecause: null,
    baseline: { value: '118', n: 5, sd: '4.2', kind: 'value', window: null, approvedBy: null, frozenOn: null },
    fit: null,
    hasStarted: true,
    startsOn: '2026-07-01',
    target: { value: '60', by: '2026-12-31', met: false },
    latest: { from: '2026-09-07', to: '2026-09-14', actual: '69' },
    benefitToDate: '184500.4',
    unadjustedBenefitToDate: '230000',
    coverage: { expected: 1848, received: 1848, ratio: '1' },
    newestSampleAtMs: Date.parse('2026-09-14T05:00:00Z'),
    stale: false,
    source: { connector: 'shop-metrics', stream: 'failed-checkouts' },
    periods: [
      period(),
      period({ from: '2026-09-07', to: '2026-09-14', actual: '69', benefit: '158.76' }),
      period({ from: '2026-09-14', to: '2026-09-21', status: 'open', actual: null, benefit: null, received: 5 }),
    ],
    ...overrides,
  };
}

export function roiOutputs(overrides: Partial<RoiOutputs> = {}): RoiOutputs {
  const metrics = overrides.metrics ?? [
    metricOutput(),
    metricOutput({
      metricId: 'service-hours',
      name: 'Service desk hours',
      unit: 'h',
      benefitToDate: '41200',
      target: { value: '300', by: '2026-08-31', met: false },
      latest: { from: '2026-08-01', to: '2026-09-01', actual: '341.5' },
      source: { connector: 'sap', stream: 'service-hours' },
    }),
    metricOutput({
      metricId: 'conversion',
      name: 'Conversion rate',
      unit: '%',
      kind: 'ratio',
      direction: 'up',
      monetised: false,
      notMonetisedBecause: 'no baseline',
      baseline: null,
      target: null,
      latest: { from: '2026-09-07', to: '2026-09-14', actual: '0.0312' },
      benefitToDate: null,
      unadjustedBenefitToDate: null,
    }),
  ];
  return {
    projectId: 'checkout-rewrite',
    asOf: '2026-09-14',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    basis: 'closed periods to 14 Sep 2026, discounted at 8% from 27 May 2026',
    benefitToDate: '225700.4',
    unadjustedBenefitToDate: '271200',
    costToDate: '158900',
    pvBenefits: '1420000',
    pvCosts: '1000000',
    npv: '1234567.89',
    roi: '0.4234',
    realisedRoi: '0.42039',
    bcr: '1.42',
    irr: { status: 'unique', value: '0.31', roots: ['0.31'] },
    payback: { years: '0.21', date: '2026-08-14', crossesBack: false },
    discountedPayback: { years: '0.22', date: '2026-08-18', crossesBack: false },
    coverage: { expected: 2000, received: 1990, ratio: '0.995' },
    cashFlows: Array.from({ length: 16 }, (_, week) => ({
      date: new Date(Date.parse('2026-06-01T00:00:00Z') + week * 7 * 86_400_000).toISOString().slice(0, 10),
      benefit: week < 4 ? '0' : String(18_000 + week * 60),
      cost: week === 0 ? '62000' : week < 8 ? '12000' : '1612.5',
    })),
    costs: {
      toDate: '158900',
      budget: '180000',
      commitments: '9400',
      actual: '158900',
      accrual: null,
      forecast: null,
      corrections: null,
      estimateAtCompletion: null,
      capex: null,
      opex: null,
      oneOff: null,
      run: null,
      problems: [],
      problemCount: 0,
      lineCount: 23,
      byPool: [
        { pool: 'External services', amount: '98400' },
        { pool: 'Licences', amount: '36000' },
        { pool: 'Infrastructure', amount: '24500' },
      ],
    },
    warnings: [],
    ...outputDefaults,
    ...overrides,
    metrics,
  };
}

export function project(overrides: Partial<Project> = {}): Project {
  const metric = {
    owner: 'shop-ops',
    benefitClass: 'cash-releasing',
    kind: 'flow',
    unit: 'failures',
    direction: 'down',
    source: { connector: 'shop-metrics', stream: 'failed-checkouts', labels: {} },
    denominator: null,
    exposure: null,
    cadence: 'week',
    freshnessLimitMs: 2 * 86_400_000,
    baseline: { kind: 'value', value: '118', n: null, sd: null, approvedBy: null, frozenOn: null },
    ...metricDefaults,
    target: { value: '60', by: '2026-12-31' },
    rates: [{ from: '2026-01-01', to: null, amount: '4.5', currency: 'EUR', per: 'failure', perPeriod: null }],
    attribution: '0.8',
    deadweight: '0',
    displacement: '0',
    confidence: '0.9',
    startsOn: '2026-07-01',
    endsOn: null,
  } as const;
  return {
    id: 'checkout-rewrite',
    name: 'Checkout rewrite',
    portfolio: 'shop',
    sponsor: 'Head of Commerce',
    currency: 'EUR',
    timeZone: 'Europe/Berlin',
    startsOn: '2026-05-27',
    horizonEndsOn: '2029-01-01',
    ...projectDefaults,
    timing: 'end',
    costSources: [],
    manualCosts: [],
    ...overrides,
    metrics: overrides.metrics ?? [
      { ...metric, rates: [...metric.rates], id: 'failed-checkouts', name: 'Failed checkouts' },
      { ...metric, rates: [...metric.rates], id: 'service-hours', name: 'Service desk hours' },
      { ...metric, rates: [...metric.rates], id: 'conversion', name: 'Conversion rate' },
    ],
  };
}

/** The week before: less benefit, less cost, one period that was corrected since. */
export function previousOutputs(): RoiOutputs {
  const now = roiOutputs();
  return roiOutputs({
    asOf: '2026-09-07',
    benefitToDate: '206300.2',
    costToDate: '157287.5',
    roi: '0.391',
    metrics: now.metrics.map((metric) =>
      metric.metricId === 'failed-checkouts'
        ? {
            ...metric,
            benefitToDate: '166100.2',
            periods: [period({ benefit: '180', actual: '64' })],
          }
        : metric.metricId === 'service-hours'
          ? { ...metric, benefitToDate: '40200', periods: [period()] }
          : metric,
    ),
  });
}

export function digestInput(overrides: Partial<DigestInput> = {}): DigestInput {
  return {
    project: project(),
    snapshot: { id: '0197c2a4-snapshot', outputs: roiOutputs() },
    previous: { date: '2026-09-07', outputs: previousOutputs() },
    reader: { locale: 'en-GB', timeZone: 'Europe/Berlin' },
    nowMs: NOW_MS,
    links: [
      {
        label: 'Figures and evidence',
        url: 'https://outturn.example.com/projects/checkout-rewrite/snapshots/0197c2a4',
      },
    ],
    why: 'You get this because the subscription "checkout-weekly" sends Checkout rewrite to you every Monday.',
    unsubscribeUrl: null,
    ...overrides,
  };
}

export function digestFacts(overrides: Partial<DigestInput> = {}): DigestFacts {
  return buildDigestFacts(digestInput(overrides));
}

/** As JSON of the database: without the keys that release 0.x did not know of, at whatever depth. */
const firstRelease = <T>(value: T, unknown: readonly string[]): T =>
  JSON.parse(JSON.stringify(value, (key, part: unknown) => (unknown.includes(key) ? undefined : part)));

/** Outputs as release 0.x stored them: none of what the complete value model added. */
export const outputsOfFirstRelease = (overrides: Partial<RoiOutputs> = {}): RoiOutputs => {
  const { costs, ...outputs } = roiOutputs(overrides);
  const { toDate, budget, commitments, lineCount, byPool } = costs;
  const stored = firstRelease(outputs, [
    ...Object.keys(outputDefaults),
    ...['fit', 'hasStarted', 'startsOn', 'notCountedBecause', 'window', 'approvedBy', 'frozenOn'],
  ]);
  return { ...stored, costs: firstRelease({ ...costs, toDate, budget, commitments, lineCount, byPool }, newerCosts) };
};
const newerCosts = [
  ...['actual', 'accrual', 'forecast', 'corrections', 'estimateAtCompletion', 'capex', 'opex', 'oneOff', 'run'],
  ...['problems', 'problemCount'],
];

/** Facts as a release of that time stored them beside a delivery. */
export const factsOfFirstRelease = (): DigestFacts =>
  firstRelease(digestFacts(), ['outlook', 'mirr', 'doubt', 'accrual', 'atCompletion', 'planned', 'begins']);

const parts = { total: '-8299.6', share: '-0.0355', volume: '-2000', rate: '0', timing: '-6299.6', fx: '0' };
/** What a project with a plan and a simulation has besides. */
export const withPlan = (overrides: Partial<RoiOutputs> = {}): RoiOutputs =>
  roiOutputs({
    plan: {
      version: 'v2',
      frozenOn: '2026-05-20',
      approvedBy: 'Investment board',
      benefitToDate: '234000',
      costToDate: '150000',
      benefitTotal: '2100000',
      costTotal: '200000',
      npv: '1500000',
      roi: '7.5',
      metrics: [],
      cashFlows: [],
    },
    forecast: {
      factors: [{ metricId: 'failed-checkouts', factor: '0.97', ratio: '0.96', periods: 6 }],
      metrics: [{ metricId: 'failed-checkouts', actual: '184500.4', remainingPlan: '1800000', expected: '1746000' }],
      benefitAtCompletion: '2030000',
      costAtCompletion: '231000',
      costBasis: 'plan',
      costToCome: '72100',
      npvAtCompletion: '1412345',
      roiAtCompletion: '6.9',
      irr: { status: 'unique', value: '0.8', roots: ['0.8'] },
      payback: { years: '0.5', date: '2026-11-30', crossesBack: false },
      cashFlows: [],
    },
    variance: {
      benefit: parts,
      cost: { ...parts, total: '8900', volume: '8000', timing: '0', fx: '900' },
      metrics: [],
    },
    constantCurrency: { benefitToDate: '225700.4', costToDate: '158000', npv: '1235467.89' },
    doubt: {
      seed: 42,
      draws: 1000,
      npv: { p10: '1100000', p50: '1234567', p90: '1370000' },
      roi: { p10: '0.31', p50: '0.42', p90: '0.53' },
      probabilityNpvPositive: '0.987',
      atCompletion: {
        npv: { p10: '1300000', p50: '1412345', p90: '1520000' },
        roi: null,
        probabilityNpvPositive: '1',
      },
      assumptions: [
        {
          driver: 'failed-checkouts.confidence',
          name: 'Failed checkouts: confidence',
          varied: true,
          distribution: 'triangular from 0.8 to 1',
        },
      ],
    },
    sensitivity: {
      tornado: [
        {
          ...{ driver: 'cost', name: 'Cost to date', low: '900000', base: '1000000', high: '1100000', range: '± 10 %' },
          ...{ npvAtLow: '1334567.89', npvAtHigh: '1134567.89', swing: '200000' },
        },
      ],
      switching: [{ driver: 'cost', name: 'Cost to date', base: '1000000', value: '2234567.89' }],
    },
    fiscalYears: [
      { name: 'FY2026', from: '2026-01-01', to: '2027-01-01', benefit: '225700.4', cost: '158900', net: '66800.4' },
    ],
    deliverables: [
      {
        ...{
          id: 'new-checkout',
          name: 'New checkout',
          plannedOn: '2026-08-20',
          forecastOn: '2026-10-01',
          actualOn: null,
        },
        ...{ state: 'late', daysLate: 42 },
      },
    ],
    ...overrides,
  });
