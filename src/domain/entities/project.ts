import type { CostLine, CostSource } from './cost.ts';
import type { FxRate } from './fx.ts';
import type { RampStep, ValueMetric } from './metric.ts';
import type { CurrencyCode, DecimalString, LocalDate } from './scalars.ts';

/** When in a period its money flows. */
export type FlowTiming = 'start' | 'mid' | 'end';

/**
 * How flows are discounted. `dated`: each month's flow on its day, act/365. The others by years of the project: `tei` initial
 * costs at year 0, the rest at year ends, risk-adjusted; `excel` every flow at its year's end, the first year's too;
 * `green-book` year 0 undiscounted, HM Treasury's declining rates; `servicenow` the first year undiscounted.
 */
export type FinanceConvention = 'dated' | 'tei' | 'excel' | 'green-book' | 'servicenow';

/** The annual rate from that year of the project on (0: the first); ascending, the first at year 0. */
export interface DiscountStep {
  fromYear: number;
  rate: DecimalString;
}
/** Annual inflation from that calendar year on; ascending. */
export interface InflationStep {
  fromYear: number;
  rate: DecimalString;
}
/** `real`: flows are brought to the prices of the middle of `baseYear` before they are discounted at real rates. */
export type PriceBasis = { kind: 'nominal' } | { kind: 'real'; baseYear: number; inflation: InflationStep[] };

/**
 * The books' year. `weeks`: 52 or 53 whole weeks, its end the last such weekday of a month or the one nearest to the month's end.
 * `namedAfter`: FY2026 is the year whose last month (absent, `end`) or first month (`start`, as US retailers count) is in 2026.
 */
export type FiscalCalendar =
  | { kind: 'months'; firstMonth: number; namedAfter?: 'start' | 'end' | undefined }
  | {
      kind: 'weeks';
      /** The month with the year's end, 1 to 12. */
      lastMonth: number;
      /** 1 Monday to 7 Sunday: the last day of each week. */
      endsOnWeekday: number;
      rule: 'last-in-month' | 'nearest-to-month-end';
      pattern: '4-4-5' | '4-5-4' | '5-4-4';
      namedAfter?: 'start' | 'end' | undefined;
    }
  | { kind: 'table'; years: { name: string; periods: { name: string; from: LocalDate; to: LocalDate }[] }[] };

export interface Deliverable {
  id: string;
  name: string;
  plannedOn: LocalDate;
  forecastOn: LocalDate | null;
  /** Null: not there yet. */
  actualOn: LocalDate | null;
  /** Ids of the metrics that it is meant to move. */
  metrics: string[];
}

export interface PlannedCost {
  date: LocalDate;
  amount: DecimalString;
  currency: CurrencyCode;
  pool: string | null;
  capitalisation: 'capex' | 'opex';
  recurrence: 'one-off' | 'run';
  text: string | null;
}
/** What a plan promises of one metric, with everything that makes money of it as it was when the plan was frozen. */
export interface PlannedBenefit {
  metricId: string;
  /** The full effect's level by date, ascending; the ramp is applied to it. */
  curve: { from: LocalDate; value: DecimalString }[];
  /** `step`: a value holds until the next; `linear`: straight lines between, the last value holds on. */
  interpolation: 'step' | 'linear';
  counterfactual: DecimalString;
  /** Change of the counterfactual with each period from the start on; `0` when it is constant. */
  counterfactualChange: DecimalString;
  rate: { amount: DecimalString; currency: CurrencyCode; perPeriod: 'year' | 'month' | null };
  exposure: DecimalString | null;
  attribution: DecimalString;
  deadweight: DecimalString;
  displacement: DecimalString;
  confidence: DecimalString;
  dropOff: DecimalString;
  ramp: RampStep[];
  startsOn: LocalDate;
  endsOn: LocalDate | null;
}
/** What was promised, frozen: a version once stored never changes. */
export interface PlanVersion {
  id: string;
  frozenOn: LocalDate;
  approvedBy: string | null;
  note: string | null;
  /** The budget rates: plan figures are converted by them and no others. */
  fxRates: FxRate[];
  costs: PlannedCost[];
  benefits: PlannedBenefit[];
}

export interface Project {
  id: string;
  /** `config`: written in YAML, read-only elsewhere; `api`: made by the API. */
  managed: 'config' | 'api';
  name: string;
  portfolio: string | null;
  sponsor: string | null;
  currency: CurrencyCode;
  timeZone: string;
  /** t0: discounting starts here. */
  startsOn: LocalDate;
  /** First date past the horizon: benefits and costs from then on do not count. */
  horizonEndsOn: LocalDate;
  convention: FinanceConvention;
  /** Real rates where the price basis is real. `green-book` has its own and leaves it empty. */
  discount: DiscountStep[];
  timing: FlowTiming;
  priceBasis: PriceBasis;
  fiscalCalendar: FiscalCalendar;
  /** r: costs that are not spent yet are expected to come to (1 + r) times what is written. */
  costRisk: DecimalString;
  simulation: { seed: number; draws: number };
  deliverables: Deliverable[];
  metrics: ValueMetric[];
  /** By the date of freezing, ascending; the last one is what actuals are compared with. */
  plans: PlanVersion[];
  costSources: CostSource[];
  manualCosts: CostLine[];
}

/** Projects that are looked at together, in one currency. */
export interface Portfolio {
  id: string;
  name: string;
  currency: CurrencyCode;
  /** Null: each project's own. */
  discount: DiscountStep[] | null;
}
