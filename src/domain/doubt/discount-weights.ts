import { Decimal } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import type { LocalDate } from '../types.ts';
import { monthlyFlows } from '../value/cash-flows.ts';
import { presentValueOf } from '../value/present-value.ts';
import type { Valuation } from '../value/valuation.ts';

/** What one unit of benefit in a period that ends on `to` (excluded) is worth at the project's start: PV is linear in the flows. */
export function discountWeightsOf({ input }: Pick<Valuation, 'input'>): (to: LocalDate) => Decimal {
  const byMonth = new Map<string, Decimal>();
  return (to) => {
    const date = addDays(to, -1);
    const month = date.slice(0, 7);
    const known = byMonth.get(month);
    if (known !== undefined) return known;
    const unit = monthlyFlows([{ date, amount: new Decimal(1) }], [], input.project, input.asOf);
    const weight = presentValueOf(input.project, unit).benefits;
    byMonth.set(month, weight);
    return weight;
  };
}
