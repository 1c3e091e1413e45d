import type { DecimalInput } from '../money/decimal.ts';
import type { LocalDate } from '../types.ts';
import type { FlowConvention } from './flow-times.ts';
import type { RateOfReturn } from './irr.ts';

/** A rate for each year (or period) in turn, the last holding on; or steps, the first from year 0. */
export type RatesInput = readonly DecimalInput[] | readonly { fromYear: number; rate: DecimalInput }[];

/** One case of a finance document, already validated. At most one kind of flows is given. */
export interface FinanceCase {
  id: string;
  /** Absent: `npv0`, or `excel` when `timing` says that the first flow too comes at its period's end. */
  convention?: FlowConvention | undefined;
  /** `start`, `mid` or `end`; several words are a note. */
  timing?: string | undefined;
  rate?: DecimalInput | undefined;
  /** In place of `rate` where it changes on the way. */
  rates?: RatesInput | undefined;
  /** MIRR's rates; absent: the case's own. */
  financeRate?: DecimalInput | undefined;
  reinvestRate?: DecimalInput | undefined;
  /** Flows are in money of the day and the rates are real: they are brought to the prices of time zero first. */
  inflation?: DecimalInput | RatesInput | undefined;
  /** Costs × (1 + costRisk), benefits × (1 − benefitRisk), as TEI adjusts for risk. */
  costRisk?: DecimalInput | undefined;
  benefitRisk?: DecimalInput | undefined;
  flows?: readonly DecimalInput[] | undefined;
  datedFlows?: readonly (readonly [LocalDate, DecimalInput])[] | undefined;
  costs?: readonly DecimalInput[] | undefined;
  benefits?: readonly DecimalInput[] | undefined;
}

/** Figures of one case: 12 significant digits, null where a figure does not apply; rates and ratios as decimals. */
export interface FinanceResult {
  id: string;
  convention: FlowConvention | 'dated';
  /** What the discounted figures rest on, in words: part of their label. */
  basis: string;
  npv: number | null;
  pvBenefits: number | null;
  pvCosts: number | null;
  roi: number | null;
  bcr: number | null;
  irrStatus: RateOfReturn['status'] | null;
  irrRoots: number[] | null;
  /** Where IRR is not unique although there are inflows and outflows: NPV by flat rate, ascending. */
  npvCurve: { rate: number; npv: number }[];
  mirr: number | null;
  xirr: number | null;
  xnpv: number | null;
  /** Years from time zero (dated flows: from the first flow). */
  payback: number | null;
  /** The cumulative net falls below zero again later. */
  paybackCrossesBack: boolean;
  /** Under `tei` only: as its studies print it, `< 6 months`. */
  paybackWords: string | null;
  discountedPayback: number | null;
  discountedPaybackCrossesBack: boolean;
  /** Only for a `green-book` case without flows: the factors of the years 0 to 75. */
  discountFactor?: Record<string, number> | undefined;
}
