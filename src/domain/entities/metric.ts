import type { CurrencyCode, DecimalString, LocalDate } from './scalars.ts';

/** flow: adds up over time; stock: a level; ratio: Σnumerator/Σdenominator; percentile: one figure a period, never averaged. */
export type MetricKind = 'flow' | 'stock' | 'ratio' | 'percentile';
export type BenefitClass = 'cash-releasing' | 'non-cash-releasing' | 'quantitative' | 'qualitative';
export type Cadence = 'day' | 'week' | 'month' | 'quarter' | 'year';
/** +1: more is better (`up`); −1: less is better (`down`). */
export type Direction = 'up' | 'down';

export interface SeriesSource {
  connector: string;
  stream: string;
  /** Only series whose labels contain these; several matching series are added up. */
  labels: Record<string, string>;
}

export interface RatePeriod {
  from: LocalDate;
  to: LocalDate | null;
  amount: DecimalString;
  currency: CurrencyCode;
  /** One of what. */
  per: string;
  /** Stock held: the time that the amount is for. Null for all others. */
  perPeriod: 'year' | 'month' | null;
}

/** Who vouches for the level, and from when on later corrections of its samples change it no more. */
export interface BaselineApproval {
  approvedBy: string | null;
  /** A window's samples count as known at the end of that day in the project's zone; null: as known now. */
  frozenOn: LocalDate | null;
}
/** The level before the project; null: the metric is tracked, not monetised. `n`, `sd` of a given value: how it was found, for its doubt. */
export type Baseline = BaselineApproval &
  (
    | { kind: 'value'; value: DecimalString; n: number | null; sd: DecimalString | null }
    | { kind: 'window'; from: LocalDate; to: LocalDate }
  );

/** What would have been without the project. Anything but `constant` excludes a deadweight. */
export type Counterfactual =
  /** The baseline's level throughout. */
  | { kind: 'constant' }
  /** Least squares over the baseline window's periods, carried forward. */
  | { kind: 'trend'; fit: 'window' }
  /** `level` in the first period that counts, changing by `change` with each further period. */
  | { kind: 'trend'; fit: 'given'; level: DecimalString; change: DecimalString }
  /** A series that the project does not touch, brought to the baseline's level over its window: by factor or by difference. */
  | { kind: 'control'; source: SeriesSource; method: 'ratio' | 'difference' };

/** Share of the full effect that a forecast expects from so many months after the start on; straight lines between. */
export interface RampStep {
  afterMonths: number;
  share: DecimalString;
}

/** The benefit begins when that deliverable is there and the lag has passed. */
export interface StartRule {
  deliverable: string;
  lagMonths: number;
  lagDays: number;
}

export interface ValueMetric {
  id: string;
  name: string;
  owner: string | null;
  benefitClass: BenefitClass;
  kind: MetricKind;
  unit: string;
  direction: Direction;
  /** One for flow and stock; for ratio either one source whose samples carry numerator and denominator, or `denominator` too. */
  source: SeriesSource;
  denominator: SeriesSource | null;
  /** For ratio and percentile: the number of units it applies to per period (a constant, or a series summed over the period). */
  exposure: { kind: 'value'; value: DecimalString } | { kind: 'series'; source: SeriesSource } | null;
  cadence: Cadence;
  /** A digest calls the metric stale when its newest sample is older. Null: two days after the next one was due. */
  freshnessLimitMs: number | null;
  baseline: Baseline | null;
  counterfactual: Counterfactual;
  target: { value: DecimalString; by: LocalDate } | null;
  rates: RatePeriod[];
  /** Stock: `holding` values the mean level over time; `release` values each fall or rise of the level once. Null for all others. */
  stockValuation: 'holding' | 'release' | null;
  attribution: DecimalString;
  deadweight: DecimalString;
  displacement: DecimalString;
  confidence: DecimalString;
  /** Share of the benefit that is lost with each whole year since its start. */
  dropOff: DecimalString;
  /** For forecasts only: actuals contain it. Empty: the full effect from the start. */
  ramp: RampStep[];
  /** First date that counts as benefit; movement before it is drift. With a start rule: when that will be, as far as is known. */
  startsOn: LocalDate;
  startRule: StartRule | null;
  /** False: `startsOn` is expected only (the deliverable is not there yet), so nothing counts as realised. */
  hasStarted: boolean;
  endsOn: LocalDate | null;
  /** What is claimed, over all projects: attributions to one key must not exceed the whole. */
  claimKey: string | null;
}
