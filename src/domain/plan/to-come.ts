import type { ToCome } from '../doubt/to-come.ts';
import { Decimal } from '../money/decimal.ts';
import { monthlyFlows } from '../value/cash-flows.ts';
import { presentValueOf } from '../value/present-value.ts';
import type { Valuation } from '../value/valuation.ts';
import type { Completion } from './completion.ts';

/** What a completion expects, discounted, as the simulation varies it: benefits after the plan's confidence, costs with the risk. */
export function toComeOf({ input: { project } }: Valuation, completion: Completion): ToCome {
  const { expectedBenefits, expectedCosts, presentValue, metrics, until } = completion;
  return {
    npv: presentValue.benefits.minus(presentValue.costs),
    pvCosts: presentValue.costs,
    benefits: metrics.flatMap(({ metricId, confidence }) => {
      const rows = expectedBenefits.filter((row) => row.metricId === metricId);
      if (rows.length === 0) return [];
      const flows = monthlyFlows(rows, [], project, until);
      return { metricId, presentValue: presentValueOf(project, flows).benefits, confidence };
    }),
    pvCostsToCome:
      expectedCosts.length === 0
        ? new Decimal(0)
        : presentValueOf(project, monthlyFlows([], expectedCosts, project, until)).costs,
  };
}
