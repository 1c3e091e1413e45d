import { factorOver, flatRate, merged, type RateStep } from '../finance/discount-steps.ts';
import { GREEN_BOOK_STEPS, YEAR_DAYS } from '../finance/discounting.ts';
import { Decimal } from '../money/decimal.ts';
import { addDays, addYears, daysBetween, earlier, later } from '../time/dates.ts';
import { periodAt } from '../time/periods.ts';
import type { LocalDate, Project } from '../types.ts';

export type FlowSide = 'benefit' | 'cost';

/** A time since t0 in whole ticks of a year. */
export interface FlowTime {
  ticks: number;
  ticksPerYear: number;
}

const HALVES = { start: 0, mid: 1, end: 2 } as const;

/** Whole years of the project that are over before a date: 0 in its first year, −1 before its start. */
export function projectYearAt({ startsOn }: Pick<Project, 'startsOn'>, date: LocalDate): number {
  if (date < startsOn) return -1;
  const guess = Number(date.slice(0, 4)) - Number(startsOn.slice(0, 4));
  return addYears(startsOn, guess) <= date ? guess : guess - 1;
}

/** TEI's initial column: costs of the month that holds t0, and of any before it. */
export function isInitial(project: Pick<Project, 'startsOn' | 'convention'>, date: LocalDate, side: FlowSide): boolean {
  if (date < project.startsOn) return true;
  return project.convention === 'tei' && side === 'cost' && date < periodAt(project.startsOn, 'month').to;
}

/**
 * When a flow counts as paid. `dated`: on its day, act/365. The others by years of the project, and what was before
 * t0 at t0: `excel` and `tei` at the year's end (or its middle or start, as `timing` says), `green-book` and
 * `servicenow` with the first year at time zero.
 */
export function flowTimeOf(project: Project, date: LocalDate, side: FlowSide): FlowTime {
  const { convention, timing } = project;
  if (convention === 'dated') return { ticks: daysBetween(project.startsOn, date), ticksPerYear: YEAR_DAYS };
  if (isInitial(project, date, side)) return { ticks: 0, ticksPerYear: 2 };
  const within = convention === 'tei' || convention === 'excel' ? HALVES[timing] : 0;
  return { ticks: 2 * projectYearAt(project, date) + within, ticksPerYear: 2 };
}

/** The project's rates by year; the Green Book has its own. No rate at all is zero. */
export function discountStepsOf({
  convention,
  discount,
}: Pick<Project, 'convention' | 'discount'>): readonly RateStep[] {
  if (convention === 'green-book') return GREEN_BOOK_STEPS;
  if (discount.length === 0) return flatRate(0);
  return merged(discount.map(({ fromYear, rate }) => ({ fromYear, rate: new Decimal(rate) })));
}

/**
 * Factor that brings an amount of that date to the prices of the middle of the base year (2 July), act/365 as
 * discounting, so that (1 + nominal) = (1 + real)(1 + inflation) holds exactly. Inflation changes on 1 January; the
 * first step's holds before it too. 1 where the price basis is nominal.
 */
export function deflatorOf({ priceBasis }: Pick<Project, 'priceBasis'>, date: LocalDate): Decimal {
  if (priceBasis.kind === 'nominal') return new Decimal(1);
  const base = middleOf(priceBasis.baseYear);
  const [from, to] = base < date ? [base, date] : [date, base];
  let growth: Decimal = new Decimal(1);
  const { inflation } = priceBasis;
  for (const [index, { fromYear, rate }] of inflation.entries()) {
    const next = inflation[index + 1];
    const starts = index === 0 ? from : later(from, firstOf(fromYear));
    const ends = next ? earlier(to, firstOf(next.fromYear)) : to;
    if (starts < ends) growth = growth.times(factorOver(flatRate(rate), -daysBetween(starts, ends), YEAR_DAYS));
  }
  return base < date ? new Decimal(1).div(growth) : growth;
}

const firstOf = (year: number): LocalDate => `${String(year).padStart(4, '0')}-01-01`;
function middleOf(year: number): LocalDate {
  const days = daysBetween(firstOf(year), firstOf(year + 1));
  return addDays(firstOf(year), Math.floor(days / 2));
}
