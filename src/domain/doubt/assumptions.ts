import { Decimal, plain } from '../money/decimal.ts';
import type { DoubtAssumption } from '../value/outputs.ts';
import { isReleased } from './level-doubt.ts';
import type { MetricProfile } from './metric-profile.ts';

const written = (value: Decimal): string => plain(value.toSignificantDigits(6));

/** Half the width of a confidence's triangle: its ends stay within 0 and 1 and its mean is the confidence itself. */
export function confidenceHalfWidth(confidence: string): Decimal {
  const q = new Decimal(confidence);
  return Decimal.min(q, new Decimal(1).minus(q));
}

/** What a simulation varies of a metric and how, and what it leaves alone and why. */
export function metricAssumptions({ metric, level }: MetricProfile): DoubtAssumption[] {
  const half = confidenceHalfWidth(metric.confidence);
  const q = new Decimal(metric.confidence);
  return [
    {
      driver: `${metric.id}.counterfactual`,
      name: `${metric.name}: counterfactual level`,
      varied: level !== null,
      distribution: isReleased(metric)
        ? 'not varied: each level is compared with the one before'
        : level === null
          ? 'not varied: no standard deviation of the level is known, so its doubt is not stated'
          : `normal, mean ${written(level.mean)}, standard error ${written(level.standardError)} (${level.origin}); one shift for all periods`,
    },
    {
      driver: `${metric.id}.confidence`,
      name: `${metric.name}: confidence`,
      varied: !half.isZero(),
      distribution: half.isZero()
        ? `not varied: it is ${written(q)}`
        : `triangular from ${written(q.minus(half))} to ${written(q.plus(half))} about ${written(q)}; gains only, losses count in full`,
    },
  ];
}

/** Costs that are spent are known; those to come are expected at their written amount times 1 + r. */
export function costAssumption(risk: string, hasCostsToCome: boolean): DoubtAssumption {
  const r = new Decimal(risk);
  const varied = hasCostsToCome && r.gt(0);
  return {
    driver: 'cost-to-come',
    name: 'Costs not spent yet',
    varied,
    distribution: varied
      ? `risk triangular from 0 to ${written(r.times(2))} about ${written(r)}; at completion only`
      : hasCostsToCome
        ? 'not varied: the project states no cost risk'
        : 'not varied: no cost is to come',
  };
}
