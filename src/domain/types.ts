/**
 * The entities that everything else speaks of. Pure shapes: no I/O, no clock.
 *
 * Conventions: instants are epoch milliseconds (`…Ms`); dates are ISO local dates (`YYYY-MM-DD`) in the project's
 * time zone and intervals of them are half-open (`to` excluded); money and rates are decimal strings with an
 * ISO 4217 currency, never floats; ratios are decimals (0.42, not 42).
 */

/** ISO local date, `YYYY-MM-DD`. */
export type LocalDate = string;
/** Decimal number written as a string, so that no binary float touches money. */
export type DecimalString = string;
/** ISO 4217 code, upper case. */
export type CurrencyCode = string;

export type SampleStatus = 'provisional' | 'final' | 'estimated' | 'missing';

/** What makes a series the same series: a change of any part begins another one. */
export interface SeriesIdentity {
  connector: string;
  stream: string;
  labels: Record<string, string>;
  unit: string;
}

/** One sample as a connector parsed it. */
export interface Measurement {
  labels: Record<string, string>;
  unit: string;
  /** The start of the interval that the sample covers, or the instant that it was taken at. */
  atMs: number;
  /** Length of the covered interval; 0 for an instantaneous sample. */
  durationMs: number;
  /** Null only with status `missing`. For a ratio sample numerator/denominator carry the truth and value their quotient. */
  value: number | null;
  numerator?: number | undefined;
  denominator?: number | undefined;
  status: SampleStatus;
}

/** A stored sample with the reference to where it came from. */
export interface StoredSample {
  seriesId: string;
  atMs: number;
  durationMs: number;
  value: number | null;
  numerator: number | null;
  denominator: number | null;
  status: SampleStatus;
  /** 1 for the first value seen at that time, +1 for each correction. */
  revision: number;
  pullId: string;
  pageHash: string;
  observedAtMs: number;
  recordedAtMs: number;
}

export type CostKind = 'budget' | 'commitment' | 'accrual' | 'actual' | 'forecast';

/** One cost line as a connector parsed it, or as written by hand. */
export interface CostLine {
  /** Unique within connector + stream; the same key with other content is a revision. */
  sourceKey: string;
  /** Value that a project's cost source matches on (WBS element, project code …). */
  projectRef: string;
  kind: CostKind;
  capitalisation: 'capex' | 'opex';
  recurrence: 'one-off' | 'run';
  pool: string | null;
  amount: DecimalString;
  currency: CurrencyCode;
  /** Accounting date: the period in which the cost counts. */
  postingDate: LocalDate;
  cashDate: LocalDate | null;
  document: string | null;
  correctionOf: string | null;
  text: string | null;
}

export interface StoredCostLine extends CostLine {
  id: string;
  connector: string;
  stream: string;
  revision: number;
  pullId: string | null;
  pageHash: string | null;
  recordedAtMs: number;
}

export type MetricKind = 'flow' | 'stock' | 'ratio';
export type BenefitClass = 'cash-releasing' | 'non-cash-releasing' | 'quantitative' | 'qualitative';
export type Cadence = 'day' | 'week' | 'month';
/** +1: more is better (`up`); −1: less is better (`down`). */
export type Direction = 'up' | 'down';
export type FlowTiming = 'start' | 'mid' | 'end';

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
  /** For stock metrics the rate is per unit and year. */
  per: string;
}

/** The level before the project; null: the metric is tracked, not monetised. */
export type Baseline = { kind: 'value'; value: DecimalString } | { kind: 'window'; from: LocalDate; to: LocalDate };

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
  /** For ratio: the number of units the ratio applies to per period (a constant, or a series summed over the period). */
  exposure: { kind: 'value'; value: DecimalString } | { kind: 'series'; source: SeriesSource } | null;
  cadence: Cadence;
  /** A digest calls the metric stale when its newest sample is older. */
  freshnessLimitMs: number;
  baseline: Baseline | null;
  counterfactual: { kind: 'constant' };
  target: { value: DecimalString; by: LocalDate } | null;
  rates: RatePeriod[];
  attribution: DecimalString;
  deadweight: DecimalString;
  displacement: DecimalString;
  confidence: DecimalString;
  /** First date that counts as benefit; movement before it is drift. */
  startsOn: LocalDate;
  endsOn: LocalDate | null;
}

export interface CostSource {
  connector: string;
  stream: string;
  projectRef: string;
}

export interface Project {
  id: string;
  name: string;
  portfolio: string | null;
  sponsor: string | null;
  currency: CurrencyCode;
  timeZone: string;
  /** t0: discounting starts here. */
  startsOn: LocalDate;
  horizonYears: number;
  discountRate: DecimalString;
  timing: FlowTiming;
  metrics: ValueMetric[];
  costSources: CostSource[];
  manualCosts: CostLine[];
}

/** `amount` units of `from` times `rate` are units of `to`, on dates of [validFrom, validTo). */
export interface FxRate {
  from: CurrencyCode;
  to: CurrencyCode;
  rate: DecimalString;
  validFrom: LocalDate;
  validTo: LocalDate | null;
  source: string;
}
