import { Decimal, plain } from '../money/decimal.ts';
import type { DoubtAssumption } from '../value/outputs.ts';
import { isReleased, isShifted } from './level-doubt.ts';
import type { MetricProfile } from './metric-profile.ts';
import type { ToCome } from './to-come.ts';

const written = (value: Decimal): string => plain(value.toSignificantDigits(6));

/** Half the width of a confidence's triangle: its ends stay within 0 and 1 and its mean is the confidence itself. */
export function confidenceHalfWidth(confidence: string): Decimal {
  const q = new Decimal(confidence);
  return Decimal.min(q, new Decimal(1).minus(q));
}

/** What a simulation varies of a metric and how, and what it leaves alone and why. */
export function metricAssumptions({ metric, level, gains }: MetricProfile): DoubtAssumption[] {
  const half = confidenceHalfWidth(metric.confidence);
  const q = new Decimal(metric.confidence);
  const hasGains = gains.gt(0) || isShifted(level);
  return [
    {
      driver: `${metric.id}.counterfactual`,
      name: `${metric.name}: counterfactual level`,
      varied: isShifted(level),
      distribution: isReleased(metric)
        ? 'not varied: each level is compared with the one before'
        : level === null
          ? 'not varied: no standard deviation of the level is known, so its doubt is not stated'
          : !isShifted(level)
            ? `not varied: its standard error is 0 (${level.origin})`
            : `normal, mean ${written(level.mean)}, standard error ${written(level.standardError)} (${level.origin}); one shift for all periods`,
    },
    {
      driver: `${metric.id}.confidence`,
      name: `${metric.name}: confidence`,
      varied: hasGains && !half.isZero(),
      distribution: half.isZero()
        ? `not varied: it is ${written(q)}`
        : hasGains
          ? `${triangleAbout(q, half)}; gains only, losses count in full`
          : 'not varied: there is no gain that it could lessen',
    },
  ];
}

const triangleAbout = (q: Decimal, half: Decimal): string =>
  `triangular from ${written(q.minus(half))} to ${written(q.plus(half))} about ${written(q)}`;

/** The plan's confidence in what is to come of a metric, where it is not the one of what the metric brought. */
export function futureAssumption(
  name: string,
  { metricId, presentValue, confidence }: ToCome['benefits'][number],
): DoubtAssumption {
  const half = confidenceHalfWidth(confidence);
  const varied = isFutureVaried({ presentValue, confidence });
  const q = new Decimal(confidence);
  return {
    driver: `${metricId}.confidence-to-come`,
    name: `${name}: the plan’s confidence in what is to come`,
    varied,
    distribution: varied
      ? `${triangleAbout(q, half)}; at completion only`
      : half.isZero()
        ? `not varied: it is ${written(q)}`
        : 'not varied: no gain is to come',
  };
}

/** Only gains are in doubt. */
export function isFutureVaried({
  presentValue,
  confidence,
}: Pick<ToCome['benefits'][number], 'presentValue' | 'confidence'>): boolean {
  return presentValue.gt(0) && !confidenceHalfWidth(confidence).isZero();
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
