import { Decimal } from '../money/decimal.ts';
import type { FxBook } from '../money/fx-book.ts';
import { addDays } from '../time/dates.ts';
import type { CostKind, CostLine, LocalDate, Project } from '../types.ts';
import { type CostPosting, forecastToCome, openCommitments, spentPostings, sumOrNull } from './cost-kinds.ts';
import { type ConvertedLine, convertLines, isSpent, type LineProblem } from './cost-lines.ts';
import { money, moneyOrNull } from './figures.ts';
import type { RoiInput } from './input.ts';
import type { CostOutput, ValueWarning } from './outputs.ts';

export interface CountedCost {
  date: LocalDate;
  /** In the project's currency; of a replaced accrual its release, negative. */
  amount: Decimal;
  line: CostLine;
  releases: boolean;
}
export interface CostResult {
  output: CostOutput;
  warnings: ValueWarning[];
  /** What makes up cost to date, in the project's currency, by posting date. */
  counted: CountedCost[];
  /** Null: unknown (nothing declared, a source never pulled, or a line that cannot be converted). */
  toDate: Decimal | null;
  /** Open commitments + forecast after `asOf`, before risk; null: not known, or no line says. */
  toCome: Decimal | null;
}

/** Problems of single lines that outputs list; the others are counted. */
export const MAX_COST_PROBLEMS = 50;

/**
 * Cost to date = Σ(actual + accrual) posted up to and on `asOf`, each at the exchange rate of its posting date;
 * reversals and corrections are lines of their own with their own sign, and an accrual that an actual names is replaced by it.
 * EAC = cost to date + (open commitments + forecast after `asOf`)·(1 + risk). A line without a rate leaves every total that it
 * belongs to unknown: it is never taken at 1. The same holds for all of them while a declared source was never pulled.
 */
export function evaluateCosts(input: RoiInput, fx: FxBook): CostResult {
  const { project, asOf } = input;
  const end = project.horizonEndsOn;
  const { converted, problems } = convertLines([...input.costs, ...project.manualCosts], project, asOf, fx);
  const inside = converted.filter(({ line }) => line.postingDate < end);
  const within = inside.filter(({ line }) => line.postingDate <= asOf);
  const postings = spentPostings(within);
  const declared = project.costSources.length + project.manualCosts.length > 0;
  const isKnown = declared && input.unreadCostSources.length === 0;
  const of = (wanted: (posting: CostPosting) => boolean): Decimal | null =>
    isKnown ? sumOrNull(postings.filter(wanted).map(({ amount }) => amount)) : null;
  /** Null as well where no such line is there: nobody said that it is nothing. */
  const orAbsent = (has: boolean, total: () => Decimal | null): Decimal | null => (isKnown && has ? total() : null);
  const has = (kind: CostKind, among: readonly ConvertedLine[] = inside): boolean =>
    among.some(({ line }) => line.kind === kind);

  const toDate = of(() => true);
  const commitments = orAbsent(has('commitment'), () => openCommitments(inside, asOf));
  const forecast = orAbsent(has('forecast'), () => forecastToCome(inside, asOf));
  const budget = orAbsent(has('budget'), () =>
    sumOrNull(inside.filter(({ line }) => line.kind === 'budget').map(({ amount }) => amount)),
  );
  const toCome = toComeOf(project, asOf, [
    [has('commitment'), commitments && Decimal.max(commitments, 0)],
    [has('forecast'), forecast],
  ]);
  return {
    output: {
      toDate: moneyOrNull(toDate),
      budget: moneyOrNull(budget),
      commitments: moneyOrNull(commitments),
      actual: moneyOrNull(orAbsent(has('actual', within), () => of(({ line }) => line.kind === 'actual'))),
      accrual: moneyOrNull(orAbsent(has('accrual', within), () => of(({ line }) => line.kind === 'accrual'))),
      forecast: moneyOrNull(forecast),
      corrections: moneyOrNull(
        orAbsent(
          postings.some(({ corrects }) => corrects),
          () => of(({ corrects }) => corrects),
        ),
      ),
      estimateAtCompletion: moneyOrNull(
        toDate && toCome && toDate.plus(toCome.times(new Decimal(1).plus(project.costRisk))),
      ),
      capex: moneyOrNull(of(({ line }) => line.capitalisation === 'capex')),
      opex: moneyOrNull(of(({ line }) => line.capitalisation === 'opex')),
      oneOff: moneyOrNull(of(({ line }) => line.recurrence === 'one-off')),
      run: moneyOrNull(of(({ line }) => line.recurrence === 'run')),
      lineCount: converted.length,
      byPool: isKnown ? byPool(postings) : [],
      problems: problems.slice(0, MAX_COST_PROBLEMS).map(({ line, code, message }) => ({
        sourceKey: line.sourceKey,
        document: line.document,
        amount: line.amount,
        currency: line.currency,
        postingDate: line.postingDate,
        code,
        message,
      })),
      problemCount: problems.length,
    },
    warnings: warningsOf(input, {
      problems,
      pastHorizon: converted.filter(({ line }) => line.postingDate >= end && countsBy(line, asOf)).length,
      overReduced: commitments?.isNegative() === true && !commitments.isZero() ? commitments : null,
    }),
    counted: postings.flatMap(({ date, amount, line, releases }) => (amount ? [{ date, amount, line, releases }] : [])),
    toDate,
    toCome,
  };
}

/** Without a word about what is to come nothing is estimated, unless the horizon is over: then nothing comes. */
function toComeOf(
  project: Project,
  asOf: LocalDate,
  parts: readonly (readonly [has: boolean, amount: Decimal | null])[],
): Decimal | null {
  const said = parts.filter(([has]) => has).map(([, amount]) => amount);
  if (said.length === 0) return addDays(asOf, 1) >= project.horizonEndsOn ? new Decimal(0) : null;
  return sumOrNull(said);
}

const countsBy = ({ kind, postingDate }: CostLine, asOf: LocalDate): boolean => !isSpent(kind) || postingDate <= asOf;

/** Largest first; a pool with a line that cannot be converted is left out, as the warning says. */
function byPool(postings: readonly CostPosting[]): CostOutput['byPool'] {
  const pools = new Map<string, (Decimal | null)[]>();
  for (const { line, amount } of postings) {
    const pool = line.pool ?? 'other';
    const known = pools.get(pool);
    if (known) known.push(amount);
    else pools.set(pool, [amount]);
  }
  return [...pools]
    .flatMap(([pool, amounts]) => {
      const amount = sumOrNull(amounts);
      return amount ? [{ pool, amount }] : [];
    })
    .sort((a, b) => b.amount.comparedTo(a.amount) || (a.pool < b.pool ? -1 : 1))
    .map(({ pool, amount }) => ({ pool, amount: money(amount) }));
}

interface CostDoubts {
  problems: readonly LineProblem[];
  pastHorizon: number;
  /** Commitments below zero. */
  overReduced: Decimal | null;
}

function warningsOf(input: RoiInput, { problems, pastHorizon, overReduced }: CostDoubts): ValueWarning[] {
  const { project } = input;
  const warnings: ValueWarning[] = [];
  const warn = (code: ValueWarning['code'], message: string): void => {
    warnings.push({ code, metricId: null, message });
  };
  const [unconverted, wrong] = [
    problems.filter(({ code }) => code === 'value/missing-fx-rate'),
    problems.filter(({ code }) => code === 'value/bad-input'),
  ];
  const first = unconverted[0]?.line;
  if (first)
    warn(
      'value/missing-fx-rate',
      `${unconverted.length} cost ${unconverted.length === 1 ? 'line has' : 'lines have'} no exchange rate into ${project.currency}, the first ${first.sourceKey} (${first.amount} ${first.currency} on ${first.postingDate}); totals that need it are not given`,
    );
  if (wrong[0])
    warn(
      'value/bad-input',
      `${wrong.length} cost ${wrong.length === 1 ? 'line corrects' : 'lines correct'} something doubtful: ${wrong[0].line.sourceKey} ${wrong[0].message}`,
    );
  if (overReduced !== null)
    warn(
      'value/cost-unknown',
      `more is taken back of commitments than was committed (${money(overReduced)} ${project.currency}); the estimate at completion takes them as used up`,
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
