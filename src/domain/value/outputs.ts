import type { BenefitClass, CurrencyCode, DecimalString, LocalDate, MetricKind } from '../types.ts';

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
  /** (PVB − PVC) / PVC; null when PVC is zero or unknown. */
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
  warnings: ValueWarning[];
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
  /** `n` periods of the window; 0 for a level that was given. */
  baseline: { value: DecimalString; n: number; sd: DecimalString | null } | null;
  target: { value: DecimalString; by: LocalDate; met: boolean | null } | null;
  /** Newest counted period. */
  latest: { from: LocalDate; to: LocalDate; actual: DecimalString } | null;
  benefitToDate: DecimalString | null;
  unadjustedBenefitToDate: DecimalString | null;
  coverage: CoverageOutput;
  /** Until when the newest sample vouches (the end of the interval that it covers). */
  newestSampleAtMs: number | null;
  /** Older than the freshness limit when `asOf` began: a digest judges by its own clock besides. */
  stale: boolean;
  source: { connector: string; stream: string };
  periods: PeriodOutput[];
}
export interface CostOutput {
  toDate: DecimalString | null;
  /** Σ budget lines, null when there are none. */
  budget: DecimalString | null;
  commitments: DecimalString | null;
  lineCount: number;
  byPool: { pool: string; amount: DecimalString }[];
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
    | 'value/partial';
  metricId: string | null;
  message: string;
}
