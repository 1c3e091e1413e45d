import { Decimal, sum } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import { fiscalYears } from '../time/fiscal.ts';
import type { LocalDate } from '../types.ts';
import { moneyOrNull } from './figures.ts';
import type { FiscalYearOutput, ValueWarning } from './outputs.ts';
import type { Valuation } from './valuation.ts';

interface Entry {
  date: LocalDate;
  amount: Decimal;
}

/**
 * Figures to date by year of the fiscal calendar, from the first that holds an amount to the last: a benefit belongs to the year
 * with the last day of its period, a cost to that of its posting date. Amounts that a table does not reach are in no
 * year, which a warning says.
 */
export function fiscalYearsOf({ input, metrics, costs, benefitToDate }: Valuation): {
  years: FiscalYearOutput[];
  warnings: ValueWarning[];
} {
  const { project } = input;
  const benefits = metrics.flatMap(({ counted }) =>
    counted.map(({ to, benefit }) => ({ date: addDays(to, -1), amount: benefit })),
  );
  const dates = [...benefits, ...costs.counted].map(({ date }) => date).sort();
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined || last === undefined) return { years: [], warnings: [] };
  const years = fiscalYears(project.fiscalCalendar, first, addDays(last, 1));
  const within = (entries: readonly Entry[], from: LocalDate, to: LocalDate): Decimal =>
    sum(entries.filter(({ date }) => from <= date && date < to).map(({ amount }) => amount));
  const outside = dates.filter((date) => !years.some(({ from, to }) => from <= date && date < to));
  return {
    years: years.map(({ name, from, to }) => {
      const benefit = benefitToDate && within(benefits, from, to);
      const cost = costs.toDate && within(costs.counted, from, to);
      const net = benefit && cost && benefit.minus(cost);
      return { name, from, to, benefit: moneyOrNull(benefit), cost: moneyOrNull(cost), net: moneyOrNull(net) };
    }),
    warnings:
      outside.length === 0
        ? []
        : [
            {
              code: 'value/partial',
              metricId: null,
              message: `the fiscal calendar has no year for ${outside.length} ${outside.length === 1 ? 'amount' : 'amounts'}, the first of ${outside[0]}; the fiscal years leave ${outside.length === 1 ? 'it' : 'them'} out`,
            },
          ],
  };
}
