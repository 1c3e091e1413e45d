import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';

/**
 * Everything a digest says, before any channel's form: mail, text, Block Kit and report are renderings of this value,
 * so all channels say the same. JSON only. Amounts in `currency`.
 */
export interface DigestFacts {
  version: 1;
  projectId: string;
  projectName: string;
  sponsor: string | null;
  currency: CurrencyCode;
  /** The recipient's. */
  timeZone: string;
  locale: string;
  asOf: LocalDate;
  /** Null: nothing was ever computed for the project. */
  snapshotId: string | null;
  /** Said above everything else, e.g. that the digest is late; null: nothing to say. */
  notice: string | null;
  /** Null: no headline can be given honestly; `headlineAbsentBecause` says why. */
  headline: DigestHeadline | null;
  headlineAbsentBecause: string | null;
  /** What moved the net benefit since the previous digest, largest first, at most three; they and `otherMoves` sum to `netChange`. */
  moved: { cause: string; amount: DecimalString }[];
  otherMoves: DecimalString | null;
  netChange: DecimalString | null;
  /** The slot date of the digest compared with; null for the first, and for one of the same date since which nothing changed. */
  comparedWith: LocalDate | null;
  metrics: DigestMetric[];
  cost: { toDate: DecimalString | null; budget: DecimalString | null; commitments: DecimalString | null };
  /** Until then every monetised metric in force has samples: the oldest of their newest ones, so that none looks fresher than it is. */
  dataAsOfMs: number | null;
  coverage: DecimalString | null;
  staleSources: { connector: string; stream: string; metric: string; newestSampleAtMs: number | null }[];
  restatements: {
    metric: string;
    period: LocalDate;
    oldBenefit: DecimalString;
    /** Null: the period is no longer counted. */
    newBenefit: DecimalString | null;
    why: string;
  }[];
  alerts: string[];
  /** Cumulative, by period end; empty when the cost is not known: a line at zero would say that there was none. */
  chart: { date: LocalDate; cumulativeBenefit: DecimalString; cumulativeCost: DecimalString }[];
  links: { label: string; url: string }[];
  /** "You get this because …" */
  why: string;
  unsubscribeUrl: string | null;
}

export interface DigestHeadline {
  roi: DecimalString | null;
  /** Percentage points / 100 since the previous digest. */
  roiChange: DecimalString | null;
  realisedRoi: DecimalString | null;
  npv: DecimalString | null;
  benefitToDate: DecimalString | null;
  costToDate: DecimalString | null;
  bcr: DecimalString | null;
  irr: { status: 'unique' | 'multiple' | 'none' | 'not-applicable'; value: DecimalString | null };
  paybackDate: LocalDate | null;
  basis: string;
}

export interface DigestMetric {
  name: string;
  unit: string;
  direction: 'up' | 'down';
  monetised: boolean;
  notMonetisedBecause: string | null;
  baseline: DecimalString | null;
  actual: DecimalString | null;
  actualPeriod: { from: LocalDate; to: LocalDate } | null;
  target: DecimalString | null;
  targetBy: LocalDate | null;
  targetMet: boolean | null;
  benefitToDate: DecimalString | null;
  coverage: DecimalString | null;
  state: 'fresh' | 'stale' | 'no-data';
}
