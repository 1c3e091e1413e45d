import { addDays } from '../time/dates.ts';
import type { CostLine, CurrencyCode, FxRate, LocalDate, Project } from '../types.ts';
import { FX_MAX_AGE_DAYS } from './fx-lookup.ts';

export interface FxNeeds {
  /** Currencies of amounts that are converted into the project's; ascending. */
  converted: CurrencyCode[];
  /**
   * Currencies between which figures of the project are converted, its own included, and those that a configured rate leads
   * through; ascending. Empty where everything is in one currency.
   */
  currencies: CurrencyCode[];
  /** First date of which a quote may count. */
  from: LocalDate;
}

/** What exchange rates a project can need: its own, its rates', costs' and plans' currencies, from its first date on. */
export function fxNeeds(
  project: Project,
  costs: readonly Pick<CostLine, 'currency' | 'postingDate'>[],
  configured: readonly FxRate[] = [],
): FxNeeds {
  const used = new Set([project.currency]);
  let first = project.startsOn;
  const from = (date: LocalDate): void => {
    if (date < first) first = date;
  };
  for (const { rates, startsOn } of project.metrics) {
    from(startsOn);
    for (const { currency } of rates) used.add(currency);
  }
  for (const { currency, postingDate } of [...project.manualCosts, ...costs]) {
    used.add(currency);
    if (currency !== project.currency) from(postingDate);
  }
  for (const plan of project.plans) {
    from(plan.frozenOn);
    for (const { currency, date } of plan.costs) {
      used.add(currency);
      if (currency !== project.currency) from(date);
    }
    for (const { rate, startsOn } of plan.benefits) {
      from(startsOn);
      used.add(rate.currency);
    }
  }
  const currencies = used.size < 2 ? [] : [...withPivots(used, configured)].sort();
  const converted = [...used].filter((code) => code !== project.currency).sort();
  return { converted, currencies, from: addDays(first, -FX_MAX_AGE_DAYS) };
}

/** The configured rates that lead from or to one of the currencies: others cannot change a figure. */
export function relevantFxRates(rates: readonly FxRate[], currencies: readonly CurrencyCode[]): FxRate[] {
  return rates.filter(({ from, to }) => currencies.includes(from) || currencies.includes(to));
}

/** One step further: a rate VND→USD makes the quotes of USD matter to a project that has costs in VND. */
function withPivots(used: ReadonlySet<CurrencyCode>, configured: readonly FxRate[]): Set<CurrencyCode> {
  const all = new Set(used);
  for (const { from, to } of configured) {
    if (used.has(from)) all.add(to);
    if (used.has(to)) all.add(from);
  }
  return all;
}

/** Both currencies of every rate that only one of the two tables has, ascending; the order of rates does not matter. */
export function changedFxCurrencies(before: readonly FxRate[], after: readonly FxRate[]): CurrencyCode[] {
  const keyed = (rates: readonly FxRate[]) =>
    new Map(
      rates.map((rate) => {
        const { from, to, rate: figure, validFrom, validTo, source } = rate;
        return [JSON.stringify([from, to, figure, validFrom, validTo, source]), rate];
      }),
    );
  const [old, fresh] = [keyed(before), keyed(after)];
  const currencies = new Set<CurrencyCode>();
  for (const [key, { from, to }] of [...old, ...fresh])
    if (old.has(key) !== fresh.has(key)) for (const currency of [from, to]) currencies.add(currency);
  return [...currencies].sort();
}
