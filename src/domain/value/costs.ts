import { Decimal, roundMoney, sum } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import type { CostKind, CostLine, LocalDate } from '../types.ts';
import { money, moneyOrNull } from './figures.ts';
import type { RoiInput } from './input.ts';
import type { CostOutput, ValueWarning } from './outputs.ts';

export interface CostResult {
  output: CostOutput;
  warnings: ValueWarning[];
  /** Actual and accrual lines that count, in the project's currency, by posting date. */
  counted: { date: LocalDate; amount: Decimal }[];
  /** Null: unknown (nothing declared, a source never pulled, or a line that cannot be converted). */
  toDate: Decimal | null;
}

interface ConvertedLine {
  line: CostLine;
  amount: Decimal | null;
}

/**
 * Cost to date = Σ(actual + accrual) posted up to and on `asOf`, each at the exchange rate of its posting date;
 * reversals and corrections are lines of their own with their own sign. A line without a rate leaves every total that
 * it belongs to unknown: it is never taken at 1.
 */
export function evaluateCosts(input: RoiInput, fx: FxBook): CostResult {
  const { project, asOf } = input;
  const lines = [...input.costs, ...project.manualCosts];
  const end = project.horizonEndsOn;
  const converted: ConvertedLine[] = lines.map((line) => {
    const exchange = fx.on(line.currency, project.currency, line.postingDate);
    return { line, amount: exchange.found ? roundMoney(exchange.rate.times(line.amount)) : null };
  });
  const ofKind = (...kinds: CostKind[]): ConvertedLine[] => converted.filter(({ line }) => kinds.includes(line.kind));
  const spent = ofKind('actual', 'accrual').filter(({ line }) => line.postingDate <= asOf);
  const within = spent.filter(({ line }) => line.postingDate < end);
  const declared = project.costSources.length + project.manualCosts.length > 0;
  const read = input.unreadCostSources.length === 0;
  const toDate = declared && read ? totalOf(within) : null;
  return {
    output: {
      toDate: moneyOrNull(toDate),
      budget: moneyOrNull(totalOrAbsent(ofKind('budget'))),
      commitments: moneyOrNull(totalOrAbsent(ofKind('commitment'))),
      actual: moneyOrNull(totalOrAbsent(within.filter(({ line }) => line.kind === 'actual'))),
      accrual: moneyOrNull(totalOrAbsent(within.filter(({ line }) => line.kind === 'accrual'))),
      forecast: null,
      corrections: null,
      estimateAtCompletion: null,
      capex: null,
      opex: null,
      lineCount: lines.length,
      byPool: byPool(within),
    },
    warnings: warningsOf(input, converted, spent.length - within.length),
    counted: within.flatMap(({ line, amount }) => (amount ? [{ date: line.postingDate, amount }] : [])),
    toDate,
  };
}

function totalOf(lines: readonly ConvertedLine[]): Decimal | null {
  const amounts = lines.map(({ amount }) => amount);
  return amounts.every((amount) => amount !== null) ? sum(amounts) : null;
}
const totalOrAbsent = (lines: readonly ConvertedLine[]): Decimal | null => (lines.length === 0 ? null : totalOf(lines));

/** Largest first; a pool with a line that cannot be converted is left out, as the warning says. */
function byPool(lines: readonly ConvertedLine[]): CostOutput['byPool'] {
  const pools = new Map<string, ConvertedLine[]>();
  for (const entry of lines) {
    const pool = entry.line.pool ?? 'other';
    pools.set(pool, [...(pools.get(pool) ?? []), entry]);
  }
  return [...pools]
    .flatMap(([pool, entries]) => {
      const amount = totalOf(entries);
      return amount ? [{ pool, amount }] : [];
    })
    .sort((a, b) => b.amount.comparedTo(a.amount) || (a.pool < b.pool ? -1 : 1))
    .map(({ pool, amount }) => ({ pool, amount: money(amount) }));
}

function warningsOf(input: RoiInput, converted: readonly ConvertedLine[], pastHorizon: number): ValueWarning[] {
  const { project } = input;
  const warnings: ValueWarning[] = [];
  const warn = (code: ValueWarning['code'], message: string): void => {
    warnings.push({ code, metricId: null, message });
  };
  const used = converted.filter(({ line }) => line.kind !== 'forecast');
  const unconverted = used.filter(({ amount }) => amount === null);
  const first = unconverted[0]?.line;
  if (first)
    warn(
      'value/missing-fx-rate',
      `${unconverted.length} cost ${unconverted.length === 1 ? 'line has' : 'lines have'} no exchange rate into ${project.currency}, the first ${first.sourceKey} (${first.amount} ${first.currency} on ${first.postingDate}); totals that need it are not given`,
    );
  if (pastHorizon > 0)
    warn(
      'value/cost-unknown',
      `${pastHorizon} cost ${pastHorizon === 1 ? 'line is' : 'lines are'} posted on or after ${project.horizonEndsOn}, the end of the horizon, and not counted`,
    );
  for (const { connector, stream } of input.unreadCostSources ?? [])
    warn('value/cost-unknown', `the cost source ${connector}/${stream} was never pulled, so cost to date is not known`);
  if (project.costSources.length > 0 && input.costs.length === 0 && input.unreadCostSources.length === 0)
    warn('value/cost-unknown', 'no cost line has been received from the declared cost sources');
  return warnings;
}
