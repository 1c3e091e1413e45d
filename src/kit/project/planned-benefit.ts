import type { LocalDate, PlannedBenefit } from '../../domain/types.ts';
import { plannedStart } from './defaults.ts';
import type { MetricInput } from './metric-schema.ts';
import type { PlanInput, PlannedBenefitInput } from './plan-schema.ts';
import type { ProjectInput } from './schema.ts';

/** What is missing: neither the plan says it nor can it be taken from the metric. */
export interface PlanGap {
  key: 'startsOn' | 'counterfactual' | 'rate' | 'exposure' | 'curve';
  message: string;
}
export type ResolvedBenefit = { ok: true; benefit: PlannedBenefit } | { ok: false; gaps: PlanGap[] };

/** The benefits that a plan holds: those that it names, else every metric with rates and a target. */
export function benefitsOf(project: ProjectInput, plan: PlanInput): [metricId: string, input: PlannedBenefitInput][] {
  if (plan.benefits !== undefined) return Object.entries(plan.benefits);
  return Object.entries(project.metrics)
    .filter(([, metric]) => metric.rates.length > 0 && metric.target !== undefined)
    .map(([metricId]) => [metricId, {}]);
}

/** What a plan promises of a metric. Whatever it does not say is taken from the metric's definition. */
export function resolveBenefit(
  project: ProjectInput,
  metric: MetricInput,
  metricId: string,
  plan: PlanInput,
  written: PlannedBenefitInput,
): ResolvedBenefit {
  const gaps: PlanGap[] = [];
  const startsOn = written.startsOn ?? plannedStart(metric, project);
  if (startsOn === null) gaps.push({ key: 'startsOn', message: 'the metric has no start; write startsOn' });
  const level = counterfactual(metric, written);
  if (typeof level === 'string') gaps.push({ key: 'counterfactual', message: level });
  const rate = rateOf(project, metric, plan, written, startsOn);
  if (rate === null)
    gaps.push({
      key: 'rate',
      message: `the metric has no rate for ${plan.frozenOn}, when the plan was frozen; write the rate that it was made with`,
    });
  const scaled = metric.kind === 'ratio' || metric.kind === 'percentile';
  const exposure = written.exposure ?? (typeof metric.exposure === 'string' ? metric.exposure : null);
  if (scaled && exposure === null)
    gaps.push({
      key: 'exposure',
      message: `is required: ${metric.exposure === undefined ? 'the metric has none' : "the metric's is a series"}; write the number that the plan was made with`,
    });
  const ramp = written.ramp ?? metric.ramp;
  const curve =
    startsOn === null || typeof level === 'string' ? 'unknown' : curveOf(metric, written, startsOn, level.value, ramp);
  if (curve === null)
    gaps.push({
      key: 'curve',
      message: 'is required: the metric has no target that a curve could be made of',
    });
  if (gaps.length > 0 || startsOn === null || typeof level === 'string' || rate === null || !isCurve(curve))
    return { ok: false, gaps };
  return {
    ok: true,
    benefit: {
      metricId,
      ...curve,
      counterfactual: level.value,
      counterfactualChange: level.change,
      rate,
      exposure: scaled ? exposure : null,
      attribution: written.attribution ?? metric.attribution,
      deadweight: written.deadweight ?? metric.deadweight,
      displacement: written.displacement ?? metric.displacement,
      confidence: written.confidence ?? metric.confidence,
      dropOff: written.dropOff ?? metric.dropOff,
      ramp,
      startsOn,
      endsOn: written.endsOn ?? metric.endsOn ?? null,
    },
  };
}

type Curve = Pick<PlannedBenefit, 'curve' | 'interpolation'>;
const isCurve = (curve: Curve | 'unknown' | null): curve is Curve => curve !== null && curve !== 'unknown';

/** The level without the project and its change with each period; a text says why there is none. */
function counterfactual(metric: MetricInput, written: PlannedBenefitInput): { value: string; change: string } | string {
  const change = written.counterfactualChange;
  if (written.counterfactual !== undefined) return { value: written.counterfactual, change: change ?? '0' };
  const declared = metric.counterfactual;
  const write = 'write the level that the plan was made with';
  if (declared !== 'constant') {
    if ('control' in declared) return `is required: what a control series will do is not known beforehand; ${write}`;
    if (declared.trend !== 'window') return { value: declared.trend.level, change: change ?? declared.trend.change };
    return `is required: only samples tell the trend of the baseline window; ${write}`;
  }
  if (metric.baseline?.value !== undefined) return { value: metric.baseline.value, change: change ?? '0' };
  if (metric.baseline === undefined) return `is required: the metric has no baseline; ${write}`;
  return `is required: only samples tell the level of the baseline window; ${write}`;
}

function rateOf(
  project: ProjectInput,
  metric: MetricInput,
  plan: PlanInput,
  { rate: written }: PlannedBenefitInput,
  startsOn: LocalDate | null,
): PlannedBenefit['rate'] | null {
  const inForce = (on: LocalDate) => metric.rates.find(({ from, to }) => from <= on && (to === undefined || on < to));
  const rate = written ?? inForce(plan.frozenOn) ?? (startsOn === null ? undefined : inForce(startsOn));
  if (rate === undefined) return null;
  return {
    amount: rate.amount,
    currency: rate.currency ?? project.currency,
    perPeriod: perPeriodOf(metric, rate.perPeriod),
  };
}

/** Only a stock that is held is paid for by time. */
export const perPeriodOf = (metric: MetricInput, written: 'year' | 'month' | undefined): 'year' | 'month' | null =>
  metric.kind === 'stock' && metric.stockValuation !== 'release' ? (written ?? 'year') : null;

/** The curve as written, or one that leads to the target: by the ramp where there is one, else in a straight line. */
function curveOf(
  { target }: MetricInput,
  written: PlannedBenefitInput,
  startsOn: LocalDate,
  level: string,
  ramp: readonly unknown[],
): Curve | null {
  if (written.curve !== undefined) return { curve: written.curve, interpolation: written.interpolation ?? 'step' };
  if (target === undefined) return null;
  if (ramp.length > 0 || target.by <= startsOn)
    return { curve: [{ from: startsOn, value: target.value }], interpolation: 'step' };
  return {
    curve: [
      { from: startsOn, value: level },
      { from: target.by, value: target.value },
    ],
    interpolation: 'linear',
  };
}
