import { Decimal, type DecimalInput, divideOrNull } from '../money/decimal.ts';
import { daysBetween } from '../time/dates.ts';
import type { LocalDate } from '../types.ts';
import {
  combineSameDay,
  datedDiscountFactor,
  type FlowConvention,
  factorAt,
  firstFlowAt,
  greenBookFactor,
  presentValue,
  xnpv,
  YEAR_DAYS,
} from './discounting.ts';
import { irr, mirr, type RateOfReturn, xirr } from './irr.ts';
import { payback, type TimedFlow } from './payback.ts';

/** One case of a finance document, already validated. At most one kind of flows is given. */
export interface FinanceCase {
  id: string;
  /** Absent: `npv0`, or `excel` when `timing` says that the first flow too comes at its period's end. */
  convention?: FlowConvention | undefined;
  timing?: string | undefined;
  rate?: DecimalInput | undefined;
  /** MIRR's rates; absent: `rate`. */
  financeRate?: DecimalInput | undefined;
  reinvestRate?: DecimalInput | undefined;
  flows?: readonly DecimalInput[] | undefined;
  datedFlows?: readonly (readonly [LocalDate, DecimalInput])[] | undefined;
  costs?: readonly DecimalInput[] | undefined;
  benefits?: readonly DecimalInput[] | undefined;
}

/** Figures of one case: 12 significant digits, null where a figure does not apply; rates and ratios as decimals. */
export interface FinanceResult {
  id: string;
  npv: number | null;
  roi: number | null;
  bcr: number | null;
  irrStatus: RateOfReturn['status'] | null;
  irrRoots: number[] | null;
  mirr: number | null;
  xirr: number | null;
  xnpv: number | null;
  /** Years from time zero (dated flows: from the first flow). */
  payback: number | null;
  discountedPayback: number | null;
  /** Only for a `green-book` case without flows: the factors of the years 0 to 75. */
  discountFactor?: Record<string, number> | undefined;
}

const SIGNIFICANT_DIGITS = 12;
const GREEN_BOOK_TABLE_YEARS = 75;

function figure(value: Decimal): number;
function figure(value: Decimal | null): number | null;
function figure(value: Decimal | null): number | null {
  return value === null ? null : value.toSignificantDigits(SIGNIFICANT_DIGITS).plus(0).toNumber();
}
const decimals = (values: readonly DecimalInput[]): Decimal[] => values.map((value) => new Decimal(value));
const decimalOrNull = (value: DecimalInput | undefined): Decimal | null =>
  value === undefined ? null : new Decimal(value);

function conventionOf(input: FinanceCase): FlowConvention {
  if (input.convention) return input.convention;
  return input.timing !== undefined && /\bend\b/.test(input.timing) ? 'excel' : 'npv0';
}

const nothing = (id: string): FinanceResult => ({
  id,
  npv: null,
  roi: null,
  bcr: null,
  irrStatus: null,
  irrRoots: null,
  mirr: null,
  xirr: null,
  xnpv: null,
  payback: null,
  discountedPayback: null,
});

/**
 * Every figure that a case allows. Costs and benefits are positive amounts by year (index 0 is time zero) and give ROI =
 * (PVB − PVC)/PVC and BCR = PVB/PVC; bare flows have no such split, so both are null. Without a rate everything that
 * is discounted is null. Payback is interpolated within a period.
 */
export function evaluateFinanceCase(input: FinanceCase): FinanceResult {
  const rate = decimalOrNull(input.rate);
  if (input.datedFlows) return evaluateDated(input.id, input.datedFlows, rate);
  const convention = conventionOf(input);
  if (input.costs && input.benefits) {
    const costs = decimals(input.costs);
    const benefits = decimals(input.benefits);
    const length = Math.max(costs.length, benefits.length);
    const net = Array.from({ length }, (_, index) => (benefits[index] ?? new Decimal(0)).minus(costs[index] ?? 0));
    const pvCosts = presentValue(costs, rate, convention);
    const pvBenefits = presentValue(benefits, rate, convention);
    const gain = pvBenefits && pvCosts && pvBenefits.minus(pvCosts);
    return {
      ...evaluateRegular(input, net, rate, convention),
      roi: figure(gain && pvCosts && divideOrNull(gain, pvCosts)),
      bcr: figure(pvBenefits && pvCosts && divideOrNull(pvBenefits, pvCosts)),
    };
  }
  if (input.flows) return evaluateRegular(input, decimals(input.flows), rate, convention);
  if (convention !== 'green-book') return nothing(input.id);
  const years = Array.from({ length: GREEN_BOOK_TABLE_YEARS + 1 }, (_, year) => year);
  return {
    ...nothing(input.id),
    discountFactor: Object.fromEntries(years.map((year) => [String(year), figure(greenBookFactor(year))])),
  };
}

function evaluateRegular(
  input: FinanceCase,
  flows: readonly Decimal[],
  rate: Decimal | null,
  convention: FlowConvention,
): FinanceResult {
  const rates = irr(flows);
  const financeRate = decimalOrNull(input.financeRate) ?? rate;
  const reinvestRate = decimalOrNull(input.reinvestRate) ?? rate;
  const timed: TimedFlow[] = flows.map((amount, index) => ({
    at: new Decimal(index + firstFlowAt(convention)),
    amount,
  }));
  const discounted = timed.map(({ at, amount }, index) => {
    const factor = factorAt(convention, rate, index);
    return factor && { at, amount: amount.times(factor) };
  });
  return {
    ...nothing(input.id),
    npv: figure(presentValue(flows, rate, convention)),
    irrStatus: rates.status,
    irrRoots: rates.roots.map((root) => figure(root)),
    mirr: figure(financeRate && reinvestRate && mirr(flows, financeRate, reinvestRate)),
    payback: figure(payback(timed).at),
    discountedPayback: discounted.every((flow) => flow !== null) ? figure(payback(discounted).at) : null,
  };
}

function evaluateDated(
  id: string,
  entries: readonly (readonly [LocalDate, DecimalInput])[],
  rate: Decimal | null,
): FinanceResult {
  const flows = combineSameDay(entries.map(([date, amount]) => ({ date, amount: new Decimal(amount) })));
  const start = flows[0]?.date;
  if (start === undefined) return nothing(id);
  const rates = xirr(flows);
  const timed = flows.map(({ date, amount }) => {
    const days = daysBetween(start, date);
    return { days, at: new Decimal(days).div(YEAR_DAYS), amount };
  });
  const discounted =
    rate && timed.map(({ days, at, amount }) => ({ at, amount: amount.times(datedDiscountFactor(rate, days)) }));
  return {
    ...nothing(id),
    irrStatus: rates.status,
    irrRoots: rates.roots.map((root) => figure(root)),
    xirr: rates.status === 'unique' ? figure(rates.roots[0] ?? null) : null,
    xnpv: figure(rate && xnpv(flows, rate)),
    payback: figure(payback(timed).at),
    discountedPayback: figure(discounted && payback(discounted).at),
  };
}

/** Results of all cases, in their order. */
export function evaluateFinanceDocument(document: { cases: readonly FinanceCase[] }): FinanceResult[] {
  return document.cases.map((input) => evaluateFinanceCase(input));
}
