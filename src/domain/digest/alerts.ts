import { Decimal } from 'decimal.js';
import type { RoiOutputs } from '../value/outputs.ts';
import type { DigestFacts } from './facts.ts';
import type { Format } from './format.ts';

/** Below this share of the expected samples a figure rests on too little to go unmentioned. */
const COVERAGE_ALERT = '0.95';

/** What needs a person, most urgent first, one sentence each. */
export function digestAlerts(outputs: RoiOutputs, stale: DigestFacts['staleSources'], format: Format): string[] {
  return [
    ...staleAlerts(stale, format),
    ...outputs.warnings.filter(needsPerson).map(({ message }) => capitalised(message)),
    ...targetAlerts(outputs, format),
    ...lossAlerts(outputs, format),
    ...budgetAlerts(outputs, format),
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
]);

/** Those that the digest does not already show in another place (stale, coverage, tracked only). */
function needsPerson({ code }: RoiOutputs['warnings'][number]): boolean {
  return NEED_A_PERSON.has(code);
}

function staleAlerts(stale: DigestFacts['staleSources'], format: Format): string[] {
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
