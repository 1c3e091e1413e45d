import type { BenefitClass, CurrencyCode, DecimalString, FinanceConvention, LocalDate, MetricKind } from '../types.ts';

/** Outputs of one ROI computation: JSON only, decimals as strings, so that equal inputs give equal bytes. */
export interface RoiOutputs {
  projectId: string;
  asOf: LocalDate;
  currency: CurrencyCode;
  timeZone: string;
  /** Part of every label: what the headline figures rest on, e.g. `closed periods to 1 Nov 2026, discounted at 8% from 1 May 2026`. */
  basis: string;
  /** Σ adjusted benefit of closed periods. Null when no metric is monetised. */
  benefitToDate: DecimalString | null;
  /** The same before attribution, deadweight, displacement and confidence. */
  unadjustedBenefitToDate: DecimalString | null;
  /** Σ (actual + accrual, net of corrections) posted up to asOf. Null when no cost source or line is declared at all. */
  costToDate: DecimalString | null;
  pvBenefits: DecimalString | null;
  pvCosts: DecimalString | null;
  npv: DecimalString | null;
  /** (PVB − PVC) / PVC; null when PVC is unknown or not above zero: then nothing is a base. The same for the other ratios to cost. */
  roi: DecimalString | null;
  /** (benefit − cost) / cost to date, undiscounted. */
  realisedRoi: DecimalString | null;
  bcr: DecimalString | null;
  irr: IrrOutput;
  payback: PaybackOutput;
  discountedPayback: PaybackOutput;
  /** Received / expected points of the closed periods over all monetised metrics. */
  coverage: CoverageOutput;
  /** Net flows by date as they entered the finance engine, ascending. */
  cashFlows: CashFlow[];
  metrics: MetricOutput[];
  costs: CostOutput;
  convention: FinanceConvention;
  /** Modified IRR of the yearly net flows, both rates the project's; null where it does not apply. */
  mirr: DecimalString | null;
  /** NPV by discount rate, ascending; given where IRR is not unique, for then it says more than a rate. */
  npvCurve: { rate: DecimalString; npv: DecimalString }[];
  /** Benefit and cost by year of the fiscal calendar, ascending. */
  fiscalYears: FiscalYearOutput[];
  /** What was promised; null without a plan. */
  plan: PlanOutput | null;
  /** Actuals and what is left of the plan; null without a plan, and where what was is not known. */
  forecast: ForecastOutput | null;
  /** Actual − frozen plan to date. */
  variance: VarianceOutput | null;
  /** What is to date at the plan's budget rates and no others; null without a plan, a figure is null where it has no budget rate. */
  constantCurrency: {
    benefitToDate: DecimalString | null;
    costToDate: DecimalString | null;
    npv: DecimalString | null;
  } | null;
  /** What starts the benefits, and what the forecast rests on. */
  deliverables: DeliverableOutput[];
  /** Null where there is no headline, or nothing is in doubt. */
  doubt: DoubtOutput | null;
  sensitivity: SensitivityOutput | null;
  warnings: ValueWarning[];
}

/** Of the figures to date: a benefit by the last day of its period, a cost by its posting date. `to` is excluded. */
export interface FiscalYearOutput {
  name: string;
  from: LocalDate;
  to: LocalDate;
  /** Null where benefit, or cost, to date is not known. */
  benefit: DecimalString | null;
  cost: DecimalString | null;
  net: DecimalString | null;
}

/** As known on `asOf`. `due`: within the next 30 days; `late`: the planned day is over and it is not there. */
export interface DeliverableOutput {
  id: string;
  name: string;
  plannedOn: LocalDate;
  forecastOn: LocalDate | null;
  actualOn: LocalDate | null;
  state: 'delivered' | 'late' | 'due' | 'planned';
  /** After the planned day, negative before: of delivery; without one, of the forecast day or, past that, of `asOf`. */
  daysLate: number;
}

/** Money in the project's currency at the plan's budget rates. */
export interface PlanOutput {
  version: string;
  frozenOn: LocalDate;
  approvedBy: string | null;
  /** Of the periods that are over, less what of them was not observed: the actuals leave that out too. */
  benefitToDate: DecimalString;
  costToDate: DecimalString;
  /** Over the whole horizon, risk-adjusted. */
  benefitTotal: DecimalString;
  costTotal: DecimalString;
  npv: DecimalString;
  roi: DecimalString | null;
  /** Each planned metric; they sum to the benefit. */
  metrics: {
    metricId: string;
    startsOn: LocalDate;
    endsOn: LocalDate;
    benefitToDate: DecimalString;
    benefitTotal: DecimalString;
    /** Planned for periods that are over, but of which no samples tell what they came to. */
    unobserved: DecimalString;
  }[];
  cashFlows: CashFlow[];
}

/** Forecast at completion = actuals + what remains of the plan × k; EAC = cost to date + open commitments + forecast lines. */
export interface ForecastOutput {
  /** Trailing actual / plan of each metric, shrunk toward 1 and clamped. */
  factors: { metricId: string; factor: DecimalString; ratio: DecimalString | null; periods: number }[];
  /** Each metric that counts or is planned; actual + expected sum to the benefit at completion. */
  metrics: {
    metricId: string;
    actual: DecimalString;
    /** What remains of the plan, from the start that is now known. */
    remainingPlan: DecimalString;
    /** That × k. */
    expected: DecimalString;
  }[];
  benefitAtCompletion: DecimalString;
  costAtCompletion: DecimalString;
  /** `lines`: open commitments and forecast lines say what is still to come; `plan`: there are none, so what remains of the plan does. */
  costBasis: 'lines' | 'plan';
  costToCome: DecimalString;
  npvAtCompletion: DecimalString;
  roiAtCompletion: DecimalString | null;
  irr: IrrOutput;
  payback: PaybackOutput;
  /** Flows from the first to the end of the horizon; `isForecast` where any part of one is expected only. */
  cashFlows: (CashFlow & { isForecast: boolean })[];
}

/** The four parts sum to the total exactly. */
export interface VarianceParts {
  total: DecimalString;
  /** Of the plan to date; null where that is zero. */
  share: DecimalString | null;
  /** More or less was moved (or bought) than planned. */
  volume: DecimalString;
  rate: DecimalString;
  /** Earlier or later than planned. */
  timing: DecimalString;
  fx: DecimalString;
}
/** Benefit or cost is null where it is not known to date. */
export interface VarianceOutput {
  benefit: VarianceParts | null;
  cost: VarianceParts | null;
  metrics: { metricId: string; benefit: VarianceParts }[];
}

/** What a simulation varies and how, or leaves alone and why: without it nobody could explain an interval. */
export interface DoubtAssumption {
  /** `failures.counterfactual`, `failures.confidence`, `failures.confidence-to-come`, `cost-to-come`. */
  driver: string;
  name: string;
  varied: boolean;
  /** In words, with its parameters. */
  distribution: string;
}
export interface Interval {
  p10: DecimalString;
  p50: DecimalString;
  p90: DecimalString;
}
/** Seeded simulation: baselines within their standard error, confidences and cost risk about their values. */
export interface DoubtOutput {
  seed: number;
  draws: number;
  /** Realised to date. */
  npv: Interval;
  roi: Interval | null;
  probabilityNpvPositive: DecimalString;
  /** With the forecast; null without one. */
  atCompletion: { npv: Interval; roi: Interval | null; probabilityNpvPositive: DecimalString } | null;
  assumptions: DoubtAssumption[];
}

export interface SensitivityOutput {
  /** NPV with one driver at its low and its high end, all others as they are; widest first. */
  tornado: {
    /** `failures.confidence`, `discount-rate`, `cost` … */
    driver: string;
    name: string;
    low: DecimalString;
    base: DecimalString;
    high: DecimalString;
    /** Where low and high come from: `P10 and P90`, `± 10 %`. */
    range: string;
    npvAtLow: DecimalString;
    npvAtHigh: DecimalString;
    swing: DecimalString;
  }[];
  /** Where NPV becomes zero if only this driver moves; null: nowhere in its range. */
  switching: { driver: string; name: string; base: DecimalString; value: DecimalString | null }[];
}

/** `none-found`-like states are explicit: a figure is shown only where status is `unique`. */
export interface IrrOutput {
  status: 'unique' | 'multiple' | 'none' | 'not-applicable';
  value: DecimalString | null;
  roots: DecimalString[];
}
export interface PaybackOutput {
  /** Years from t0, interpolated; null: not reached. */
  years: DecimalString | null;
  date: LocalDate | null;
  /** The cumulative net falls below zero again later. */
  crossesBack: boolean;
}
export interface CoverageOutput {
  expected: number;
  received: number;
  /** Null when nothing was expected yet. */
  ratio: DecimalString | null;
}
export interface CashFlow {
  date: LocalDate;
  benefit: DecimalString;
  cost: DecimalString;
}

/**
 * closed: over, complete, final samples only, counted. incomplete: over, but points are missing: counted by what is there
 * (flow) and lowering coverage. provisional: over, but samples may still change: not counted. open: not over yet.
 * missing: no sample at all. drift: before the benefit's start. after-end: past the benefit's end.
 */
export type PeriodStatus = 'closed' | 'incomplete' | 'provisional' | 'open' | 'missing' | 'drift' | 'after-end';
export interface PeriodOutput {
  from: LocalDate;
  to: LocalDate;
  status: PeriodStatus;
  /** Why it has no benefit, for people; null where it counts. */
  notCountedBecause: string | null;
  actual: DecimalString | null;
  counterfactual: DecimalString | null;
  exposure: DecimalString | null;
  /** In the project's currency, after FX. */
  rate: DecimalString | null;
  gross: DecimalString | null;
  benefit: DecimalString | null;
  received: number;
  expected: number | null;
  /** Highest sample revision in the period: above 1 some sample was corrected. */
  revision: number;
}
export interface CounterfactualFit {
  method: 'least-squares' | 'control-ratio' | 'control-difference';
  /** Periods of the baseline's window that it rests on. */
  n: number;
  /** Trend: level in the first fitted period, and change a period. Control: null. */
  intercept: DecimalString | null;
  slope: DecimalString | null;
  /** Control: factor (ratio) or offset (difference) that brings it to the baseline. Trend: null. */
  adjustment: DecimalString | null;
  /** Coefficient of determination in the window; null where the window does not vary. */
  rSquared: DecimalString | null;
  /** Standard deviation of what the fit leaves, in the metric's unit. */
  residualSd: DecimalString | null;
}
export interface BaselineOutput {
  value: DecimalString;
  /** Whole periods of the window; of a level that was given what is said of it, 0 where nothing is. */
  n: number;
  sd: DecimalString | null;
  kind: 'value' | 'window';
  window: { from: LocalDate; to: LocalDate } | null;
  approvedBy: string | null;
  /** Later corrections of the window's samples change it no more. */
  frozenOn: LocalDate | null;
}
export interface MetricOutput {
  metricId: string;
  name: string;
  unit: string;
  kind: MetricKind;
  direction: 'up' | 'down';
  benefitClass: BenefitClass;
  monetised: boolean;
  /** Why not, for people; null when monetised. */
  notMonetisedBecause: string | null;
  baseline: BaselineOutput | null;
  /** How the counterfactual was found, and how well it describes the time before; null for a constant or given one. */
  fit: CounterfactualFit | null;
  hasStarted: boolean;
  startsOn: LocalDate;
  target: { value: DecimalString; by: LocalDate; met: boolean | null } | null;
  /** Newest counted period. */
  latest: { from: LocalDate; to: LocalDate; actual: DecimalString } | null;
  benefitToDate: DecimalString | null;
  unadjustedBenefitToDate: DecimalString | null;
  coverage: CoverageOutput;
  /** Until when the newest sample vouches (the end of the interval that it covers). */
  newestSampleAtMs: number | null;
  /** How old the newest sample may be; absent in snapshots of an earlier release. */
  freshnessLimitMs?: number | undefined;
  /** Older than the freshness limit when `asOf` began: a digest judges by its own clock besides. */
  stale: boolean;
  source: { connector: string; stream: string };
  periods: PeriodOutput[];
}
export interface CostOutput {
  toDate: DecimalString | null;
  /** Σ budget lines, null when there are none. */
  budget: DecimalString | null;
  /** Open commitments: net of what was taken back and of what actuals and accruals used up; null without a line. */
  commitments: DecimalString | null;
  actual: DecimalString | null;
  accrual: DecimalString | null;
  /** Forecast lines after `asOf`; null without a line. */
  forecast: DecimalString | null;
  /** Of cost to date: what corrections and replaced accruals changed it by; null without one. */
  corrections: DecimalString | null;
  /** Cost to date + open commitments + forecast, what is not spent yet times (1 + cost risk); null where one of them is not known, or no line says what is to come. */
  estimateAtCompletion: DecimalString | null;
  /** Capex + opex, one-off + run, and all pools: cost to date each time. */
  capex: DecimalString | null;
  opex: DecimalString | null;
  oneOff: DecimalString | null;
  run: DecimalString | null;
  /** Lines of any kind and date. */
  lineCount: number;
  byPool: { pool: string; amount: DecimalString }[];
  /** Lines that cannot be taken as they are, by posting date; the first 50. */
  problems: CostProblem[];
  /** All of them. */
  problemCount: number;
}
/** `value/missing-fx-rate`: it has no amount in the project's currency; `value/bad-input`: what it says it corrects is doubtful. */
export interface CostProblem {
  sourceKey: string;
  document: string | null;
  /** As booked. */
  amount: DecimalString;
  currency: CurrencyCode;
  postingDate: LocalDate;
  code: 'value/missing-fx-rate' | 'value/bad-input';
  message: string;
}
/** `no-rate`: periods that would count have no rate; `cost-unknown`: a cost figure leaves something out or is not known. */
export interface ValueWarning {
  code:
    | 'value/no-baseline'
    | 'value/missing-fx-rate'
    | 'value/bad-input'
    | 'value/no-data'
    | 'value/stale'
    | 'value/no-rate'
    | 'value/cost-unknown'
    | 'value/weak-counterfactual'
    | 'value/not-started'
    | 'value/claim-conflict'
    | 'value/partial';
  metricId: string | null;
  message: string;
}
