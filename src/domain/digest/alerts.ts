import { Decimal } from 'decimal.js';
import type { Project } from '../types.ts';
import type { DeliverableOutput, RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';
import type { Format } from './format.ts';
import { count } from './moves.ts';

/** An expected cost that is no more than that over its plan is as planned. */
const OVER_PLAN_ALERT = '0.01';

/** Below this share of the expected samples a figure rests on too little to go unmentioned. */
export const COVERAGE_ALERT = '0.95';

/** What needs a person, most urgent first, one sentence each. */
export function digestAlerts(
  project: Project,
  outputs: RoiOutputs,
  stale: DigestFacts['staleSources'],
  format: Format,
): string[] {
  return [
    ...staleAlerts(stale, format),
    ...outputs.warnings.filter(needsPerson).map(({ message }) => capitalised(message)),
    ...targetAlerts(outputs, format),
    ...lossAlerts(outputs, format),
    ...lateAlerts(project, outputs, format),
    ...budgetAlerts(outputs, format),
    ...completionAlerts(outputs, format),
    ...paybackAlerts(outputs, format),
    ...coverageAlerts(outputs, format),
  ];
}

/** Each leaves something out of a figure that stays on the page, or takes the figure away. */
const NEED_A_PERSON: ReadonlySet<RoiOutputs['warnings'][number]['code']> = new Set([
  'value/missing-fx-rate',
  'value/bad-input',
  'value/no-rate',
  'value/cost-unknown',
  'value/weak-counterfactual',
  'value/claim-conflict',
]);

/** Those that the digest does not already show in another place (stale, coverage, tracked only). */
function needsPerson({ code }: RoiOutputs['warnings'][number]): boolean {
  return NEED_A_PERSON.has(code);
}

export function staleAlerts(stale: Readonly<DigestFacts['staleSources']>, format: Format): string[] {
  return stale.map(({ metric, connector, stream, newestSampleAtMs }) =>
    newestSampleAtMs === null
      ? `${metric} has no data at all: nothing arrived from ${connector}/${stream}`
      : `${metric} is stale: newest sample ${format.instant(newestSampleAtMs)}, from ${connector}/${stream}`,
  );
}

function targetAlerts(outputs: RoiOutputs, format: Format): string[] {
  return outputs.metrics.flatMap(({ name, target, latest, unit }) => {
    if (target === null || target.met === true || target.by > outputs.asOf) return [];
    const [actual, aim] = format.apart(latest?.actual ?? null, target.value);
    const figure = latest === null ? 'no figure yet' : `${actual} ${unit}`;
    return [`${name} missed its target: ${figure} against ${aim} by ${format.date(target.by)}`];
  });
}

function lossAlerts(outputs: RoiOutputs, format: Format): string[] {
  return outputs.metrics.flatMap(({ name, benefitToDate }) =>
    benefitToDate !== null && new Decimal(benefitToDate).isNegative() && !new Decimal(benefitToDate).isZero()
      ? [`${name} is worse than its baseline: ${format.moneyChange(benefitToDate)} to date`]
      : [],
  );
}

function budgetAlerts({ costs, costToDate }: RoiOutputs, format: Format): string[] {
  if (costs.budget === null || costToDate === null) return [];
  const over = new Decimal(costToDate).minus(costs.budget);
  return over.greaterThan(0)
    ? [
        `Cost is over budget by ${format.money(over.toFixed())}: ${format.money(costToDate)} of ${format.money(costs.budget)}`,
      ]
    : [];
}

/** What is to begin a benefit and is not there on its day; what else is late moves no figure. */
function lateAlerts({ metrics }: Project, outputs: RoiOutputs, format: Format): string[] {
  const waiting = new Set(outputs.metrics.filter(({ hasStarted }) => !hasStarted).map(({ metricId }) => metricId));
  return outputs.deliverables.flatMap((deliverable) => {
    if (deliverable.state !== 'late') return [];
    const held = metrics.filter(({ id, startRule }) => startRule?.deliverable === deliverable.id && waiting.has(id));
    const names = held.map(({ name }) => name).join(', ');
    const waits = names === '' ? '' : `; no benefit begins before it: ${names}`;
    return [`${deliverable.name} is late: ${lateWords(deliverable, outputs.asOf, format)}${waits}`];
  });
}

function lateWords({ plannedOn, forecastOn, daysLate }: DeliverableOutput, asOf: string, format: Format): string {
  const expected = forecastOn !== null && forecastOn > asOf ? `expected ${format.date(forecastOn)}` : 'still not there';
  return `planned ${format.date(plannedOn)}, ${expected} (${count(daysLate, 'day')})`;
}

/** Before the money is spent: once the cost itself is over the budget, that alone is said. */
function completionAlerts({ costs, costToDate, forecast, plan }: RoiOutputs, format: Format): string[] {
  const expected = forecast?.costAtCompletion ?? costs.estimateAtCompletion;
  if (expected === null) return [];
  const isOver = (limit: string): boolean =>
    new Decimal(expected).minus(limit).gt(new Decimal(limit).abs().times(OVER_PLAN_ALERT));
  const alerts: string[] = [];
  if (plan !== null && isOver(plan.costTotal))
    alerts.push(
      `Cost is expected to come to ${format.money(expected)}, ${format.money(over(expected, plan.costTotal))} over plan ${plan.version}`,
    );
  const isSpent = costs.budget !== null && costToDate !== null && new Decimal(costToDate).gt(costs.budget);
  if (costs.budget !== null && !isSpent && isOver(costs.budget))
    alerts.push(
      `Cost is expected to come to ${format.money(expected)}, ${format.money(over(expected, costs.budget))} over the budget`,
    );
  return alerts;
}

const over = (amount: string, limit: string): string => new Decimal(amount).minus(limit).toFixed();

function paybackAlerts({ payback }: RoiOutputs, format: Format): string[] {
  return payback.date !== null && payback.crossesBack
    ? [`Paid back on ${format.date(payback.date)}, but the cumulative net fell below zero again`]
    : [];
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

function coverageAlerts({ coverage, metrics }: RoiOutputs, format: Format): string[] {
  if (coverage.ratio === null || !new Decimal(coverage.ratio).lessThan(COVERAGE_ALERT)) return [];
  const thin = metrics.filter((metric) => metric.monetised && lacking(metric.coverage.ratio));
  const names = thin.map((metric) => `${metric.name} ${format.share(metric.coverage.ratio)}`).join(', ');
  return [`Only ${format.share(coverage.ratio)} of the expected samples arrived${names === '' ? '' : ` (${names})`}`];
}

function lacking(ratio: string | null): boolean {
  return ratio !== null && new Decimal(ratio).lessThan(COVERAGE_ALERT);
}
