import { Decimal, roundMoney, sum } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import { addDays, later } from '../time/dates.ts';
import { fiscalPeriodAt } from '../time/fiscal.ts';
import { periodAt } from '../time/periods.ts';
import type { CostKind, CostLine, LocalDate } from '../types.ts';
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
 * Cost to come. Where there are open commitments or forecast lines they say it: commitments from the day after `asOf`
 * at the earliest, forecast lines posted after `asOf`, each times (1 + cost risk). Otherwise what remains of the plan:
 * what was planned after `asOf`, and one-off costs that were planned by now but are not spent, for an invoice that is late is
 * not a saving (running costs that were not spent are). A one-off cost spent earlier in its pool than planned is not expected
 * again when it was planned for the same fiscal period. Null: a line has no rate in this book.
 */
export function costOutlook(input: RoiInput, plan: PlanValue, fx: FxBook): CostOutlook | null {
  const { project, asOf } = input;
  const lines = [...input.costs, ...project.manualCosts].filter((line) => line.postingDate < project.horizonEndsOn);
  const amountOf = (line: CostLine): Decimal | null => {
    const exchange = fx.on(line.currency, project.currency, line.postingDate);
    return exchange.found ? roundMoney(exchange.rate.times(line.amount)) : null;
  };
  const converted = lines.map((line) => ({ line, amount: amountOf(line), pool: line.pool ?? 'other' }));
  const ofKind = (...kinds: CostKind[]) => converted.filter(({ line }) => kinds.includes(line.kind));
  const spent = ofKind('actual', 'accrual').filter(({ line }) => line.postingDate <= asOf);
  const toCome = [...ofKind('commitment'), ...ofKind('forecast').filter(({ line }) => line.postingDate > asOf)];
  if ([...spent, ...toCome].some(({ amount }) => amount === null)) return null;
  const tomorrow = addDays(asOf, 1);
  const risk = new Decimal(1).plus(project.costRisk);
  const paid = spent.map(({ line, amount, pool }) => ({
    ...{ date: line.postingDate, amount: amount ?? ZERO, pool },
    recurrence: line.recurrence,
  }));
  const basis = converted.some(({ line }) => line.kind === 'commitment' || line.kind === 'forecast') ? 'lines' : 'plan';
  return {
    spent: paid.map(({ date, amount, pool }) => ({ date, amount, pool })),
    expected:
      basis === 'plan'
        ? remainingPlan(input, plan.costs, paid)
        : toCome.map(({ line, amount, pool }) => ({
            date: later(line.postingDate, tomorrow),
            amount: roundMoney(risk.times(amount ?? ZERO)),
            pool,
          })),
    basis,
  };
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
