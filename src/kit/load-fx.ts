import {
  addDays,
  type CostLine,
  type CurrencyCode,
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

/**
 * Projects with a figure that a rate of one of the currencies can change: those that convert from or into it, on a date
 * that is not before the first one they need. `last`: the latest changed date; absent, any date.
 */
export async function projectsUsingCurrencies(
  { fx }: Pick<Repositories, 'fx'>,
  projects: readonly Project[],
  changed: readonly { currency: CurrencyCode; last?: LocalDate | undefined }[],
): Promise<string[]> {
  if (changed.length === 0 || projects.length === 0) return [];
  const configured = await fx.configuredAt();
  const ofCosts = await fx.costCurrencies();
  const uses = (project: Project): boolean => {
    const costs = ofCosts
      .filter((cost) =>
        project.costSources.some(
          ({ connector, stream, projectRef }) =>
            cost.connector === connector && cost.stream === stream && cost.projectRef === projectRef,
        ),
      )
      .map(({ currency, firstPostedOn }) => ({ currency, postingDate: firstPostedOn }));
    const { currencies, from } = fxNeeds(project, costs, configured);
    return changed.some(({ currency, last }) => currencies.includes(currency) && (last === undefined || last >= from));
  };
  return projects.filter(uses).map(({ id }) => id);
}
