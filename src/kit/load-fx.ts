import {
  addDays,
  type CostLine,
  type FxQuote,
  type FxRate,
  fxNeeds,
  type LocalDate,
  type Project,
  relevantFxRates,
} from '../domain/index.ts';
import type { Repositories } from './store/index.ts';

/**
 * The exchange rates that a project's figures as of a date can rest on, as recorded by `knownAtMs` (absent: now): for
 * `RoiInput`. Nothing dated after `asOf` is among the quotes; a project in one currency reads none.
 */
export async function loadFx(
  { fx }: Pick<Repositories, 'fx'>,
  project: Project,
  costs: readonly Pick<CostLine, 'currency' | 'postingDate'>[],
  { asOf, knownAtMs }: { asOf: LocalDate; knownAtMs?: number | undefined },
): Promise<{ fxRates: FxRate[]; fxQuotes: FxQuote[] }> {
  const configured = await fx.configuredAt(knownAtMs);
  const { currencies, from } = fxNeeds(project, costs, configured);
  if (currencies.length === 0) return { fxRates: [], fxQuotes: [] };
  return {
    fxRates: relevantFxRates(configured, currencies),
    fxQuotes: await fx.read({ currencies, from, to: addDays(asOf, 1), knownAtMs }),
  };
}
