import { factorOver, flatRate } from '../finance/discount-steps.ts';
import { YEAR_DAYS } from '../finance/discounting.ts';
import { irrOfTicks, modifiedRate, type RateOfReturn, xirr } from '../finance/irr.ts';
import { npvCurve } from '../finance/npv-curve.ts';
import { payback } from '../finance/payback.ts';
import { Decimal, moneyString, ratioString } from '../money/decimal.ts';
import { addDays, daysBetween } from '../time/dates.ts';
import type { DecimalString, Project } from '../types.ts';
import type { MonthlyFlow } from './cash-flows.ts';
import { discountStepsOf, type FlowSide, flowTimeOf, isInitial, projectYearAt } from './flow-time.ts';
import type { IrrOutput, PaybackOutput, RoiOutputs } from './outputs.ts';
import { discountFactorOf, inBasisPrices, npvAtRates } from './present-value.ts';

export const NO_IRR: IrrOutput = { status: 'not-applicable', value: null, roots: [] };
export const NO_PAYBACK: PaybackOutput = { years: null, date: null, crossesBack: false };
const RATE_DIGITS = 12;
const SIDES = ['benefit', 'cost'] as const satisfies readonly FlowSide[];

const rateString = (rate: Decimal): DecimalString => ratioString(rate.toSignificantDigits(RATE_DIGITS));

/**
 * Every internal rate of return of the flows where the convention places them (`dated`: XIRR; else IRR of the yearly
 * columns), in basis prices. Not applicable without both an outflow and an inflow.
 */
export function irrOf(project: Project, flows: readonly MonthlyFlow[]): IrrOutput {
  const rates = ratesOf(project, inBasisPrices(project, flows));
  if (rates === null) return NO_IRR;
  const roots = rates.roots.map(rateString);
  return { status: rates.status, value: rates.status === 'unique' ? (roots[0] ?? null) : null, roots };
}

function ratesOf(project: Project, flows: readonly MonthlyFlow[]): RateOfReturn | null {
  if (project.convention === 'dated') {
    const net = flows.map(({ date, benefit, cost }) => ({ date, amount: benefit.minus(cost) }));
    return hasBothSigns(net.map(({ amount }) => amount)) ? xirr(net) : null;
  }
  const net = netBy(flows, (date, side) => flowTimeOf(project, date, side).ticks);
  return hasBothSigns([...net.values()]) ? irrOfTicks([...net], 2) : null;
}

function hasBothSigns(amounts: readonly Decimal[]): boolean {
  return amounts.some((amount) => amount.gt(0)) && amounts.some((amount) => amount.lt(0));
}

/** Net amounts by whatever time a flow's side belongs to. */
function netBy(flows: readonly MonthlyFlow[], timeOf: (date: string, side: FlowSide) => number): Map<number, Decimal> {
  const net = new Map<number, Decimal>();
  for (const flow of flows)
    for (const side of SIDES) {
      const amount = side === 'benefit' ? flow.benefit : flow.cost.neg();
      const time = timeOf(flow.date, side);
      net.set(time, (net.get(time) ?? new Decimal(0)).plus(amount));
    }
  return net;
}

/** Net flows by column, in basis prices: the years of the project, under `tei` behind the initial one. */
export function yearlyNetFlows(project: Project, flows: readonly MonthlyFlow[]): Decimal[] {
  const initial = project.convention === 'tei' ? 1 : 0;
  const net = netBy(inBasisPrices(project, flows), (date, side) =>
    isInitial(project, date, side) ? 0 : projectYearAt(project, date) + initial,
  );
  return Array.from({ length: Math.max(0, ...net.keys()) + 1 }, (_, year) => net.get(year) ?? new Decimal(0));
}

/**
 * Modified IRR of the net flows by year of the project (under `tei` behind the initial column; what was before t0 is in
 * the first), outflows financed and inflows reinvested at the project's own rates. Null where all is one year's, and
 * without both an outflow and an inflow.
 */
export function mirrOf(project: Project, flows: readonly MonthlyFlow[]): DecimalString | null {
  const columns = yearlyNetFlows(project, flows);
  const steps = discountStepsOf(project);
  const factors = columns.map((_, year) => factorOver(steps, year, 1));
  const rate = modifiedRate(columns, factors, factors, columns.length - 1);
  return rate && rateString(rate);
}

/** NPV by flat rate, where there are inflows and outflows and yet no single IRR; else empty. */
export function npvCurveOf(project: Project, flows: readonly MonthlyFlow[]): RoiOutputs['npvCurve'] {
  const real = inBasisPrices(project, flows);
  const rates = ratesOf(project, real);
  if (rates === null || rates.status === 'unique') return [];
  const own = discountStepsOf(project).map(({ rate }) => rate);
  return npvCurve((rate) => npvAtRates(project, real, flatRate(rate)), [...own, ...rates.roots]).map(
    ({ rate, npv }) => ({ rate: rateString(rate), npv: moneyString(npv) }),
  );
}

/** Years from t0 by act/365; the date is the first day on which the cumulative net is no longer below zero. */
export function paybackOf(project: Project, flows: readonly MonthlyFlow[], discount: boolean): PaybackOutput {
  // Where nothing was ever spent there is nothing to pay back.
  if (!flows.some(({ cost }) => cost.gt(0))) return NO_PAYBACK;
  const worth = ({ date, benefit, cost }: MonthlyFlow): Decimal =>
    discount
      ? benefit
          .times(discountFactorOf(project, date, 'benefit'))
          .minus(cost.times(discountFactorOf(project, date, 'cost')))
      : benefit.minus(cost);
  const result = payback(
    (discount ? flows : inBasisPrices(project, flows)).map((flow) => ({
      at: new Decimal(daysBetween(project.startsOn, flow.date)),
      amount: worth(flow),
    })),
  );
  if (result.at === null) return NO_PAYBACK;
  return {
    years: ratioString(result.at.div(YEAR_DAYS)),
    date: addDays(project.startsOn, result.at.ceil().toNumber()),
    crossesBack: result.crossesBack,
  };
}
