import type { CostLine } from '../types.ts';
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
    costs: input.costs.map((line) => canonicalHash(costLineOf(line))).sort(),
    unreadCostSources: input.unreadCostSources,
    fxRates: input.fxRates.map((rate) => canonicalHash(rate)).sort(),
    fxQuotes: input.fxQuotes.map((quote) => canonicalHash(quote)).sort(),
  });
}

/** What the line says, without where and when it came from. */
function costLineOf(line: CostLine): CostLine {
  return {
    sourceKey: line.sourceKey,
    projectRef: line.projectRef,
    kind: line.kind,
    capitalisation: line.capitalisation,
    recurrence: line.recurrence,
    pool: line.pool,
    amount: line.amount,
    currency: line.currency,
    postingDate: line.postingDate,
    cashDate: line.cashDate,
    document: line.document,
    correctionOf: line.correctionOf,
    text: line.text,
  };
}
