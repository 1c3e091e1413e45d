import { Decimal, divideOrNull } from '../money/decimal.ts';
import { money, ratioOrNull } from '../value/figures.ts';
import type { VarianceParts } from '../value/outputs.ts';

/** The parts of a difference, in money's places, so that they sum to it without any rest. */
export interface Parts {
  volume: Decimal;
  rate: Decimal;
  timing: Decimal;
  fx: Decimal;
}
export const NO_PARTS: Parts = {
  volume: new Decimal(0),
  rate: new Decimal(0),
  timing: new Decimal(0),
  fx: new Decimal(0),
};

export const addParts = (a: Parts, b: Parts): Parts => ({
  volume: a.volume.plus(b.volume),
  rate: a.rate.plus(b.rate),
  timing: a.timing.plus(b.timing),
  fx: a.fx.plus(b.fx),
});

/** The share is of the plan's size, so that it has the total's sign also where the plan is a loss; null where the plan is zero. */
export function varianceOutput(parts: Parts, plan: Decimal): VarianceParts {
  const total = parts.volume.plus(parts.rate).plus(parts.timing).plus(parts.fx);
  return {
    total: money(total),
    share: ratioOrNull(divideOrNull(total, plan.abs())),
    volume: money(parts.volume),
    rate: money(parts.rate),
    timing: money(parts.timing),
    fx: money(parts.fx),
  };
}
