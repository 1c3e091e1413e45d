import { Decimal } from '../money/decimal.ts';

/** A net flow at a time, in any unit that grows; ascending. */
export interface TimedFlow {
  at: Decimal;
  amount: Decimal;
}

export interface Payback {
  /** Time of the first crossing of the cumulative net from below zero to zero or above; null: not reached. */
  at: Decimal | null;
  /** The cumulative net falls below zero again later. */
  crossesBack: boolean;
}

/**
 * First time that what was spent has come back, interpolated between the two flows about the crossing (the later flow
 * is taken to arrive evenly). Where nothing is ever outstanding it is the first flow's time. Null for no flows.
 */
export function payback(flows: readonly TimedFlow[]): Payback {
  const steps: { at: Decimal; amount: Decimal; before: Decimal; after: Decimal; start: Decimal }[] = [];
  let cumulative: Decimal = new Decimal(0);
  let start = flows[0]?.at ?? new Decimal(0);
  for (const { at, amount } of flows) {
    const after = cumulative.plus(amount);
    steps.push({ at, amount, before: cumulative, after, start });
    cumulative = after;
    start = at;
  }
  const first = steps[0];
  if (first === undefined) return { at: null, crossesBack: false };
  if (steps.every(({ after }) => after.gte(0))) return { at: first.at, crossesBack: false };
  const crossing = steps.findIndex(({ before, after }) => before.lt(0) && after.gte(0));
  const step = steps[crossing];
  if (step === undefined) return { at: null, crossesBack: false };
  const share = step.before.neg().div(step.amount);
  return {
    at: step.start.plus(step.at.minus(step.start).times(share)),
    crossesBack: steps.slice(crossing + 1).some(({ after }) => after.lt(0)),
  };
}
