import { Decimal } from '../money/decimal.ts';
import { addDays } from '../time/dates.ts';
import type { LocalDate, Project } from '../types.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
function written(date: LocalDate): string {
  const [year, month, day] = date.split('-').map(Number);
  return `${day} ${MONTHS[(month ?? 1) - 1]} ${year}`;
}

const TIMING_WORDS = { start: 'month starts', mid: 'mid-month', end: 'month ends' } as const;

/** What the headline rests on, in words: part of every label. */
export function basisOf(project: Project, closedBefore: LocalDate): string {
  const rate = new Decimal(project.discount[0]?.rate ?? '0').times(100).toFixed();
  return `closed periods to ${written(addDays(closedBefore, -1))}, flows at ${TIMING_WORDS[project.timing]} discounted at ${rate}% from ${written(project.startsOn)}`;
}
