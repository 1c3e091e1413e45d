import { Decimal, roundMoney, sum } from '../money/decimal.ts';
import { createFxBook, type FxBook } from '../money/fx-book.ts';
import { addDays, earlier, later } from '../time/dates.ts';
import type { LocalDate, PlannedBenefit, PlannedCost, PlanVersion, Project, ValueMetric } from '../types.ts';
import { type MonthlyFlow, monthlyFlows } from '../value/cash-flows.ts';
import type { ValueWarning } from '../value/outputs.ts';
import { type BenefitSpan, type PlannedPeriod, type PlanProblem, plannedPeriods } from './planned-periods.ts';

export interface PlannedMetric {
  metric: ValueMetric;
  promise: PlannedBenefit;
  span: BenefitSpan;
  /** As promised. */
  planned: PlannedPeriod[];
  /** The same promise from the start to the end that are now known or expected: what the actuals can be measured by. */
  asStarted: PlannedPeriod[];
}
/** A planned cost in the project's currency at the budget rate, with the project's cost risk where it was not spent at the freezing. */
export interface PlannedCostValue {
  date: LocalDate;
  amount: Decimal;
  pool: string;
  recurrence: PlannedCost['recurrence'];
}
export interface PlanValue {
  version: PlanVersion;
  budget: FxBook;
  metrics: PlannedMetric[];
  costs: PlannedCostValue[];
}

/** The plan that actuals are compared with: the last one frozen up to and on the date. */
export function planInForce({ plans }: Pick<Project, 'plans'>, asOf: LocalDate): PlanVersion | null {
  return plans.findLast(({ frozenOn }) => frozenOn <= asOf) ?? null;
}

/** The day after the last that can count. */
export function countsUntil(project: Project, endsOn: LocalDate | null): LocalDate {
  return endsOn === null ? project.horizonEndsOn : earlier(endsOn, project.horizonEndsOn);
}

/**
 * A plan in money: by its own budget rates and no others. One line that they do not convert leaves the whole plan without
 * figures, for a promise with a hole in it is not what was promised; the warnings name each such line.
 */
export function evaluatePlan(
  project: Project,
  version: PlanVersion,
  closedBefore: LocalDate,
): { plan: PlanValue | null; warnings: ValueWarning[] } {
  const warnings: ValueWarning[] = [];
  const warn = (code: ValueWarning['code'], metricId: string | null, what: string): void => {
    warnings.push({ code, metricId, message: `plan ${version.id}: ${what}; no figure of the plan is given` });
  };
  const budget = createFxBook(version.fxRates, []);
  const money = { budget, currency: project.currency };
  const metrics: PlannedMetric[] = [];
  for (const promise of version.benefits) {
    const metric = project.metrics.find(({ id }) => id === promise.metricId);
    if (metric === undefined) {
      warn('value/bad-input', null, `it promises a benefit of ${promise.metricId}, which the project no longer has`);
      continue;
    }
    if (metric.benefitClass === 'quantitative' || metric.benefitClass === 'qualitative') continue;
    const span = { startsOn: promise.startsOn, endsOn: countsUntil(project, promise.endsOn) };
    const known = {
      startsOn: metric.hasStarted ? metric.startsOn : later(metric.startsOn, closedBefore),
      endsOn: countsUntil(project, metric.endsOn),
    };
    const planned = plannedPeriods(metric, promise, span, money);
    const isAsPlanned = known.startsOn === span.startsOn && known.endsOn === span.endsOn;
    const asStarted = isAsPlanned ? planned : plannedPeriods(metric, promise, known, money);
    if (planned.ok && asStarted.ok)
      metrics.push({ metric, promise, span, planned: planned.periods, asStarted: asStarted.periods });
    for (const result of planned.ok ? [asStarted] : [planned])
      if (!result.ok) warn(codeOf(result.problem), metric.id, `${metric.name}: ${because(result.problem, project)}`);
  }
  const costs: PlannedCostValue[] = [];
  for (const { date, amount, currency, pool, recurrence } of version.costs) {
    if (date >= project.horizonEndsOn) continue;
    const exchange = budget.on(currency, project.currency, date);
    if (!exchange.found) {
      const because = `no budget rate from ${currency} to ${project.currency} on ${date}`;
      warn('value/missing-fx-rate', null, `the cost of ${amount} ${currency} on ${date} has ${because}`);
      continue;
    }
    const risk = date > version.frozenOn ? new Decimal(1).plus(project.costRisk) : 1;
    const value = roundMoney(exchange.rate.times(amount).times(risk));
    costs.push({ date, amount: value, pool: pool ?? 'other', recurrence });
  }
  return { plan: warnings.length > 0 ? null : { version, budget, metrics, costs }, warnings };
}

const codeOf = ({ kind }: PlanProblem): ValueWarning['code'] =>
  kind === 'fx' ? 'value/missing-fx-rate' : 'value/bad-input';

function because(problem: PlanProblem, { currency }: Project): string {
  switch (problem.kind) {
    case 'fx':
      return `its rate has no budget rate from ${problem.currency} to ${currency} on ${problem.date}`;
    case 'exposure':
      return 'it says no exposure, so that a ratio cannot be turned into money';
    case 'curve':
      return 'it has no curve';
  }
}

export const benefitOf = (periods: readonly PlannedPeriod[]): Decimal => sum(periods.map(({ benefit }) => benefit));

/** Flows of the whole plan by month. */
export function planFlows(project: Project, { metrics, costs }: Pick<PlanValue, 'metrics' | 'costs'>): MonthlyFlow[] {
  const benefits = metrics.flatMap(({ planned }) =>
    planned.map(({ to, benefit }) => ({ date: addDays(to, -1), amount: benefit })),
  );
  return monthlyFlows(benefits, costs, project, addDays(project.horizonEndsOn, -1));
}
