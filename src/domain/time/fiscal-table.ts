import type { FiscalCalendar, LocalDate } from '../types.ts';
import { isLocalDate } from './dates.ts';

export interface FiscalTableProblem {
  /** `years[1].periods[0].from` */
  path: string;
  message: string;
}

/**
 * Everything that is wrong with a table of fiscal years, at once: empty, a date that does not exist, a period that ends
 * before it begins, a gap or an overlap with the one before, a name that is there twice. Empty: the periods tile the time.
 */
export function fiscalTableProblems({ years }: Extract<FiscalCalendar, { kind: 'table' }>): FiscalTableProblem[] {
  const problems: FiscalTableProblem[] = [];
  const say = (path: string, message: string): void => {
    problems.push({ path, message });
  };
  if (years.length === 0) say('years', 'a fiscal calendar needs at least one year');
  const yearNames = new Set<string>();
  let before: { name: string; to: LocalDate } | null = null;
  for (const [y, year] of years.entries()) {
    if (yearNames.has(year.name)) say(`years[${y}].name`, `the year ${year.name} is there twice`);
    yearNames.add(year.name);
    if (year.periods.length === 0) say(`years[${y}].periods`, `the year ${year.name} has no periods`);
    const names = new Set<string>();
    for (const [p, { name, from, to }] of year.periods.entries()) {
      const path = `years[${y}].periods[${p}]`;
      if (names.has(name)) say(`${path}.name`, `the period ${name} is there twice in ${year.name}`);
      names.add(name);
      const real = { from: isLocalDate(from), to: isLocalDate(to) };
      for (const end of ['from', 'to'] as const)
        if (!real[end])
          say(`${path}.${end}`, `expected a date of the calendar, YYYY-MM-DD, got ${year.periods[p]?.[end]}`);
      if (real.from && real.to && to <= from)
        say(
          `${path}.to`,
          `${name} must end after it begins: ${to} is not after ${from} (the end is the first day after it)`,
        );
      if (real.from && before && from > before.to)
        say(`${path}.from`, `gap: ${before.name} ends before ${before.to}, ${name} begins on ${from}`);
      if (real.from && before && from < before.to)
        say(`${path}.from`, `overlap: ${before.name} ends before ${before.to}, ${name} begins on ${from}`);
      before = real.to ? { name, to } : null;
    }
  }
  return problems;
}
