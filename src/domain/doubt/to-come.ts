import type { Decimal } from '../money/decimal.ts';

/** What is expected from `asOf` on, in the prices of the project's start, as the forecast at completion counts it. */
export interface ToCome {
  /** NPV and PV of all costs at completion, actuals included. */
  npv: Decimal;
  pvCosts: Decimal;
  /** Expected benefit of each metric after confidence. */
  benefits: readonly { metricId: string; presentValue: Decimal; confidence: string }[];
  /** Costs not spent yet, with the project's risk r in them. */
  pvCostsToCome: Decimal;
}
