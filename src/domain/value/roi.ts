import { datedDiscountFactor, YEAR_DAYS } from '../finance/discounting.ts';
import { xirr } from '../finance/irr.ts';
import { payback } from '../finance/payback.ts';
import { Decimal, divideOrNull, ratioString, sum } from '../money/decimal.ts';
import { createFxBook } from '../money/fx-book.ts';
import { addDays, daysBetween } from '../time/dates.ts';
import type { LocalDate, Project } from '../types.ts';
import { canonicalHash } from './canonical.ts';
import { type MonthlyFlow, monthlyFlows } from './cash-flows.ts';
import { evaluateCosts } from './costs.ts';
import { addCoverage, money, moneyOrNull, ratioOrNull } from './figures.ts';
import type { RoiInput } from './input.ts';
import { evaluateMetric, type MetricResult } from './metric.ts';
import type { IrrOutput, PaybackOutput, RoiOutputs } from './outputs.ts';

/** Of the arithmetic: raised when the same inputs would give other figures. Part of each snapshot's identity. */
export const engineVersion = '2';

const NO_IRR: IrrOutput = { status: 'not-applicable', value: null, roots: [] };
const NO_PAYBACK: PaybackOutput = { years: null, date: null, crossesBack: false };
const RATE_DIGITS = 12;

/**
 * Everything that is known about a project's worth as of a date: benefit of the closed periods and cost to date,
 * monthly flows discounted by act/365 at the project's annual rate from its start, ROI = (PVB − PVC)/PVC, BCR = PVB/PVC,
 * realised ROI = (benefit − cost)/cost, every IRR, payback. A figure that cannot be given honestly is null and a
 * warning says why. Pure: equal inputs give equal bytes.
 */
export function computeRoi(input: RoiInput): RoiOutputs {
  const { project, asOf, closedBefore } = input;
  const fx = createFxBook(input.fxRates, input.fxQuotes);
  const metrics = project.metrics.flatMap((metric) => {
    const readings = input.metrics.find(({ metricId }) => metricId === metric.id);
    return readings === undefined ? [] : [evaluateMetric(project, metric, readings, { asOf, closedBefore }, fx)];
  });
  const costs = evaluateCosts(input, fx);
  const benefitToDate = totalBenefit(metrics, 'benefit');
  const cost = costs.toDate;
  const flows = monthlyFlows(
    metrics.flatMap(({ counted }) => counted.map(({ to, benefit }) => ({ date: addDays(to, -1), amount: benefit }))),
    costs.counted,
    project,
    asOf,
  );
  const headline = benefitToDate && cost ? discounted(project, flows) : null;
  return {
    projectId: project.id,
    asOf,
    currency: project.currency,
    timeZone: project.timeZone,
    basis: basisOf(project, closedBefore),
    benefitToDate: moneyOrNull(benefitToDate),
    unadjustedBenefitToDate: moneyOrNull(totalBenefit(metrics, 'gross')),
    costToDate: moneyOrNull(cost),
    pvBenefits: benefitToDate && money(discounted(project, flows).pvBenefits),
    pvCosts: cost && money(discounted(project, flows).pvCosts),
    npv: headline && money(headline.pvBenefits.minus(headline.pvCosts)),
    roi: ratioOrNull(headline && divideOrNull(headline.pvBenefits.minus(headline.pvCosts), headline.pvCosts)),
    realisedRoi: ratioOrNull(benefitToDate && cost && divideOrNull(benefitToDate.minus(cost), cost)),
    bcr: ratioOrNull(headline && divideOrNull(headline.pvBenefits, headline.pvCosts)),
    irr: headline ? irrOf(flows) : NO_IRR,
    payback: headline ? paybackOf(project, flows, false) : NO_PAYBACK,
    discountedPayback: headline ? paybackOf(project, flows, true) : NO_PAYBACK,
    coverage: addCoverage(metrics.filter(({ output }) => output.monetised).map(({ output }) => output.coverage)),
    cashFlows: flows.map(({ date, benefit, cost: paid }) => ({ date, benefit: money(benefit), cost: money(paid) })),
    metrics: metrics.map(({ output }) => output),
    costs: costs.output,
    convention: project.convention,
    mirr: null,
    npvCurve: [],
    fiscalYears: [],
    plan: null,
    forecast: null,
    variance: null,
    constantCurrency: null,
    doubt: null,
    sensitivity: null,
    warnings: [...metrics.flatMap(({ warnings }) => warnings), ...costs.warnings],
  };
}

/** Null when no metric is monetised, none has anything to go by, or one of them cannot be converted. */
function totalBenefit(metrics: readonly MetricResult[], figure: 'benefit' | 'gross'): Decimal | null {
  const known = metrics.filter(({ output }) => output.benefitToDate !== null);
  if (known.length === 0 || metrics.some(({ conversionMissing }) => conversionMissing)) return null;
  return sum(known.flatMap(({ counted }) => counted.map((period) => period[figure])));
}

function discounted(project: Project, flows: readonly MonthlyFlow[]): { pvBenefits: Decimal; pvCosts: Decimal } {
  const factors = flows.map(({ date }) =>
    datedDiscountFactor(project.discount[0]?.rate ?? '0', daysBetween(project.startsOn, date)),
  );
  const pv = (side: 'benefit' | 'cost'): Decimal =>
    sum(flows.map((flow, index) => flow[side].times(factors[index] as Decimal)));
  return { pvBenefits: pv('benefit'), pvCosts: pv('cost') };
}

/** Not applicable without both an outflow and an inflow. */
function irrOf(flows: readonly MonthlyFlow[]): IrrOutput {
  const net = flows.map(({ date, benefit, cost }) => ({ date, amount: benefit.minus(cost) }));
  if (!net.some(({ amount }) => amount.gt(0)) || !net.some(({ amount }) => amount.lt(0))) return NO_IRR;
  const { status, roots } = xirr(net);
  const figures = roots.map((root) => ratioString(root.toSignificantDigits(RATE_DIGITS)));
  return { status, value: status === 'unique' ? (figures[0] ?? null) : null, roots: figures };
}

/** Years from t0 by act/365; the date is the first day on which the cumulative net is no longer below zero. */
function paybackOf(project: Project, flows: readonly MonthlyFlow[], discount: boolean): PaybackOutput {
  if (flows.length === 0) return NO_PAYBACK;
  const result = payback(
    flows.map(({ date, benefit, cost }) => {
      const days = daysBetween(project.startsOn, date);
      const net = benefit.minus(cost);
      const amount = discount ? net.times(datedDiscountFactor(project.discount[0]?.rate ?? '0', days)) : net;
      return { at: new Decimal(days), amount };
    }),
  );
  if (result.at === null) return NO_PAYBACK;
  return {
    years: ratioString(result.at.div(YEAR_DAYS)),
    date: addDays(project.startsOn, result.at.ceil().toNumber()),
    crossesBack: result.crossesBack,
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
function written(date: LocalDate): string {
  const [year, month, day] = date.split('-').map(Number);
  return `${day} ${MONTHS[(month ?? 1) - 1]} ${year}`;
}

const TIMING_WORDS = { start: 'month starts', mid: 'mid-month', end: 'month ends' } as const;
function basisOf(project: Project, closedBefore: LocalDate): string {
  const rate = new Decimal(project.discount[0]?.rate ?? '0').times(100).toFixed();
  return `closed periods to ${written(addDays(closedBefore, -1))}, flows at ${TIMING_WORDS[project.timing]} discounted at ${rate}% from ${written(project.startsOn)}`;
}

/**
 * SHA-256 over all that the figures rest on: project, date, samples, costs, exchange rates and the engine's version.
 * Where and when a sample was fetched is not part of it, nor is the order in which rows were read.
 */
export function inputsHash(input: RoiInput): string {
  return canonicalHash({
    engineVersion,
    project: input.project,
    asOf: input.asOf,
    closedBefore: input.closedBefore,
    metrics: input.metrics,
    costs: input.costs
      .map(({ sourceKey, projectRef, kind, pool, amount, currency, postingDate, cashDate, correctionOf, text }) =>
        canonicalHash({
          sourceKey,
          projectRef,
          kind,
          pool,
          amount,
          currency,
          postingDate,
          cashDate,
          correctionOf,
          text,
        }),
      )
      .sort(),
    unreadCostSources: input.unreadCostSources,
    fxRates: input.fxRates.map((rate) => canonicalHash(rate)).sort(),
    fxQuotes: input.fxQuotes.map((quote) => canonicalHash(quote)).sort(),
  });
}
