import { canonicalHash } from './canonical.ts';
import type { RoiInput } from './input.ts';
import { engineVersion } from './roi.ts';

/**
 * SHA-256 over all that the figures rest on: project, date, samples, costs, exchange rates and the engine's version.
 * Where and when a sample was fetched is not part of it, nor is the order in which rows were read.
 */
export function inputsHash(input: RoiInput): string {
  return canonicalHash({
    engineVersion,
    project: input.project,
    asOf: input.asOf,
    closedBefore: input.closedBefore,
    metrics: input.metrics,
    costs: input.costs
      .map(({ sourceKey, projectRef, kind, pool, amount, currency, postingDate, cashDate, correctionOf, text }) =>
        canonicalHash({
          sourceKey,
          projectRef,
          kind,
          pool,
          amount,
          currency,
          postingDate,
          cashDate,
          correctionOf,
          text,
        }),
      )
      .sort(),
    unreadCostSources: input.unreadCostSources,
    fxRates: input.fxRates.map((rate) => canonicalHash(rate)).sort(),
    fxQuotes: input.fxQuotes.map((quote) => canonicalHash(quote)).sort(),
  });
}
