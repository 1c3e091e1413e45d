import type { BaselineOutput, CostOutput, MetricOutput, PeriodOutput, RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts, DigestHeadline, DigestMetric } from './facts.ts';

/** Stored by an earlier release: what that did not know of is not there. */
type Older<Whole, Newer extends keyof Whole> = Omit<Whole, Newer> & Partial<Pick<Whole, Newer>>;

/** Outputs as any release stored them; what they lack is unknown: null, or empty. Current ones come back equal. */
export function completeOutputs(stored: RoiOutputs): RoiOutputs {
  const older: Older<RoiOutputs, keyof typeof outputsUnknown> = stored;
  const costs: Older<CostOutput, keyof typeof costsUnknown> = stored.costs;
  return {
    ...outputsUnknown,
    ...older,
    metrics: stored.metrics.map(completeMetric),
    costs: { ...costsUnknown, ...costs },
  };
}

const outputsUnknown = {
  convention: 'dated',
  mirr: null,
  npvCurve: [],
  fiscalYears: [],
  plan: null,
  forecast: null,
  variance: null,
  constantCurrency: null,
  deliverables: [],
  doubt: null,
  sensitivity: null,
} satisfies Partial<RoiOutputs>;

const costsUnknown = {
  actual: null,
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
} satisfies Partial<CostOutput>;

const baselineUnknown = { kind: 'value', window: null, approvedBy: null, frozenOn: null } as const;

function completeMetric(stored: MetricOutput): MetricOutput {
  const older: Older<MetricOutput, 'fit' | 'hasStarted' | 'startsOn'> = stored;
  const baseline: Older<BaselineOutput, keyof typeof baselineUnknown> | null = stored.baseline;
  return {
    fit: null,
    // Earlier releases knew of no deliverable that a benefit could wait for.
    hasStarted: true,
    startsOn: stored.periods.find(({ status }) => status !== 'drift')?.from ?? '',
    ...older,
    baseline: baseline === null ? null : { ...baselineUnknown, ...baseline },
    periods: stored.periods.map(completePeriod),
  };
}

function completePeriod(stored: PeriodOutput): PeriodOutput {
  const older: Older<PeriodOutput, 'notCountedBecause'> = stored;
  return older.notCountedBecause === undefined ? { ...older, notCountedBecause: null } : stored;
}

/** Facts as any release stored them, to be rendered now. */
export function completeFacts(stored: DigestFacts): DigestFacts {
  const older: Older<DigestFacts, 'outlook'> = stored;
  const headline: Older<DigestHeadline, 'mirr' | 'doubt'> | null = stored.headline;
  const cost: Older<DigestFacts['cost'], 'accrual' | 'atCompletion' | 'planned'> = stored.cost;
  return {
    outlook: null,
    ...older,
    headline: headline === null ? null : { mirr: null, doubt: null, ...headline },
    cost: { accrual: null, atCompletion: null, planned: null, ...cost },
    metrics: stored.metrics.map((metric: Older<DigestMetric, 'begins'>) => ({ begins: null, ...metric })),
  };
}
