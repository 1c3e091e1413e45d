import type { CurrencyCode, DecimalString, LocalDate } from '../types.ts';
import type { DigestConversion } from './conversion.ts';

/**
 * Everything a digest says, before any channel's form: mail, text, Block Kit and report are renderings of this value,
 * so all channels say the same. JSON only. Amounts in `currency`.
 */
export interface DigestFacts {
  version: 1;
  /** The portfolio's, where `projects` is there. */
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
  /** What moved the net benefit since the previous digest, largest first, at most three (projects: eight); they and `otherMoves` sum to `netChange`. */
  moved: { cause: string; amount: DecimalString }[];
  otherMoves: DecimalString | null;
  netChange: DecimalString | null;
  /** The slot date of the digest compared with; null for the first, and for one of the same date since which nothing changed. */
  comparedWith: LocalDate | null;
  metrics: DigestMetric[];
  /** Of a portfolio, in place of `metrics`. Absent: the digest is about one project. */
  projects?: DigestProject[] | undefined;
  cost: DigestCost;
  /** Against the plan: to date and at completion. Null without a plan, and where the headline is withheld. */
  outlook: DigestOutlook | null;
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
    /** Of the project, where that is not the portfolio's. Absent: `currency`. */
    currency?: CurrencyCode | undefined;
  }[];
  alerts: string[];
  /** Cumulative, by period end; empty when the cost is not known: a line at zero would say that there was none. */
  chart: { date: LocalDate; cumulativeBenefit: DecimalString; cumulativeCost: DecimalString }[];
  links: { label: string; url: string }[];
  /** The headline in currencies of readers. Absent: nobody asked for another one than `currency`. */
  conversions?: DigestConversion[] | undefined;
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
  /** Of the yearly net flows; shown in IRR's place where that is not unique. */
  mirr: DecimalString | null;
  paybackDate: LocalDate | null;
  basis: string;
  /** Null: nothing is in doubt, or no simulation was made. */
  doubt: DigestDoubt | null;
}

/** P10 and P90 of a simulation. */
export interface DigestDoubt {
  draws: number;
  npv: { p10: DecimalString; p90: DecimalString };
  roi: { p10: DecimalString; p90: DecimalString } | null;
  probabilityNpvPositive: DecimalString;
}

export interface DigestCost {
  /** Actual and accrued. */
  toDate: DecimalString | null;
  budget: DecimalString | null;
  /** Open ones. */
  commitments: DecimalString | null;
  /** Of the cost to date: not invoiced yet; null without such a line. */
  accrual: DecimalString | null;
  /** EAC: cost to date and all that is expected to come; null where nothing says what will. */
  atCompletion: DecimalString | null;
  /** What the plan says that it will come to; null without one. */
  planned: DecimalString | null;
}

export type VarianceCause = 'volume' | 'rate' | 'timing' | 'fx';
/** Actual (or expected) beside what was planned. */
export interface DigestAgainstPlan {
  plan: DecimalString | null;
  now: DecimalString;
  /** now − plan; null where one of them does not exist. */
  difference: DecimalString | null;
  /** Of the plan; null where that is zero. */
  share: DecimalString | null;
  /** The part that makes at least half of the difference; null: none does. */
  mostly: VarianceCause | null;
}
export interface DigestOutlook {
  /** `v1` */
  plan: string;
  frozenOn: LocalDate;
  /** Null: not known to date. */
  benefitToDate: DigestAgainstPlan | null;
  costToDate: DigestAgainstPlan | null;
  /** At completion; null where what was is not known. */
  atCompletion: {
    npv: DigestAgainstPlan;
    roi: DigestAgainstPlan | null;
    paybackDate: LocalDate | null;
    doubt: DigestDoubt | null;
  } | null;
  /** To date at the plan's exchange rates; null where that is the same, and where a figure has no such rate. */
  constantCurrency: { benefitToDate: DecimalString; costToDate: DecimalString; npv: DecimalString } | null;
}

/** One project of a portfolio, in the portfolio's currency, claims settled. */
export interface DigestProject {
  name: string;
  roi: DecimalString | null;
  npv: DecimalString | null;
  benefitToDate: DecimalString | null;
  costToDate: DecimalString | null;
  /** Benefit that others claim too and that was scaled away. */
  claimReduction: DecimalString | null;
  /** Why it adds nothing; null: it is counted. */
  excludedBecause: string | null;
  /** A metric that is turned into money has no fresh data. */
  stale: boolean;
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
  /** Its benefit has not begun: when it is expected to, and for which deliverable it waits. Null: it has. */
  begins: { on: LocalDate; after: string | null } | null;
  state: 'fresh' | 'stale' | 'no-data';
}
