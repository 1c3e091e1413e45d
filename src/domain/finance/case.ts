import { Decimal, type DecimalInput } from '../money/decimal.ts';
import type { FlowTiming, LocalDate } from '../types.ts';
import { evaluateDated } from './case-dated.ts';
import { evaluateRegular } from './case-regular.ts';
import { type CaseTerms, figure, nothing } from './case-terms.ts';
import { flatRate, merged, type RateStep } from './discount-steps.ts';
import { GREEN_BOOK_STEPS, greenBookFactor } from './discounting.ts';
import { type FlowConvention, timingsOf } from './flow-times.ts';
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

const GREEN_BOOK_TABLE_YEARS = 75;
const TIMINGS: readonly string[] = ['start', 'mid', 'end'] satisfies FlowTiming[];

function conventionOf(input: FinanceCase): FlowConvention {
  if (input.convention) return input.convention;
  const said = input.timing !== undefined && !TIMINGS.includes(input.timing) && /\bend\b/.test(input.timing);
  return said ? 'excel' : 'npv0';
}

function stepsOf(rates: DecimalInput | RatesInput): RateStep[] {
  if (!Array.isArray(rates)) return flatRate(rates as DecimalInput);
  return merged(
    (rates as RatesInput).map((entry, index) =>
      typeof entry === 'object' && 'fromYear' in entry
        ? { fromYear: entry.fromYear, rate: new Decimal(entry.rate) }
        : { fromYear: index, rate: new Decimal(entry) },
    ),
  );
}

function termsOf(input: FinanceCase): CaseTerms {
  const convention = input.datedFlows ? 'dated' : conventionOf(input);
  const given = input.rates ?? input.rate;
  const own = given === undefined ? null : stepsOf(given);
  const timing = TIMINGS.find((known) => known === input.timing) as FlowTiming | undefined;
  return {
    id: input.id,
    convention,
    timing: convention === 'dated' ? 'start' : (timing ?? timingsOf(convention)[0] ?? 'start'),
    rates: convention === 'green-book' ? [...GREEN_BOOK_STEPS] : own,
    financeRates: input.financeRate === undefined ? null : flatRate(input.financeRate),
    reinvestRates: input.reinvestRate === undefined ? null : flatRate(input.reinvestRate),
    inflation: input.inflation === undefined ? null : stepsOf(input.inflation),
    costRisk: new Decimal(input.costRisk ?? 0),
    benefitRisk: new Decimal(input.benefitRisk ?? 0),
  };
}

/**
 * Every figure that a case allows. Costs and benefits are positive amounts by year (index 0 is time zero) and give ROI =
 * (PVB − PVC)/PVC and BCR = PVB/PVC; bare flows have no such split, so both are null. Without a rate everything that
 * is discounted is null. Payback is interpolated within a period.
 */
export function evaluateFinanceCase(input: FinanceCase): FinanceResult {
  const terms = termsOf(input);
  if (input.datedFlows) return evaluateDated(terms, input.datedFlows);
  if (input.costs && input.benefits) {
    const grown = new Decimal(1).plus(terms.costRisk);
    const shrunk = new Decimal(1).minus(terms.benefitRisk);
    return evaluateRegular(terms, {
      costs: input.costs.map((amount) => grown.times(amount)),
      benefits: input.benefits.map((amount) => shrunk.times(amount)),
    });
  }
  if (input.flows) return evaluateRegular(terms, { net: input.flows.map((amount) => new Decimal(amount)) });
  if (terms.convention !== 'green-book') return nothing(terms);
  const years = Array.from({ length: GREEN_BOOK_TABLE_YEARS + 1 }, (_, year) => year);
  return {
    ...nothing(terms),
    discountFactor: Object.fromEntries(years.map((year) => [String(year), figure(greenBookFactor(year))])),
  };
}

/** Results of all cases, in their order. */
export function evaluateFinanceDocument(document: { cases: readonly FinanceCase[] }): FinanceResult[] {
  return document.cases.map((input) => evaluateFinanceCase(input));
}
