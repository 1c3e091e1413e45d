import { Decimal } from '../money/decimal.ts';
import { addDays, daysBetween, earlier, later } from '../time/dates.ts';
import { periodAt } from '../time/periods.ts';
import type { LocalDate, Project } from '../types.ts';

export interface MonthlyFlow {
  date: LocalDate;
  benefit: Decimal;
  cost: Decimal;
}

interface Entry {
  date: LocalDate;
  amount: Decimal;
}

/**
 * Flows by calendar month, ascending: a benefit belongs to the month that holds its period's last day, a cost to that
 * of its posting date. `start`: dated the month's first day (the project's first month: its start); `mid`: the day in
 * the middle; `end`: the last day. None is dated past `asOf`.
 */
export function monthlyFlows(
  benefits: readonly Entry[],
  costs: readonly Entry[],
  project: Pick<Project, 'timing' | 'startsOn'>,
  asOf: LocalDate,
): MonthlyFlow[] {
  const months = new Map<LocalDate, { benefit: Decimal; cost: Decimal }>();
  const add = (entries: readonly Entry[], side: 'benefit' | 'cost'): void => {
    for (const { date, amount } of entries) {
      const month = `${date.slice(0, 7)}-01`;
      const known = months.get(month) ?? { benefit: new Decimal(0), cost: new Decimal(0) };
      known[side] = known[side].plus(amount);
      months.set(month, known);
    }
  };
  add(benefits, 'benefit');
  add(costs, 'cost');
  return [...months]
    .map(([month, amounts]) => ({ date: flowDate(month, project, asOf), ...amounts }))
    .sort((a, b) => (a.date < b.date ? -1 : 1));
}

function flowDate(
  month: LocalDate,
  { timing, startsOn }: Pick<Project, 'timing' | 'startsOn'>,
  asOf: LocalDate,
): LocalDate {
  const { to } = periodAt(month, 'month');
  const from = startsOn < to ? later(month, startsOn) : month;
  switch (timing) {
    case 'start':
      return earlier(from, asOf);
    case 'mid':
      return earlier(addDays(from, Math.floor(daysBetween(from, to) / 2)), asOf);
    case 'end':
      return earlier(addDays(to, -1), asOf);
  }
}
