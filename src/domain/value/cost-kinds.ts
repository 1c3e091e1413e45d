import { Decimal, roundMoney, sum } from '../money/decimal.ts';
import { later } from '../time/dates.ts';
import type { CostLine, LocalDate } from '../types.ts';
import { type ConvertedLine, groupsOf, isSpent } from './cost-lines.ts';

/** What was spent, or a release of it. */
export interface CostPosting {
  date: LocalDate;
  /** In the project's currency; null: no exchange rate. */
  amount: Decimal | null;
  line: CostLine;
  /** The accrual `line` is taken back, for an actual has taken its place. */
  releases: boolean;
  /** Of the corrections: another line of cost to date is corrected by it. */
  corrects: boolean;
}

/** What is expected of one commitment or forecast, before risk. */
export interface CostToCome {
  date: LocalDate;
  /** In the project's currency; null: no exchange rate. */
  amount: Decimal | null;
  pool: string | null;
}

/**
 * Actuals and accruals as they are posted, and for each accrual that an actual names in `correctionOf` its release on the
 * actual's date: the actual takes its place and nothing counts twice. Lines that correct the accrual are released with it, so that
 * a reversal which the books hold as well does not count twice either. What was reported before that date stays as it was.
 */
export function spentPostings(within: readonly ConvertedLine[]): CostPosting[] {
  const postings = within
    .filter(({ line }) => isSpent(line.kind))
    .map(
      ({ line, amount, corrects }): CostPosting => ({
        date: line.postingDate,
        amount,
        line,
        releases: false,
        corrects:
          line.correctionOf !== null && (corrects.length === 0 || corrects.some((target) => isSpent(target.line.kind))),
      }),
    );
  const users = usersOf(within);
  for (const group of groupsOf(within, 'accrual')) {
    const [actual] = users(group).filter(({ line }) => line.kind === 'actual');
    if (actual === undefined) continue;
    for (const { line, amount } of group)
      postings.push({
        date: later(line.postingDate, actual.line.postingDate),
        amount: amount && amount.negated(),
        line,
        releases: true,
        corrects: true,
      });
  }
  return postings;
}

/**
 * What is committed and not spent yet: commitments net of what was taken back, less the actuals and accruals that name them.
 * A commitment may be dated by when it is expected to be spent, so that one of a later date counts; what takes it back
 * (a negative line) counts from its own date on. No commitment is used up beyond zero. Null: a line has no exchange rate.
 */
export function openCommitments(lines: readonly ConvertedLine[], asOf: LocalDate): Decimal | null {
  return sumOrNull(commitmentsToCome(lines, asOf).map(({ amount }) => amount));
}

/** The same one by one: lines that belong together are one. */
export function commitmentsToCome(lines: readonly ConvertedLine[], asOf: LocalDate): CostToCome[] {
  const users = usersOf(lines.filter(({ line }) => line.postingDate <= asOf));
  return groupsOf(lines, 'commitment').map((group) => {
    const open = group.filter(({ line }) => !line.amount.startsWith('-') || line.postingDate <= asOf);
    return toCome(group, leftOf(open, users(group)));
  });
}

/** Forecast lines after `asOf` with what corrects them, less the actuals and accruals that name them. */
export function forecastToCome(lines: readonly ConvertedLine[], asOf: LocalDate): Decimal | null {
  return sumOrNull(forecastsToCome(lines, asOf).map(({ amount }) => amount));
}

/** The same one by one: lines that belong together are one. */
export function forecastsToCome(lines: readonly ConvertedLine[], asOf: LocalDate): CostToCome[] {
  const users = usersOf(lines.filter(({ line }) => line.postingDate <= asOf));
  return groupsOf(lines, 'forecast')
    .filter((group) => dateOf(group) > asOf)
    .map((group) => toCome(group, leftOf(group, users(group))));
}

const toCome = (group: readonly ConvertedLine[], amount: Decimal | null): CostToCome => ({
  date: dateOf(group),
  amount,
  pool: group[0]?.line.pool ?? null,
});

/** Of the newest line that is no correction. */
function dateOf(group: readonly ConvertedLine[]): LocalDate {
  const roots = group.filter(({ line }) => line.correctionOf === null);
  return (roots.length === 0 ? group : roots).reduce((date, { line }) => later(date, line.postingDate), '');
}

/** The spent lines that name a line of a group, in the order of the lines. */
function usersOf(lines: readonly ConvertedLine[]): (group: readonly ConvertedLine[]) => ConvertedLine[] {
  const byTarget = new Map<ConvertedLine, number[]>();
  for (const [index, { line, corrects }] of lines.entries())
    for (const target of isSpent(line.kind) ? corrects : []) {
      const known = byTarget.get(target);
      if (known) known.push(index);
      else byTarget.set(target, [index]);
    }
  return (group) =>
    [...new Set(group.flatMap((target) => byTarget.get(target) ?? []))]
      .sort((a, b) => a - b)
      .map((index) => lines[index] as ConvertedLine);
}

/** In one currency it is used up in that currency, so that a move of its rate leaves no rest. */
function leftOf(group: readonly ConvertedLine[], users: readonly ConvertedLine[]): Decimal | null {
  const net = sumOrNull(group.map(({ amount }) => amount));
  if (net === null || users.length === 0 || net.lte(0)) return net;
  const currency = group[0]?.line.currency;
  const isOneCurrency = [...group, ...users].every(({ line }) => line.currency === currency);
  const used = isOneCurrency ? originalSum(users) : sumOrNull(users.map(({ amount }) => amount));
  if (used === null) return null;
  const share = used.div(isOneCurrency ? originalSum(group) : net);
  return share.gte(1) ? new Decimal(0) : roundMoney(net.minus(net.times(Decimal.max(share, 0))));
}

const originalSum = (group: readonly ConvertedLine[]): Decimal =>
  sum(group.map(({ line }) => new Decimal(line.amount)));

export function sumOrNull(amounts: readonly (Decimal | null)[]): Decimal | null {
  return amounts.every((amount) => amount !== null) ? sum(amounts) : null;
}
