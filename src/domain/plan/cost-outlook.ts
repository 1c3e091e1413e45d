import { Decimal, sum } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import { addDays, later } from '../time/dates.ts';
import { fiscalPeriodAt } from '../time/fiscal.ts';
import { periodAt } from '../time/periods.ts';
import type { LocalDate } from '../types.ts';
import { commitmentsToCome, forecastsToCome, spentPostings } from '../value/cost-kinds.ts';
import { convertLines } from '../value/cost-lines.ts';
import type { RoiInput } from '../value/input.ts';
import type { PlannedCostValue, PlanValue } from './plan-value.ts';

export interface CostAmount {
  date: LocalDate;
  amount: Decimal;
  pool: string;
}
/** What is spent, at one book's rates, and what is expected to be. */
export interface CostOutlook {
  spent: CostAmount[];
  expected: CostAmount[];
  basis: 'lines' | 'plan';
}

const ZERO = new Decimal(0);

/**
 * Cost to come. Where there are commitments or forecast lines they say it: what is open of commitments, from the day after
 * `asOf` at the earliest, and forecasts of later dates, each times (1 + cost risk). Otherwise what remains of the plan:
 * what was planned after `asOf`, and one-off costs that were planned by now but are not spent, for an invoice that is late is
 * not a saving (running costs that were not spent are). A one-off cost spent earlier in its pool than planned is not expected
 * again when it was planned for the same fiscal period. Null: a line has no rate in this book.
 */
export function costOutlook(input: RoiInput, plan: Pick<PlanValue, 'costs'>, fx: FxBook): CostOutlook | null {
  const { project, asOf } = input;
  const { converted } = convertLines([...input.costs, ...project.manualCosts], project, asOf, fx);
  const inside = converted.filter(({ line }) => line.postingDate < project.horizonEndsOn);
  const spent = spentPostings(inside.filter(({ line }) => line.postingDate <= asOf)).map(({ line, date, amount }) => ({
    ...{ date, amount, pool: line.pool },
    recurrence: line.recurrence,
  }));
  const [committed, forecast] = [commitmentsToCome(inside, asOf), forecastsToCome(inside, asOf)];
  if (!areKnown(spent) || !areKnown(committed) || !areKnown(forecast)) return null;
  const paid = spent.map((row) => ({ ...row, pool: row.pool ?? 'other' }));
  const hasLines = inside.some(({ line }) => line.kind === 'commitment' || line.kind === 'forecast');
  if (!hasLines) return { spent: paid, expected: remainingPlan(input, plan.costs, paid), basis: 'plan' };
  const risk = new Decimal(1).plus(project.costRisk);
  // More taken back than was committed is no income to come.
  const isOpen = sum(committed.map(({ amount }) => amount)).gt(0);
  const expected = [...(isOpen ? committed : []), ...forecast].map(({ date, amount, pool }) => ({
    date: later(date, addDays(asOf, 1)),
    amount: amount.times(risk),
    pool: pool ?? 'other',
  }));
  return { spent: paid, expected, basis: 'lines' };
}

function areKnown<T extends { amount: Decimal | null }>(rows: readonly T[]): rows is (T & { amount: Decimal })[] {
  return rows.every(({ amount }) => amount !== null);
}

function remainingPlan(
  { project, asOf }: RoiInput,
  costs: readonly PlannedCostValue[],
  paid: readonly PlannedCostValue[],
): CostAmount[] {
  const tomorrow = addDays(asOf, 1);
  const once = <T extends PlannedCostValue>(rows: readonly T[]): T[] =>
    rows.filter(({ recurrence }) => recurrence === 'one-off');
  const due = once(costs.filter(({ date }) => date <= asOf));
  const spent = once(paid);
  const { to: periodEnd } = fiscalPeriodAt(project.fiscalCalendar, asOf) ?? periodAt(asOf, 'month');
  const of = (rows: readonly CostAmount[], pool: string): Decimal =>
    sum(rows.filter((row) => row.pool === pool).map(({ amount }) => amount));

  const early = new Map<string, Decimal>();
  for (const pool of new Set(spent.map((row) => row.pool)))
    early.set(pool, Decimal.max(ZERO, of(spent, pool).minus(of(due, pool))));
  let taken: Decimal = ZERO;
  const expected: CostAmount[] = [];
  for (const { date, amount, pool, recurrence } of costs) {
    if (date <= asOf) continue;
    const has = recurrence === 'one-off' && date < periodEnd ? (early.get(pool) ?? ZERO) : ZERO;
    const part = Decimal.max(ZERO, Decimal.min(has, amount));
    early.set(pool, (early.get(pool) ?? ZERO).minus(part));
    taken = taken.plus(part);
    if (!amount.equals(part)) expected.push({ date, amount: amount.minus(part), pool });
  }

  // Over all pools, for the books may name them otherwise than the plan: what one has too little another may have had.
  const late = sum(due.map(({ amount }) => amount))
    .plus(taken)
    .minus(sum(spent.map(({ amount }) => amount)));
  let left = Decimal.max(ZERO, late);
  if (tomorrow >= project.horizonEndsOn) return expected;
  for (const pool of new Set(due.map((row) => row.pool))) {
    const part = Decimal.min(left, Decimal.max(ZERO, of(due, pool).minus(of(spent, pool))));
    if (part.isZero()) continue;
    expected.push({ date: tomorrow, amount: part, pool });
    left = left.minus(part);
  }
  return expected;
}
