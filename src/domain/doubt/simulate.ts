import { Decimal, overCost } from '../money/decimal.ts';
import { money, ratioOrNull } from '../value/figures.ts';
import type { DoubtAssumption, DoubtOutput, Interval } from '../value/outputs.ts';
import type { Valuation } from '../value/valuation.ts';
import {
  confidenceHalfWidth,
  costAssumption,
  futureAssumption,
  isFutureVaried,
  metricAssumptions,
} from './assumptions.ts';
import { inverseNormal, inverseTriangular, percentileOf } from './distributions.ts';
import { isShifted } from './level-doubt.ts';
import type { MetricProfile } from './metric-profile.ts';
import { uniformsOf } from './random.ts';
import type { ToCome } from './to-come.ts';

/**
 * Seeded simulation of NPV and ROI: each draw shifts every metric's counterfactual by a normal number of standard errors and
 * draws its confidence from a triangle about the stated one; with `toCome` also the risk of costs not spent yet. Draws are deviations
 * from the point figure. Null where there is no headline, or nothing is varied: an interval without width would look like
 * certainty. The same seed and inputs give the same bytes on every machine.
 */
export function doubtOf(
  valuation: Valuation,
  profiles: readonly MetricProfile[],
  toCome: ToCome | null,
): DoubtOutput | null {
  const { project } = valuation.input;
  const { seed, draws } = project.simulation;
  const assumptions = [
    ...profiles.flatMap(metricAssumptions),
    ...futureAssumptions(valuation, profiles, toCome),
    costAssumption(project.costRisk, toCome !== null && !toCome.pvCostsToCome.isZero()),
  ];
  if (!valuation.hasHeadline || draws < 1 || !assumptions.some(({ varied }) => varied)) return null;

  const realised = new Float64Array(draws);
  const expected = new Float64Array(draws);
  for (const profile of profiles) {
    const future = toCome?.benefits.find(({ metricId }) => metricId === profile.metric.id);
    addMetric(profile, future, seed, realised, expected);
  }
  const known = new Set(profiles.map(({ metric }) => metric.id));
  for (const future of [...(toCome?.benefits ?? [])].sort((a, b) => (a.metricId < b.metricId ? -1 : 1)))
    if (!known.has(future.metricId)) addFuture(future, seed, expected);
  const costs = new Float64Array(draws);
  if (toCome !== null) addCosts(project.costRisk, toCome.pvCostsToCome.toNumber(), seed, costs);

  const { benefits, costs: pvCosts } = valuation.presentValue;
  const npv = benefits.minus(pvCosts);
  const total = realised.map((value, index) => value + (expected[index] as number) - (costs[index] as number));
  return {
    seed,
    draws,
    ...figuresOf(npv, pvCosts, realised, null),
    atCompletion: toCome && figuresOf(toCome.npv, toCome.pvCosts, total, costs),
    assumptions,
  };
}

type Future = ToCome['benefits'][number];

/** Of metrics that brought nothing yet, or that the plan trusts otherwise: all others have one confidence for both. */
function futureAssumptions(
  { input }: Valuation,
  profiles: readonly MetricProfile[],
  toCome: ToCome | null,
): DoubtAssumption[] {
  const stated = new Map(profiles.map(({ metric }) => [metric.id, new Decimal(metric.confidence)]));
  return [...(toCome?.benefits ?? [])]
    .filter(({ metricId, confidence }) => !stated.get(metricId)?.eq(confidence))
    .sort((a, b) => (a.metricId < b.metricId ? -1 : 1))
    .map((future) => {
      const metric = input.project.metrics.find(({ id }) => id === future.metricId);
      return futureAssumption(metric?.name ?? future.metricId, future);
    });
}

function addMetric(
  { metric, level, curve }: MetricProfile,
  future: Future | undefined,
  seed: number,
  realised: Float64Array,
  expected: Float64Array,
): void {
  const q = Number(metric.confidence);
  const half = confidenceHalfWidth(metric.confidence).toNumber();
  const shifts = isShifted(level);
  const [levels, confidences] = [uniformsOf(seed, `${metric.id}/level`), uniformsOf(seed, `${metric.id}/confidence`)];
  const point = curve(0);
  const pointWorth = q * point.gains + point.losses;
  for (let draw = 0; draw < realised.length; draw++) {
    const [u, v] = [levels(), confidences()];
    const { gains, losses } = shifts ? curve(inverseNormal(u)) : point;
    const worth = (q + inverseTriangular(v, half)) * gains + losses;
    realised[draw] = (realised[draw] as number) + (worth - pointWorth);
    if (future) expected[draw] = (expected[draw] as number) + futureDeviation(future, v);
  }
}

function addFuture(future: Future, seed: number, expected: Float64Array): void {
  const confidences = uniformsOf(seed, `${future.metricId}/confidence`);
  for (let draw = 0; draw < expected.length; draw++)
    expected[draw] = (expected[draw] as number) + futureDeviation(future, confidences());
}

/** A metric's past and future stand or fall with one confidence: the same draw. */
function futureDeviation({ presentValue, confidence }: Future, draw: number): number {
  if (!isFutureVaried({ presentValue, confidence })) return 0;
  const q = Number(confidence);
  return (presentValue.toNumber() / q) * inverseTriangular(draw, confidenceHalfWidth(confidence).toNumber());
}

function addCosts(risk: string, withRisk: number, seed: number, costs: Float64Array): void {
  const r = Number(risk);
  const draws = uniformsOf(seed, 'cost-to-come');
  for (let draw = 0; draw < costs.length; draw++) costs[draw] = (withRisk / (1 + r)) * inverseTriangular(draws(), r);
}

/** Percentiles of point + deviation; ROI with each draw's own costs. */
function figuresOf(
  npv: Decimal,
  pvCosts: Decimal,
  deviations: Float64Array,
  costDeviations: Float64Array | null,
): Pick<DoubtOutput, 'npv' | 'roi' | 'probabilityNpvPositive'> {
  const [point, costs] = [npv.toNumber(), pvCosts.toNumber()];
  const positive = deviations.reduce((count, deviation) => count + (point + deviation > 0 ? 1 : 0), 0);
  const roi = overCost(npv, pvCosts);
  const ratios = deviations.map((deviation, index) => {
    const paid = costs + (costDeviations?.[index] ?? 0);
    return (point + deviation) / paid - point / costs;
  });
  return {
    npv: intervalOf(deviations, (deviation) => money(npv.plus(deviation))),
    roi: roi && intervalOf(ratios, (ratio) => ratioOrNull(roi.plus(ratio)) as string),
    probabilityNpvPositive: ratioOrNull(new Decimal(positive).div(deviations.length)) as string,
  };
}

function intervalOf(values: Float64Array, write: (value: number) => string): Interval {
  const ascending = Array.from(values).sort((a, b) => a - b);
  const at = (share: number): string => write(percentileOf(ascending, share));
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9) };
}
