import { YEAR_DAYS } from '../finance/discounting.ts';
import { xirr } from '../finance/irr.ts';
import { payback } from '../finance/payback.ts';
import { Decimal, ratioString } from '../money/decimal.ts';
import { addDays, daysBetween } from '../time/dates.ts';
import type { Project } from '../types.ts';
import type { MonthlyFlow } from './cash-flows.ts';
import type { IrrOutput, PaybackOutput } from './outputs.ts';
import { discountFactorOf } from './present-value.ts';

export const NO_IRR: IrrOutput = { status: 'not-applicable', value: null, roots: [] };
export const NO_PAYBACK: PaybackOutput = { years: null, date: null, crossesBack: false };
const RATE_DIGITS = 12;

/** Not applicable without both an outflow and an inflow. */
export function irrOf(flows: readonly MonthlyFlow[]): IrrOutput {
  const net = flows.map(({ date, benefit, cost }) => ({ date, amount: benefit.minus(cost) }));
  if (!net.some(({ amount }) => amount.gt(0)) || !net.some(({ amount }) => amount.lt(0))) return NO_IRR;
  const { status, roots } = xirr(net);
  const figures = roots.map((root) => ratioString(root.toSignificantDigits(RATE_DIGITS)));
  return { status, value: status === 'unique' ? (figures[0] ?? null) : null, roots: figures };
}

/** Years from t0 by act/365; the date is the first day on which the cumulative net is no longer below zero. */
export function paybackOf(project: Project, flows: readonly MonthlyFlow[], discount: boolean): PaybackOutput {
  if (flows.length === 0) return NO_PAYBACK;
  const result = payback(
    flows.map(({ date, benefit, cost }) => {
      const net = benefit.minus(cost);
      const amount = discount ? net.times(discountFactorOf(project, date)) : net;
      return { at: new Decimal(daysBetween(project.startsOn, date)), amount };
    }),
  );
  if (result.at === null) return NO_PAYBACK;
  return {
    years: ratioString(result.at.div(YEAR_DAYS)),
    date: addDays(project.startsOn, result.at.ceil().toNumber()),
    crossesBack: result.crossesBack,
  };
}
